"""How long emulated engines take, and what fits into them: figures that others published.

Times are seconds. `docs/emulated.md` has the sources and what the fits leave out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class LanguageProfile:
    """A language model on its machine.

    A step that reads `n` tokens of prompts takes `prefill_fixed_s` + `prefill_token_s`·n +
    `prefill_square_s`·s, where s is end² less start² of each part of a prompt. One in which `b`
    sequences with `K` tokens of room among them say a token takes `decode_fixed_s` +
    `decode_sequence_s`·b + `decode_token_s`·K. A step that does both pays the larger fixed part.

    `step_tokens`: tokens of prompts and sequences in one step. With `chunked` prompts are cut to
    that and ride with sequences that speak; without, a step reads whole prompts and nobody speaks.
    """

    model: str
    prefill_fixed_s: float
    prefill_token_s: float
    prefill_square_s: float
    decode_fixed_s: float
    decode_sequence_s: float
    decode_token_s: float
    room_tokens: int
    context_tokens: int
    sequences: int = 64
    step_tokens: int = 2048
    block_tokens: int = 16
    chunked: bool = True
    prefix_cache: bool = True


@dataclass(frozen=True, slots=True)
class BatchCost:
    """`fixed_s` + `row_s`·rows; times exp(`sigma`·z), z drawn from the request itself."""

    fixed_s: float
    row_s: float
    sigma: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchProfile:
    """An engine that answers whole batches, `slots` at a time, each operation at its own cost.

    What a search finds has `passage_tokens` each.
    """

    kind: str
    model: str
    costs: Mapping[str, BatchCost]
    slots: int = 1
    rows_max: int = 256
    passage_tokens: int = 192


Profile = LanguageProfile | BatchProfile

_OPT_13B = LanguageProfile(
    model="opt-13b-a100",
    prefill_fixed_s=22.05e-3,
    prefill_token_s=0.1405e-3,
    prefill_square_s=8.08e-9,
    decode_fixed_s=23.48e-3,
    decode_sequence_s=0.0607e-3,
    decode_token_s=5.93e-7,
    room_tokens=55_000,
    context_tokens=2_048,
)
_LLAMA_8B = LanguageProfile(
    model="llama-3.1-8b-4090",
    prefill_fixed_s=8.33e-3,
    prefill_token_s=0.078e-3,
    prefill_square_s=6.23e-9,
    decode_fixed_s=17.44e-3,
    decode_sequence_s=0.051e-3,
    decode_token_s=1.28e-7,
    room_tokens=41_408,
    context_tokens=16_384,
)
_LLAMA_7B = LanguageProfile(
    model="llama-2-7b-3090",
    prefill_fixed_s=31.56e-3,
    prefill_token_s=0.2219e-3,
    prefill_square_s=1.43e-9,
    decode_fixed_s=24.0e-3,
    decode_sequence_s=0.1e-3,
    decode_token_s=5.6e-7,
    room_tokens=15_360,
    context_tokens=4_096,
    chunked=False,
)


def _batch(kind: str, model: str, slots: int = 1, **costs: BatchCost) -> BatchProfile:
    return BatchProfile(kind, model, MappingProxyType(costs), slots)


_ALL: tuple[Profile, ...] = (
    _OPT_13B,
    _LLAMA_8B,
    _LLAMA_7B,
    _batch("embedding", "bge-large-3090", embed=BatchCost(26e-3, 1.03e-3)),
    _batch("embedding", "bge-large-paper", embed=BatchCost(50e-3, 25e-3)),
    _batch("rerank", "bge-reranker-large-3090", rerank=BatchCost(16e-3, 1.7e-3)),
    _batch("vector", "pgvector", ingest=BatchCost(1e-3, 0.4e-3), search=BatchCost(1e-3, 1.6e-3)),
    _batch("web", "search-api", slots=64, web_search=BatchCost(0.4, 0.0, sigma=0.63)),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({each.model: each for each in _ALL})


def kind_of(profile: Profile) -> str:
    """Return the kind of pool that a profile is for."""
    return "llm" if isinstance(profile, LanguageProfile) else profile.kind


def sped_up(profile: Profile, speed: float) -> Profile:
    """Return `profile` with every time divided by `speed`."""
    if isinstance(profile, BatchProfile):
        costs = {
            op: BatchCost(cost.fixed_s / speed, cost.row_s / speed, cost.sigma)
            for op, cost in profile.costs.items()
        }
        return replace(profile, costs=MappingProxyType(costs))
    times = [each.name for each in fields(profile) if each.name.endswith("_s")]
    return replace(profile, **{name: getattr(profile, name) / speed for name in times})


def with_numbers(profile: Profile, numbers: Mapping[str, Any]) -> Profile:
    """Return `profile` with numbers of one's own; times are in milliseconds and end in `_ms`.

    Those of an engine of batches stand under the operation that they are for.
    """
    if isinstance(profile, LanguageProfile):
        return replace(profile, **_in_seconds(numbers))
    costs = {
        op: replace(cost, **_in_seconds(numbers.get(op, {}))) for op, cost in profile.costs.items()
    }
    return replace(profile, costs=MappingProxyType(costs))


def _in_seconds(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{name.removesuffix('_ms')}_s" if name.endswith("_ms") else name: value / 1000
        if name.endswith("_ms")
        else value
        for name, value in numbers.items()
    }
