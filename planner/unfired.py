"""Why a pass that is on has changed nothing.

What it looks for is looked for here once more, roughly: a pass says what it makes and no more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal as OneOf
from typing import TypeAlias

from planner.draft import Draft
from planner.graph import Output, Primitive
from planner.library import Library
from planner.passes.names import COMMON, DECODING, PREFILL, PRUNE, SPECULATE, STAGES
from planner.pools import PoolFacts
from planner.primitives import OPS
from spec.records import record
from spec.values import Literal, Text, leaves

Reason: TypeAlias = OneOf[
    "off", "nothing-to-do", "no-pool-can", "would-not-pay", "saturated", "broke-a-law"
]


@record
class Why:
    """Why a pass changed nothing; `detail` says it to a reader."""

    reason: Reason
    detail: str


@record
class _Wants:
    """What a pass looks for, in words and in a draft, and what it wants of the pools of that."""

    what: str
    candidates: Callable[[Draft], Iterator[Primitive]]
    can: Callable[[PoolFacts], bool] = lambda _: True
    ability: str = ""


def why_not(name: str, drafts: Iterable[Draft], library: Library) -> Why:
    """Return why the pass called `name` found nothing to change in any of `drafts`: those of a plan
    and of what is opened later.
    """
    wants = _WANTS[name]
    found = [each for draft in drafts for each in wants.candidates(draft)]
    if not found:
        return Why("nothing-to-do", f"there is no {wants.what}")
    able = [each for each in found if wants.can(library.pools.fact(each.pool))]
    if not able:
        pools = ", ".join(sorted({each.pool for each in found}))
        return Why("no-pool-can", f"no engine of {pools} {wants.ability}")
    steps = ", ".join(dict.fromkeys(each.step or each.id for each in able))
    return Why("would-not-pay", f"by what engines take, it would gain nothing for {steps}")


def _waiting_in_vain(draft: Draft) -> Iterator[Primitive]:
    return (each for each in draft.primitives if each.waits)


def _never(_: Draft) -> Iterator[Primitive]:
    """What is equal is always made one: there is no such candidate that is left."""
    return iter(())


def _cuttable(draft: Draft) -> Iterator[Primitive]:
    """Yield what could be cut into pieces that others begin with."""
    read = {output.primitive for each in draft.primitives for output in each.reads()}
    for each in draft.primitives:
        cut = OPS[each.op].cut
        rows = each.params.get(cut.takes) if cut else None
        if rows is not None and not isinstance(rows, Literal) and each.id in read:
            yield each


def _known_early(draft: Draft) -> Iterator[Primitive]:
    """Yield beginnings of calls whose prompt begins before all of it is known."""
    for each in draft.primitives:
        if each.op == "prefill" and each.reads() and any(map(_begins, each.params.values())):
            yield each


def _begins(value: object) -> bool:
    """Whether a text begins with what no primitive gives."""
    if not isinstance(value, Text) or not value.segments:
        return False
    first = value.segments[0]
    if isinstance(first, str):
        return True
    return not any(isinstance(leaf, Output) for leaf in leaves(first.value))


def _item_by_item(draft: Draft) -> Iterator[Primitive]:
    """Yield calls that give items, which something takes one by one."""
    taken = [
        each.params[port]
        for each in draft.primitives
        for port in OPS[each.op].each
        if port in each.params
    ]
    read = (leaf for value in taken for leaf in leaves(value) if isinstance(leaf, Output))
    producers = {output.primitive for output in read if output.port == "items"}
    return (each for each in draft.primitives if each.op == "decode" and each.id in producers)


def _guarded(draft: Draft) -> Iterator[Primitive]:
    openings = {each.opening for each in draft.structures if each.kind == "branch"}
    return (each for each in draft.primitives if each.id in openings)


_WANTS: Mapping[str, _Wants] = MappingProxyType(
    {
        PRUNE: _Wants("wait that carries no data", _waiting_in_vain),
        COMMON: _Wants("operation that does the same to the same values as another", _never),
        STAGES: _Wants("list of work that others could begin with in pieces", _cuttable),
        PREFILL: _Wants(
            "prompt whose beginning is known before the rest of it",
            _known_early,
            lambda facts: facts.warms,
            "reads the beginning of a prompt ahead",
        ),
        DECODING: _Wants(
            "call that gives items which something goes over",
            _item_by_item,
            lambda facts: facts.streams,
            "gives its text as it is said",
        ),
        SPECULATE: _Wants("condition that work waits for", _guarded),
    }
)
