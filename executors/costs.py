"""What work costs on the engine of a pool, in milliseconds: figures that plans are estimated by.

Two shapes: a language model reads prompts and says tokens step by step; all others answer batches.
"""

from collections.abc import Mapping
from dataclasses import dataclass


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

    def prefill_ms(self, tokens: int, cached: int = 0) -> float:
        """Return what a prompt of `tokens` takes, the first `cached` of them known already."""
        read, square = tokens - cached, tokens**2 - cached**2
        return (
            self.prefill_fixed_ms + self.prefill_token_ms * read + self.prefill_square_ms * square
        )

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
    row_tokens: int

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
