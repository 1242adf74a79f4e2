"""Bodies made up for a step: modules and flows with their parameters, and what each gives."""

from collections.abc import Callable
from typing import Any

from spec.values import JSON
from tests.interpreter.kinds import (
    ANY,
    BOOLEAN,
    DOCS,
    INDEX,
    INTEGER,
    MESSAGE,
    STRING,
    STRINGS,
    Kind,
    Sight,
)
from tests.interpreter.phrases import Phrases

Made = tuple[dict[str, JSON], dict[str, Kind]]


class Bodies(Phrases):
    """Makes bodies that are no blocks."""

    def body(self, sight: Sight) -> Made:
        """Return the keys of a body, and the fields it gives."""
        ways: list[Callable[[Sight], Made]] = [
            self.text_body, self.text_body, self.value, self.value, self.llm, self.llm,
            self.llm_list, self.llm_json, self.chat, self.chunk, self.index, self.index,
            self.rerank, self.merge, self.refine, self.stuff, self.tree, self.contextualize,
            self.web_search, self.http, self.tool, self.agent, self.flow, self.own,
        ]  # fmt: skip
        return self.one(*ways)(sight)

    def one_text(self, sight: Sight, *own: str) -> Made:
        """Return a body whose only field is a string; `own` are slots it has to have."""
        if self.maybe(0.5):
            return {"use": "text", "template": self.template(sight, *own)}, {"text": STRING}
        return {"use": "llm", "prompt": self.template(sight, *own)}, {"text": STRING}

    def text_body(self, sight: Sight) -> Made:
        return {"use": "text", "template": self.string(sight)}, {"text": STRING}

    def value(self, sight: Sight) -> Made:
        kind = self.one(STRING, INTEGER, STRINGS, DOCS, BOOLEAN, Kind("object", fields=_PAIR))
        if kind == DOCS:  # what is written out would be a list of any objects
            return {"use": "value", "value": f"${self.docs(sight)}"}, {"value": DOCS}
        return {"use": "value", "value": self.constant(kind, sight)}, {"value": kind}

    def llm(self, sight: Sight) -> Made:
        more = self.some({"system": self.template(sight), "temperature": 0.5, "stop": ["x"]})
        return {"use": "llm", "prompt": self.string(sight), **more}, {"text": STRING}

    def llm_list(self, sight: Sight) -> Made:
        asked = {"use": "llm.list", "prompt": self.template(sight)}
        asked |= self.some({"items": self.one(1, 2, 5), "min_items": self.one(0, 1, 1, 3)})
        if self.maybe(0.5):
            return asked, {"items": STRINGS}
        schema, fields = self.schema()
        return {**asked, "schema": schema}, {"items": Kind("object", fields=fields).listed()}

    def llm_json(self, sight: Sight) -> Made:
        schema, fields = self.schema()
        asked = {"use": "llm.json", "prompt": self.template(sight), "schema": schema}
        return asked, {"value": Kind("object", fields=fields)}

    def schema(self) -> tuple[dict[str, JSON], tuple[tuple[str, Kind], ...]]:
        """Return a schema as it is written, and what an object that meets it has."""
        names = self.random.sample(sorted(_SCHEMA), self.one(1, 2, 3))
        fields = tuple((name, _SCHEMA[name][1]) for name in names)
        return {name: _SCHEMA[name][0] for name in names}, fields

    def chat(self, sight: Sight) -> Made:
        asked: dict[str, JSON] = {"use": "llm.chat", "user": self.template(sight)}
        before = self.path(sight.lists_of("message"))
        if before is not None:
            asked["messages"] = f"${before}"
        asked |= self.some({"tools": ["clock", "map"], "system": self.template(sight), "seed": 7})
        calls = Kind("object").listed()
        return asked, {
            "text": STRING, "message": MESSAGE, "messages": MESSAGE.listed(), "tool_calls": calls,
        }  # fmt: skip

    def chunk(self, sight: Sight) -> Made:
        size = self.one(1, 2, 5)
        given = self.one(self.string(sight), f"${self.docs(sight)}", "$inputs.files")
        more = {"overlap": self.random.randrange(size)} if self.maybe(0.5) else {}
        return {"use": "chunk", "text": given, "size": size, **more}, {"items": DOCS}

    def index(self, sight: Sight) -> Made:
        asked: dict[str, JSON] = {"use": "index", "chunks": f"${self.docs(sight)}"}
        if self.maybe(0.2):
            asked = {"use": "index", "name": self.one("kept", "old")}
        return asked, {"index": INDEX}

    def search(self, sight: Sight) -> Made:
        asked = {"use": "search", "index": f"${self.path(sight.of('index'))}"}
        asked |= {"query": self.string(sight), "top_k": self.one(1, 3, 8)}
        asked |= self.some({"by": self.one("vector", "lexical", "hybrid"), "where": {"n": 1}}, 0.3)
        return asked, {"docs": DOCS}

    def rerank(self, sight: Sight) -> Made:
        asked = {"use": "rerank", "query": self.string(sight), "docs": f"${self.docs(sight)}"}
        return {**asked, **self.some({"top_k": self.one(1, 4)})}, {"docs": DOCS}

    def merge(self, sight: Sight) -> Made:
        lists = [f"${self.docs(sight)}" for _ in range(self.one(1, 2, 3))]
        lists += [None] * self.maybe(0.2)
        more = self.some({"by": self.one("rrf", "score", "order"), "k": 1})
        return {"use": "merge", "lists": lists, "top_k": self.one(2, 9), **more}, {"docs": DOCS}

    def refine(self, sight: Sight) -> Made:
        prompt = self.template(sight, "{{ doc.text }}", "{{ draft }}")
        docs = self.few(sight, self.docs(sight))
        return {"use": "synthesize.refine", "docs": docs, "prompt": prompt}, {"text": STRING}

    def stuff(self, sight: Sight) -> Made:
        own = self.one("{{ docs | numbered }}", "{{ docs | join(', ') }}", "no docs")
        prompt = self.template(sight, own)
        docs = f"${self.docs(sight)}"
        return {"use": "synthesize.stuff", "docs": docs, "prompt": prompt}, {"text": STRING}

    def tree(self, sight: Sight) -> Made:
        asked = {"use": "synthesize.tree", "docs": self.few(sight, self.docs(sight))}
        asked |= {"prompt": self.template(sight, "{{ texts | join(' ') }}")}
        return {**asked, **self.some({"width": self.one(2, 3)})}, {"text": STRING}

    def contextualize(self, sight: Sight) -> Made:
        asked = {"use": "contextualize", "document": self.string(sight)}
        asked |= {"chunks": self.few(sight, self.docs(sight))}
        more = self.some({"prompt": self.template(sight, "{{ document }}", "{{ chunk.text }}")})
        return {**asked, **more}, {"items": DOCS}

    def web_search(self, sight: Sight) -> Made:
        return {"use": "web_search", "query": self.string(sight), "top_k": 3}, {"docs": DOCS}

    def http(self, sight: Sight) -> Made:
        asked: dict[str, JSON] = {"use": "http", "target": "service"}
        asked |= self.some(
            {
                "path": self.string(sight),
                "body": {"said": self.string(sight)},
                "auth": "$secret.key",
            }
        )
        return asked, {"status": INTEGER, "body": ANY, "text": STRING}

    def tool(self, sight: Sight) -> Made:
        asked = {"use": "tool", "name": "clock"}
        more = self.some(
            {"arguments": {"about": self.string(sight), "n": f"${self.integer(sight)}"}}
        )
        return {**asked, **more}, {"value": ANY, "text": STRING, "error": STRING.or_null()}

    def agent(self, sight: Sight) -> Made:
        asked = {"use": "agent", "prompt": self.template(sight), "tools": self.one([], ["a", "b"])}
        fields = {"text": STRING, "messages": MESSAGE.listed(), "rounds": INTEGER}
        return {**asked, "rounds": self.one(1, 2, 3)}, fields

    def flow(self, sight: Sight) -> Made:
        asked = {"flow": "own-flow", "question": self.string(sight)}
        asked |= {"words": self.few(sight, self.strings(sight)), **self.some({"mark": "?"})}
        return asked, {"texts": STRINGS, "line": STRING, "maybe": STRING.or_null()}

    def own(self, sight: Sight) -> Made:
        asked = {"use": "own.outer", "words": self.few(sight, self.strings(sight))}
        return {**asked, "prompt": self.template(sight, "{{ word }}")}, {
            "texts": STRINGS,
            "all": STRING,
        }

    def some(self, parameters: dict[str, Any], share: float = 0.4) -> dict[str, Any]:
        """Return some of `parameters`."""
        return {name: value for name, value in parameters.items() if self.maybe(share)}

    def few(self, sight: Sight, expression: str) -> str:
        """Return a value for a list that is gone over: as many elements as there is time for."""
        return f"$({expression})[:{max(1, 24 // sight.load)}]"


_PAIR = (("text", STRING), ("count", INTEGER))
_SCHEMA: dict[str, tuple[JSON, Kind]] = {
    "label": ({"enum": ["a", "b", "c"]}, STRING),
    "note": ("string?", STRING.or_null()),
    "count": ({"type": "integer", "minimum": 0, "maximum": 3}, INTEGER),
    "tags": ({"type": "string[]", "maxItems": 3}, STRINGS),
    "sure": ("boolean", BOOLEAN),
    "source": ("doc", Kind("object", fields=(("id", STRING), ("text", STRING)))),
}
