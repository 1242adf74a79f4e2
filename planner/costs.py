"""What work costs on the engine of a pool, in milliseconds: figures that plans are estimated by.

Two shapes: a language model reads prompts and says tokens step by step; all others answer batches.
Costs are of an operation of a pool: storing and searching in one index take different times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class LanguageCosts:
    """A language model: `fixed + token·n + square·n²` to read a prompt, `fixed + sequence·b +
    token·K` for the step in which `b` sequences, holding `K` tokens among them, say one token each.

    >>> costs = LanguageCosts(10, 0.1, 0.0001, 20, 0.5, 0.001)
    >>> costs.prefill_ms(100), costs.prefill_ms(100, cached=50), costs.step_ms(4, 1000)
    (21.0, 15.75, 23.0)
    """

    prefill_fixed_ms: float
    prefill_token_ms: float
    prefill_square_ms: float
    decode_fixed_ms: float
    decode_sequence_ms: float
    decode_token_ms: float

    def prefill_ms(self, tokens: float, cached: float = 0) -> float:
        """Return what a prompt of `tokens` takes, the first `cached` of them known already."""
        read, square = tokens - cached, tokens**2 - cached**2
        return (
            self.prefill_fixed_ms + self.prefill_token_ms * read + self.prefill_square_ms * square
        )

    def read_in(self, ms: float) -> float:
        """Return how many tokens of a prompt, from its first, are read in `ms`.

        The inverse of `prefill_ms`, written so that it holds without a square, too.

        >>> costs = LanguageCosts(10, 0.1, 0.0001, 20, 0.5, 0.001)
        >>> round(costs.read_in(costs.prefill_ms(100))), costs.read_in(9.0), costs.read_in(inf)
        (100, 0.0, inf)
        """
        left, token = ms - self.prefill_fixed_ms, self.prefill_token_ms
        if left <= 0:
            return 0.0
        if left == inf:
            return inf
        below = token + sqrt(token**2 + 4 * self.prefill_square_ms * left)
        return 2 * left / below if below > 0 else inf

    def step_ms(self, sequences: float, held: float) -> float:
        """Return what a token for each of `sequences` takes; `held` is K, replies counted in."""
        return (
            self.decode_fixed_ms + self.decode_sequence_ms * sequences + self.decode_token_ms * held
        )


@dataclass(frozen=True, slots=True)
class BatchCosts:
    """Any other engine: `fixed + row·b` for a batch of `b` rows of about `row_tokens` each."""

    fixed_ms: float
    row_ms: float
    row_tokens: int = 0

    def batch_ms(self, rows: float) -> float:
        """Return what a batch takes."""
        return self.fixed_ms + self.row_ms * rows


Costs = LanguageCosts | BatchCosts


def costs_of(kind: str, given: Mapping[str, float]) -> Costs:
    """Return the costs of a pool of `kind` from figures by name: every one of them, and no other.

    >>> costs_of("rerank", {"fixed_ms": 16, "row_ms": 1.7, "row_tokens": 128}).batch_ms(10)
    33.0
    """
    return LanguageCosts(**given) if kind == "llm" else BatchCosts(**given)  # type: ignore[arg-type]


#: The input whose elements an engine works through; what has none works on one row.
COUNTED: Mapping[str, str] = MappingProxyType(
    {"embed": "texts", "ingest": "chunks", "search": "vectors", "rerank": "docs"}
)


#: What asks an engine for nothing where there are no rows.
UNASKED = frozenset({"embed", "rerank"})


def rows_of(op: str, args: Mapping[str, Any]) -> int:
    """Return how many rows of work a request is, from what an engine is handed.

    >>> rows_of("rerank", {"query": "", "docs": [{}, {}]}), rows_of("web_search", {})
    (2, 1)
    >>> rows_of("embed", {"texts": None}), rows_of("ingest", {"chunks": None})
    (0, 1)
    """
    rows = args.get(COUNTED.get(op, ""))
    if rows is None:
        return int(op not in UNASKED)
    return len(rows)


#: What is assumed of an engine that nobody has measured, by operation: published figures of
#: engines of 2023 to 2026, wrong by a factor of two or more on another machine. `docs/emulated.md`
#: has the sources: a Llama-3.1-8B on an RTX 4090, bge models on an RTX 3090, pgvector on a small
#: table, the median of five search services. Of tools nothing is published; they are taken to
#: answer like a search service. What is done in place is a guess, small beside all others.
DEFAULTS: Mapping[str, Costs] = MappingProxyType(
    {
        "decode": LanguageCosts(8.33, 0.078, 6.23e-6, 17.44, 0.051, 1.28e-4),
        "embed": BatchCosts(26.0, 1.03),
        "rerank": BatchCosts(16.0, 1.7),
        "ingest": BatchCosts(1.0, 0.4),
        "search": BatchCosts(1.0, 1.6),
        "web_search": BatchCosts(400.0, 0.0),
        "http": BatchCosts(400.0, 0.0),
        "tool": BatchCosts(400.0, 0.0),
        "chunk": BatchCosts(5.0, 0.0),
    }
)
_IN_PLACE = BatchCosts(0.1, 0.0)


def default_of(op: str) -> Costs:
    """Return what is assumed of an operation that nobody has measured."""
    return DEFAULTS.get(op, _IN_PLACE)
