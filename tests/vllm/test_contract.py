"""The contract of engines, kept by the adapters on real servers."""

import pytest

from executors.engines.engine import Engine
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_embeddings import OpenAIEmbeddings
from executors.engines.openai_request import Model
from executors.engines.openai_rerank import OpenAIRerank
from tests.executors.engines.openai_calls import SEARCH, decode
from tests.executors.engines.server_contracts import Chats, Embeds, Reranks
from tests.vllm.servers import Servers

pytestmark = pytest.mark.vllm


class OnServers:
    @pytest.fixture(autouse=True)
    def with_servers(self, servers: Servers) -> None:
        self.servers = servers


class TestOpenAI(OnServers, Chats):
    def make(self) -> Engine:
        server = self.servers.chat
        model = Model(server.model, structured=True)
        tools = {SEARCH.name: SEARCH}
        return OpenAI(Endpoint(server.url, self.servers.key), model, 4, tools.get)


class TestOpenAICompletions(OnServers, Chats):
    def make(self) -> Engine:
        server = self.servers.chat
        model = Model(server.model, api="completions")
        return OpenAI(Endpoint(server.url, self.servers.key), model, 4)

    def good(self):
        return [decode(1), decode(2, "Two", system="Go on.", max_tokens=3, stop=["x"], seed=7)]


class TestOpenAIEmbeddings(OnServers, Embeds):
    def make(self) -> Engine:
        server = self.servers.embedding
        return OpenAIEmbeddings(Endpoint(server.url, self.servers.key), server.model, dimension=96)


class TestOpenAIRerank(OnServers, Reranks):
    def make(self) -> Engine:
        server = self.servers.rerank
        return OpenAIRerank(Endpoint(server.url, self.servers.key), server.model)


class TestOpenAIRerankByScores(OnServers, Reranks):
    def make(self) -> Engine:
        server = self.servers.rerank
        return OpenAIRerank(Endpoint(server.url, self.servers.key), server.model, api="score")
