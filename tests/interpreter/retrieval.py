"""Passages: cut from texts, kept in indexes, found, put in order and fused, all without chance."""

import re
from collections.abc import Iterable, Mapping, Sequence

from spec.meter import Meter
from spec.sameness import same_key
from spec.values import JSON
from tests.interpreter.dice import Dice, digest

Doc = dict[str, JSON]
_SCORES = 200  # few enough that ties happen
_HYBRID_K = 60
EMPTY: Doc = {"token": "", "docs": []}


def chunks(given: JSON, size: int, overlap: int) -> list[Doc]:
    """Return passages of at most `size` words that share `overlap`; a text that fits is one."""
    if isinstance(given, list):
        return [doc for each in given for doc in chunks(each, size, overlap)]
    about = given if isinstance(given, dict) else {"text": given}
    text = about["text"]
    source = about.get("source", about.get("name"))
    parent = {"parent": about["id"]} if "meta" in about else {}
    return [
        {
            "id": digest(source, position, piece)[:16],
            "text": piece,
            **({} if source is None else {"source": source}),
            "position": position,
            **parent,
            "meta": about.get("meta", {}),
        }
        for position, piece in enumerate(_pieces(text, size, overlap))
    ]


def vectors(texts: Sequence[JSON] | None) -> list[list[float]]:
    """Return a vector for each text, or text of a doc, from nothing but that text."""
    plain = [each["text"] if isinstance(each, dict) else each for each in texts or ()]
    return [[int(digest(text)[at : at + 2], 16) / 256 for at in range(0, 8, 2)] for text in plain]


def distinct(docs: Sequence[Doc]) -> list[Doc]:
    """Return each doc once, as it came first: adding the same content twice is one document."""
    first: dict[str, Doc] = {}
    for doc in docs:
        first.setdefault(doc["id"], doc)
    return list(first.values())


def filled(index: Doc, docs: Sequence[Doc], vectors: JSON) -> Doc:
    """Return a private index with more docs in it: the same in whatever pieces they come."""
    token = index["token"]
    for at, doc in enumerate(docs):
        token = digest(token, doc, vectors[at] if vectors else None)
    return {"token": token, "docs": distinct([*index["docs"], *docs])}


def held(name: str) -> list[Doc]:
    """Return what a named collection that is only opened holds."""
    dice = Dice(digest("collection", name))
    texts = [dice.words(3) for _ in range(dice.between(0, 6))]
    return [
        {"id": digest(name, place, text)[:16], "text": text, "source": name, "meta": {}}
        for place, text in enumerate(texts)
    ]


def found(
    docs: Sequence[Doc], asked: JSON, where: Mapping[str, JSON] | None, top_k: int | None
) -> list[Doc]:
    """Return those of `docs` that `where` lets through, best first for what is `asked`."""
    kept = [doc for doc in docs if _meets(doc, where or {})]
    return best_first([{**doc, "score": score(asked, doc)} for doc in kept])[:top_k]


def score(asked: JSON, doc: Doc) -> float:
    """Return how well one passage fits, whatever others there are."""
    return round(int(digest(asked, doc["id"], doc["text"])[:8], 16) % _SCORES / _SCORES, 5)


def best_first(docs: Iterable[Doc]) -> list[Doc]:
    """Return `docs` by `score` rounded to 5 decimals, ties by `id`; without a score last."""
    return sorted(docs, key=lambda doc: (-round(_score_of(doc), 5), doc["id"]))


def merged(lists: Sequence[list[Doc] | None], by: str, k: int, top_k: int | None) -> list[Doc]:
    """Return one list of passages without repeats, by rank, by score, or as first seen."""
    seen: dict[object, list[tuple[int, Doc]]] = {}
    for docs in lists:
        here: dict[object, tuple[int, Doc]] = {}
        for rank, doc in enumerate(docs or (), 1):
            here.setdefault(same_key(doc, Meter()), (rank, doc))
        for key, place in here.items():
            seen.setdefault(key, []).append(place)
    places = list(seen.values())
    if by == "order":
        return [each[0][1] for each in places][:top_k]
    if by == "score":
        return best_first(max((doc for _, doc in each), key=_score_of) for each in places)[:top_k]
    return best_first(_fused(each, k) for each in places)[:top_k]


def searched(index: Sequence[Doc], params: Mapping[str, JSON]) -> list[list[Doc]]:
    """Return the passages of an index for each vector, or each query, that is asked."""
    where, top_k, by = params["where"], params["top_k"], params["by"]
    asked = [params["vectors"]] if by != "lexical" else []
    asked += [params["queries"]] if by != "vector" else []
    rows = [
        [found(index, each, where, top_k) for each in row]
        for row in zip(*(one or () for one in asked), strict=True)
    ]
    return [row[0] if len(row) == 1 else merged(row, "rrf", _HYBRID_K, top_k) for row in rows]


def _pieces(text: str, size: int, overlap: int) -> list[str]:
    words = [match.span() for match in re.finditer(r"\S+", text)]
    if not words:
        return []
    if len(words) <= size:
        return [text]
    step = size - overlap
    starts = range(0, len(words) - overlap, step)
    spans = [words[start : start + size] for start in starts]
    return [text[span[0][0] : span[-1][1]] for span in spans]


def _meets(doc: Doc, where: Mapping[str, JSON]) -> bool:
    meta = doc["meta"]
    return all(
        key in meta and same_key(meta[key], Meter()) == same_key(value, Meter())
        for key, value in where.items()
    )


def _score_of(doc: Doc) -> float:
    given = doc.get("score")
    return float("-inf") if given is None else float(given)


def _fused(places: Sequence[tuple[int, Doc]], k: int) -> Doc:
    return {**places[0][1], "score": round(sum(1 / (k + rank) for rank, _ in places), 5)}
