"""What every engine that reranks is asked: a query, docs, and how many of them to keep."""

from dataclasses import dataclass
from typing import Any

from executors.engines.engine import Fault, Request
from executors.engines.firewall import NotSendable, text, texts

DOCS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and docs, their texts beside them."""

    query: str
    docs: list[dict[str, Any]]
    texts: list[str]
    top_k: int | None


def read_rerank(request: Request) -> Asked | Fault:
    """Return what is asked, or what is wrong with it."""
    args = request.args
    if request.op != "rerank":
        return Fault(request.id, "unsupported-op", f"this engine does not run {request.op}")
    docs, top_k = args.get("docs"), args.get("top_k")
    try:
        query = text("query", args.get("query"))
        said = texts("docs", docs)
    except NotSendable as error:
        return Fault(request.id, "bad-request", str(error))
    if not isinstance(docs, list) or not all(
        isinstance(doc, dict) and _has_id(doc) for doc in docs
    ):
        return Fault(request.id, "bad-request", "every doc needs an `id`")
    if len(docs) > DOCS_MAX:
        return Fault(request.id, "bad-request", f"at most {DOCS_MAX} docs are ranked at a time")
    if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1):
        return Fault(request.id, "bad-request", "`top_k` must be a whole number above zero")
    return Asked(query, docs, said, top_k)


def _has_id(doc: dict[str, Any]) -> bool:
    return isinstance(doc.get("id"), str)
