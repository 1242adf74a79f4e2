"""The scripted engine: pure functions whose answers are hashes of all they were given.

The pool's alias is part of the hash, since another model answers differently; so is the order of
what lists and objects hold. A parameter that is left out is its default. Computed exactly, not
hashed, is what needs no model: `format`, `select`, `aggregate`, `merge_top_k` and, by words,
`chunk`. What a vector, a score or a fault depends on is one row alone. An index is a token that
carries what it holds.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from spec.values import JSON
from tests.interpreter import replies, retrieval
from tests.interpreter.described import described
from tests.interpreter.dice import Dice, digest
from tests.interpreter.faults import Script
from tests.interpreter.outcome import Fault
from tests.interpreter.ports import PORTS

Answer = Mapping[str, Any] | Fault


@dataclass(frozen=True, slots=True)
class Scripted:
    """Every pool there is. `aliases` are the operator's names, each with its kind; `prompts` are
    those of all calls that were answered.
    """

    script: Script = field(default_factory=Script)
    aliases: Mapping[str, str] = field(default_factory=dict)
    prompts: set[str] = field(default_factory=set, compare=False)

    def pool(self, op: str, alias: str | None) -> str:
        """Return the pool that runs `op`: the one asked for if it is of the kind, else its own."""
        kind = PORTS[op].kind
        return alias if alias is not None and self.aliases.get(alias) == kind else kind

    def fails(self, op: str, params: Mapping[str, JSON], attempt: int) -> Fault | None:
        """Return how a call fails, if it does."""
        return self.script.fails(op, params, attempt)

    def takes_ms(self, op: str, params: Mapping[str, JSON], attempt: int) -> int:
        """Return how long a call takes in virtual time."""
        return self.script.takes_ms(op, params, attempt)

    def answer(self, op: str, params: Mapping[str, JSON], pool: str) -> Answer:
        """Return every output of `op` by name, or the fault of what was asked."""
        defaults = {each.id: each.default for each in PORTS[op].takes}
        whole = {id: params.get(id, default) for id, default in defaults.items()}
        given = {id: whole[id] for id in sorted(whole) if whole[id] != defaults[id]}
        if op == "decode":
            self.prompts.add(json.dumps(whole["call"], ensure_ascii=False))
        return _ANSWERS[op](whole, digest(op, given, pool))


def _chunk(params: Mapping[str, JSON], _: str) -> Answer:
    size, overlap = params["size"], params["overlap"]
    if not 0 <= overlap < size:
        return Fault("bad-value", f"overlap {overlap} is not less than size {size}")
    return {"items": retrieval.chunks(params["text"], size, overlap)}


def _embed(params: Mapping[str, JSON], _: str) -> Answer:
    return {"vectors": retrieval.vectors(params["texts"])}


def _ingest(params: Mapping[str, JSON], seed: str) -> Answer:
    name, chunks = params["name"], params["chunks"]
    if name is None and chunks is None:
        return Fault("bad-value", "an index needs chunks, a name, or both")
    if name is not None:
        docs = retrieval.distinct(chunks or retrieval.held(name))
        return {"index": {"token": seed[:16], "docs": docs}}
    return {"index": retrieval.filled(retrieval.EMPTY, chunks, params["vectors"])}


def _search(params: Mapping[str, JSON], _: str) -> Answer:
    return {"docs": retrieval.searched(params["index"]["docs"], params)}


def _rerank(params: Mapping[str, JSON], _: str) -> Answer:
    return {"docs": retrieval.found(params["docs"], params["query"], None, params["top_k"])}


def _prefill(params: Mapping[str, JSON], _: str) -> Answer:
    return {"call": replies.call(params)}


def _web_search(params: Mapping[str, JSON], seed: str) -> Answer:
    dice = Dice(seed)
    urls = [f"https://web.test/{dice.word()}" for _ in range(dice.between(0, params["top_k"]))]
    docs = [
        {"id": url, "text": dice.words(3), "title": dice.word(), "url": url, "meta": {}}
        for url in urls
    ]
    return {"docs": retrieval.found(docs, params["query"], None, None)}


def _http(params: Mapping[str, JSON], seed: str) -> Answer:
    dice = Dice(seed)
    status, body = (200, 200, 404)[dice.below(3)], {"said": dice.words(2), "count": dice.below(9)}
    return {"status": status, "body": body, "text": f"{status} {dice.word()}"}


def _tool(params: Mapping[str, JSON], seed: str) -> Answer:
    dice = Dice(seed)
    error = dice.word() if dice.below(4) == 0 else None
    value = described({"type": ["string", "integer", "boolean", "null"]}, dice)
    return {"value": value, "text": dice.words(2), "error": error}


def _merge(params: Mapping[str, JSON], _: str) -> Answer:
    lists, by, k, top_k = (params[name] for name in ("lists", "by", "k", "top_k"))
    return {"docs": retrieval.merged(lists, by, k, top_k)}


def _format(params: Mapping[str, JSON], _: str) -> Answer:
    text, doc = params["template"], params["doc"]
    return {"text": text, "doc": None if doc is None else {**doc, "text": text}}


_ANSWERS: Mapping[str, Callable[[Mapping[str, JSON], str], Answer]] = MappingProxyType(
    {
        "chunk": _chunk,
        "embed": _embed,
        "ingest": _ingest,
        "search": _search,
        "rerank": _rerank,
        "prefill": _prefill,
        "decode": replies.reply,
        "web_search": _web_search,
        "http": _http,
        "tool": _tool,
        "merge_top_k": _merge,
        "aggregate": lambda params, _: {
            "messages": [row for part in params["lists"] for row in part]
        },
        "format": _format,
        "select": lambda params, _: {"value": params["value"]},
    }
)
