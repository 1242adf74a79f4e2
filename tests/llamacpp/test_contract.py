"""The contract of engines, kept by the adapters of OpenAI's API on servers of llama.cpp."""

import pytest

from executors.engines.engine import Engine
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_dialects import DIALECTS
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from tests.executors.engines.openai_calls import SEARCH, decode
from tests.executors.engines.server_contracts import Chats, Embeds
from tests.llamacpp.servers import WIDTH, Servers

pytestmark = pytest.mark.llamacpp
DIALECT = DIALECTS["llama-cpp-python"]


class OnServers:
    @pytest.fixture(autouse=True)
    def with_servers(self, servers: Servers) -> None:
        self.servers = servers


class TestOpenAI(OnServers, Chats):
    def make(self) -> Engine:
        server = self.servers.chat
        model = Model(server.model, structured=True, dialect=DIALECT)
        tools = {SEARCH.name: SEARCH}
        return OpenAI(Endpoint(server.url, self.servers.key), model, 4, tools.get)

    def good(self):
        asked = [*super().good(), decode(5, "Answer.", form="json", max_tokens=64)]
        # It reads on to the end of its context where nothing bounds a reply.
        return [decode(each.id, **{"max_tokens": 64, **each.args}) for each in asked]


class TestOpenAICompletions(OnServers, Chats):
    def make(self) -> Engine:
        server = self.servers.chat
        model = Model(server.model, api="completions", dialect=DIALECT)
        return OpenAI(Endpoint(server.url, self.servers.key), model, 4)

    def good(self):
        return [decode(1), decode(2, "Two", system="Go on.", max_tokens=3, stop=["x"], seed=7)]


class TestOpenAIEmbeddings(OnServers, Embeds):
    def make(self) -> Engine:
        server = self.servers.embedding
        endpoint = Endpoint(server.url, self.servers.key)
        return OpenAIEmbeddings(endpoint, server.model, dimension=WIDTH, dialect=DIALECT)
