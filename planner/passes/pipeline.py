"""Makes the passes that are on, one after another, and holds what each gives to the laws.

All or nothing: a pass that breaks a law raises `BrokenPass` with what it got and what it made, and
whoever asked runs the plain plan instead.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from planner.draft import Draft
from planner.errors import BrokenPass, IllegalGraph
from planner.graph import Graph
from planner.library import Library
from planner.passes.decompose_stages import decompose_stages
from planner.passes.eliminate_common import eliminate_common
from planner.passes.names import COMMON, DECODING, NAMES, PREFILL, PRUNE, SPECULATE, STAGES
from planner.passes.pipeline_decoding import pipeline_decoding
from planner.passes.prune_dependencies import prune_dependencies
from planner.passes.speculate import speculate
from planner.passes.split_prefill import split_prefill
from planner.verify import verify_change

Pass: TypeAlias = Callable[[Draft, Library], Draft]

PASSES: Mapping[str, Pass] = MappingProxyType(
    {
        PRUNE: prune_dependencies,
        COMMON: eliminate_common,
        STAGES: decompose_stages,
        PREFILL: split_prefill,
        DECODING: pipeline_decoding,
        SPECULATE: speculate,
    }
)


def rewritten(draft: Draft, library: Library) -> Draft:
    """Return what the passes of `library` make of `draft`. Raise `BrokenPass`."""
    for name in NAMES:
        if name in library.passes and name in PASSES:
            after = PASSES[name](draft, library)
            if after is not draft:
                _hold_to_the_laws(name, draft, after, library)
            library.watch(name, draft, after)
            draft = after
    return draft


def _hold_to_the_laws(name: str, before: Draft, after: Draft, library: Library) -> None:
    try:
        graph, old = Graph.of(after.primitives), before.by_id()
        verify_change(graph, old, name, library.pools.kinds, whole=after.whole)
    except IllegalGraph as error:
        raise BrokenPass(name, before, after, error.problems) from None
