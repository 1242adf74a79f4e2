"""What every engine that searches pages is asked: a query, and how many pages at most."""

from dataclasses import dataclass

from executors.engines.engine import Fault, Request
from executors.engines.firewall import NotSendable, text

QUERY_CHARS_MAX = 2_000
TOP_K_MAX = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that is not blank, and how many pages are wanted at most."""

    query: str
    top_k: int


def read_search(request: Request) -> Asked | Fault:
    """Return what is asked, or what is wrong with it."""
    if request.op != "web_search":
        return Fault(request.id, "unsupported-op", f"this engine does not run {request.op}")
    top_k = request.args.get("top_k")
    try:
        query = " ".join(text("query", request.args.get("query")).split())
    except NotSendable as error:
        return Fault(request.id, "bad-request", str(error))
    if not query or len(query) > QUERY_CHARS_MAX:
        detail = f"`query` must have 1 to {QUERY_CHARS_MAX} characters"
        return Fault(request.id, "bad-request", detail)
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= TOP_K_MAX:
        return Fault(request.id, "bad-request", f"`top_k` must be from 1 to {TOP_K_MAX}")
    return Asked(query, top_k)
