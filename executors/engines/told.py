"""Answers without a model: hashes of all that was asked, so whoever mixes up an input is found out.

Pure. The same request has the same answer whatever else is in its batch, and in every engine that
answers so.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from executors.engines.engine import Request
from executors.engines.reading.filling import fill
from executors.ranking import best_first

#: Items of a list that nobody said the length of.
LISTED = 3

OPS_BY_KIND = {
    "embedding": frozenset({"embed"}),
    "vector": frozenset({"ingest", "search"}),
    "llm": frozenset({"prefill", "partial_prefill", "decode"}),
    "rerank": frozenset({"rerank"}),
    "web": frozenset({"web_search"}),
}


def said(request: Request) -> list[str]:
    """Return the reply of a call in pieces: four words, or what its form and schema ask for."""
    told = Told(digest(request))
    schema = request.args.get("schema")
    match request.args.get("form"):
        case "json":
            return [orjson.dumps(fill(schema or {"type": "object"}, told)).decode()]
        case "list":
            count = request.args.get("items") or LISTED
            each = (Told(hashed([told.digest, at])) for at in range(count))
            items = [one.text("") if schema is None else fill(schema, one) for one in each]
            pieces = [orjson.dumps(item).decode() for item in items]
            return [f"[{pieces[0]}", *(f", {piece}" for piece in pieces[1:]), "]"]
    return [f"{told.digest[start : start + 6]} " for start in range(0, 24, 6)]


@dataclass(frozen=True, slots=True)
class Told:
    """Values for an object, all from one digest and the name of the field."""

    digest: str

    def text(self, name: str) -> str:
        return hashed([self.digest, name])[:6]

    def texts(self, name: str) -> list[str]:
        return [hashed([self.digest, name, at])[:6] for at in range(2)]

    def number(self, name: str) -> float:
        return float(int(hashed([self.digest, name])[:2], 16))

    def truth(self, name: str) -> bool:
        return self.number(name) < 128

    def mentions(self, word: str) -> int:
        return int(self.number(word))


def outputs_of(request: Request) -> dict[str, Any]:
    """Return what anything but a call gives, by port."""
    match request.op:
        case "embed":
            texts = request.args["texts"] or []
            return {"vectors": np.array([_vector(text) for text in texts], np.float32)}
        case "ingest":
            return {"index": {"collection": _filled(request), "version": 1}}
        case "search":
            return {"docs": [_hits(request, vector) for vector in request.args["vectors"]]}
        case "rerank":
            docs = request.args["docs"]
            scores = [int(hashed([request.args["query"], doc])[:4], 16) / 2**16 for doc in docs]
            return {"docs": best_first(docs, scores, request.args["top_k"])}
        case "web_search":
            return {"docs": _pages(request)}
        case "partial_prefill":
            return {}
        case _:
            return {"call": digest(request)}


def _filled(request: Request) -> str:
    """Return the hash of all that an index holds, the same in whatever pieces it came."""
    args = request.args
    into, chunks, vectors = args.get("into"), args["chunks"] or [], args["vectors"]
    nothing = hashed([args["name"], args["chunks"] is None])
    held: str = nothing if into is None else into["collection"]
    for at, chunk in enumerate(chunks):
        held = hashed([held, chunk, None if vectors is None else vectors[at]])
    return held


def _hits(request: Request, vector: Any) -> list[dict[str, Any]]:
    seed = hashed([request.args["index"], vector])
    ids = [hashed([seed, place]) for place in range(request.args["top_k"])]
    return [
        {"id": id, "text": f"passage {id}", "score": 1.0 / (place + 1), "meta": {}}
        for place, id in enumerate(ids)
    ]


def _pages(request: Request) -> list[dict[str, Any]]:
    seed = hashed(request.args["query"])
    urls = [f"file:{hashed([seed, place])}" for place in range(request.args["top_k"])]
    return [
        {"id": url, "url": url, "title": url[5:11], "text": f"page {url[5:]}", "meta": {}}
        for url in urls
    ]


def _vector(text: Any) -> list[float]:
    return [byte / 255 for byte in sha256(orjson.dumps(text)).digest()[:8]]


def digest(request: Request) -> str:
    """Return the hash of an operation and all its parameters."""
    return hashed([request.op, sorted(request.args.items())])


def hashed(data: Any) -> str:
    """Return 32 hexadecimal digits that only equal data has."""
    return sha256(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()[:32]
