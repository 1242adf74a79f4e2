"""eliminate_common: equal work is done once.

Two primitives are equal when they do the same to the same values in the same pool, and what they
give is decided by that alone. The later one becomes an `alias`: all that the first gave can be read
from it too, and its step ends when the first is done. Both fail together and wait alike, so only
what is in one region and of one priority is looked at.
Source: common subexpressions, as in query plans (Helium, arXiv 2603.16104).

>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: near_and_far
... inputs: {index: index, queries: "string[]"}
... steps:
...   one: {op: embed, texts: $inputs.queries}
...   two: {op: embed, texts: $inputs.queries}
...   near: {op: search, index: $inputs.index, vectors: $one.vectors}
...   far: {op: search, index: $inputs.index, vectors: $two.vectors, top_k: 100}
... outputs: {near: $near.docs, far: $far.docs}
... '''
>>> draft, library = sketch(page)
>>> print(listing(draft))
one          embed @ embedding <- .
two          embed @ embedding <- .
near         search @ vector <- one
far          search @ vector <- two
output:near  select @ inline <- near
output:far   select @ inline <- far
>>> print(listing(eliminate_common(draft, library)))
one          embed @ embedding <- .
two          alias @ inline <- one
near         search @ vector <- one
far          search @ vector <- one
output:near  select @ inline <- near
output:far   select @ inline <- far
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from planner.draft import Draft
from planner.graph import Output, PoolName, Primitive, PrimitiveId
from planner.library import Library
from planner.primitives import OPS
from spec.values import Literal, Value, rewrite


def eliminate_common(draft: Draft, library: Library) -> Draft:
    """Let equal work be done once; only what it gives is told apart afterwards."""
    if not any(_twins(draft)):
        return draft
    found = _Common(draft.by_id(), library.pools.default["inline"])
    primitives = tuple(found.taken(draft))
    return draft.with_primitives(primitives) if found.first else draft


def _twins(draft: Draft) -> Iterator[Primitive]:
    """Yield what could be equal to something before it, told by its kind and where it is."""
    met: set[object] = set()
    for each in draft.primitives:
        if OPS[each.op].pure:
            place = (each.op, each.pool, each.region)
            if place in met:
                yield each
            met.add(place)


#: What has been met: a primitive, and the head of the call that it ends.
_Met: TypeAlias = tuple[Primitive, Primitive | None]


@dataclass(slots=True)
class _Common:
    """What has been met so far. `first` names, for each that is not, the one that it is equal to,
    and `turns` what it waits for in authored order.

    What reads a later one is made to read the first, so that it may be found equal in its turn. It
    comes no sooner for that, and so no sooner does the end of what all of them are in.
    """

    by_id: Mapping[PrimitiveId, Primitive]
    inline: PoolName
    met: dict[object, list[_Met]] = field(default_factory=dict)
    first: dict[PrimitiveId, PrimitiveId] = field(default_factory=dict)
    turns: dict[PrimitiveId, frozenset[PrimitiveId]] = field(default_factory=dict)
    heads: dict[PrimitiveId, Primitive] = field(default_factory=dict)  #: of calls, rewritten

    def taken(self, draft: Draft) -> Iterator[Primitive]:
        """Yield each primitive, or what is in its place; the head of a call with its end."""
        calls = {each.call for each in draft.primitives if each.call is not None}
        for each in draft.primitives:
            now = self._redirected(each)
            if each.id in calls:
                self.heads[each.id] = now
                continue
            head = self.heads.pop(each.call) if each.call is not None else None
            equal = self._equal(now, head) if each.id not in draft.kept else None
            if equal is not None:
                alias = self._alias(now, head, self.by_id[equal])
                self.first[each.id], self.turns[each.id] = equal, alias.waits
                yield alias
            else:
                yield from (part for part in (head, now) if part is not None)

    def _redirected(self, each: Primitive) -> Primitive:
        later = self.first.keys() & {output.primitive for output in each.reads()}
        if not later:
            return each
        params = {name: rewrite(value, self._read) for name, value in each.params.items()}
        waits = each.waits.union(*(self.turns[id] for id in later))
        return replace(each, params=params, waits=waits)

    def _read(self, value: Value) -> Value | None:
        if isinstance(value, Output) and value.primitive in self.first:
            return Output(self.first[value.primitive], value.port)
        return None

    def _equal(self, each: Primitive, head: Primitive | None) -> PrimitiveId | None:
        """Return what was met before and is equal; where nothing is, this is met now."""
        if not _is_decided(each):
            return None
        place = (each.op, each.pool, each.region, each.priority)
        alike = self.met.setdefault((*place, _reads(each, head)), [])
        text = _text(each, head) if alike else ""  # few read the same, and texts are long
        for first, its_head in alike:
            if _text(first, its_head) == text:
                return first.id
        alike.append((each, head))
        return None

    def _alias(self, each: Primitive, head: Primitive | None, first: Primitive) -> Primitive:
        """Return what gives all that `first` does under the id of `each`, once both may be done."""
        port = OPS[first.op].given[0]
        after = each.after | head.after if head is not None else each.after
        waits = each.waits | head.waits if head is not None else each.waits
        return replace(
            each,
            op="alias",
            pool=self.inline,
            params={"of": Output(first.id, port)},
            after=after,
            waits=waits,
            call=None,
        )


def _is_decided(each: Primitive) -> bool:
    """Whether what is given follows from what goes in: text only where no dice are thrown."""
    if each.call is None or not OPS[each.op].pure:
        return OPS[each.op].pure
    temperature, seed = each.params.get("temperature"), each.params.get("seed", Literal(None))
    return temperature == Literal(0) or (isinstance(seed, Literal) and seed.value is not None)


def _reads(each: Primitive, head: Primitive | None) -> frozenset[Output]:
    """Return what is read of others, the call's head but not its call."""
    if head is None:
        return each.reads()
    return head.reads() | {output for output in each.reads() if output.primitive != head.id}


def _text(*members: Primitive | None) -> str:
    """Return what goes in as text: 1, 1.0 and true differ in it, and so do orders of keys."""
    params = (each.params.items() for each in members if each is not None)
    return repr([(name, value) for each in params for name, value in each if name != "call"])
