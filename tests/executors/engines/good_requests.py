"""Requests that any engine of a kind must answer, whatever it is made of."""

import numpy as np

from executors.engines.engine import Request

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "kind": {"enum": ["a", "b"]},
    },
    "required": ["name", "age", "kind"],
    "additionalProperties": False,
}
VECTORS = np.array([[0.5, 0.25], [1.0, 0.0]], dtype=np.float32)
DOCS = [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]


def ask(id: int, op: str, **args: object) -> Request:
    return Request(id, op, args, "run", "local")


def good_requests(kind: str) -> list[Request]:
    match kind:
        case "embedding":
            return [ask(1, "embed", texts=["a", "b"]), ask(2, "embed", texts=[])]
        case "vector":
            return [
                ask(1, "ingest", chunks=[{"id": "d", "text": "x"}], vectors=VECTORS, name=None),
                ask(2, "search", index={"collection": "c"}, vectors=VECTORS, top_k=3),
            ]
        case "llm":
            return [
                ask(1, "decode", prompt="one two"),
                ask(2, "decode", prompt=None),
                ask(3, "decode", prompt="three", form="list", items=2),
                ask(4, "decode", prompt="four", form="json", schema=PERSON),
            ]
        case "rerank":
            return [ask(at, "rerank", query="q", docs=DOCS, top_k=at) for at in (1, 2)]
        case "web":
            return [ask(at, "web_search", query="q", top_k=at) for at in (1, 2)]
    raise KeyError(kind)
