"""pipeline_decoding: begin with the items of a list as they close, while the rest is still said.

A structure that goes over the items of a decode is told where they come from: its elements are
opened one by one, each with all that follows for it, as the reply's text closes them. What takes
such a list row by row becomes a structure of pieces, or is one by now, and each item is a piece.
What changes something outside the run waits until the whole reply is accepted. Where nobody reads
anything of the reply but its items, it is ended once its list is closed. What reads the items as
one, a `reduce` among it, waits: which of its groups is the last depends on how many there are.
Source: pass 4 of Teola (arXiv 2407.00326), over one request instead of a chain of partial ones.

>>> from planner.pools import PoolFacts
>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: each
... inputs: {question: string}
... steps:
...   read: {op: prefill, prompt: "Which towns? {{ inputs.question }}"}
...   towns: {op: decode, call: $read.call, form: list}
...   web: {for_each: $towns.items, op: web_search, query: $item}
... outputs: {docs: $web.docs}
... '''
>>> draft, library = sketch(page, llm=PoolFacts(streams=True))
>>> print(listing(draft))
read              prefill @ llm <- .
towns             decode @ llm <- read
web:for_each      open @ inline <- towns
web:for_each:end  close @ inline <- web:for_each; made in the run
output:docs       select @ inline <- web:for_each:end
>>> print(listing(pipeline_decoding(draft, library)))
read              prefill @ llm <- .
towns             decode @ llm <- read
web:for_each      open @ inline <- towns; each item as towns closes it, which is then ended
web:for_each:end  close @ inline <- web:for_each; made in the run
output:docs       select @ inline <- web:for_each:end
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from planner.draft import Draft
from planner.graph import Output, Primitive, PrimitiveId
from planner.library import Library
from planner.memory import has_effects, paths_read
from planner.pairs import in_pieces, pairs
from planner.pieces import ONE_EACH, Sizing
from planner.primitives import OPS
from planner.stages import cut_of
from planner.structure import WINDOW, Region, Structure
from spec.records import record
from spec.values import Literal, Member, ObjectOf, Value, leaves

_KINDS = ("for_each", "fold", "stages")


def pipeline_decoding(draft: Draft, library: Library) -> Draft:
    """Note in each structure that goes over a streamed list where that comes from."""
    by_id = draft.by_id()
    exits = {region.exit: region for region in draft.regions if region.exit in by_id}
    lists = _Lists(by_id, exits, library)
    if not lists.are_there:
        return draft
    draft = in_pieces(draft, pairs(draft, library.pools, lists.cut), library)
    openings = draft.by_id()
    found = {
        each.opening: source
        for each in draft.structures
        if (source := lists.source(each, openings)) is not None
    }
    if not found:
        return draft
    told = set(_told(draft, library))
    structures = tuple(
        _fed(each, found[each.opening], told) if each.opening in found else each
        for each in draft.structures
    )
    lent = {each.opening for each in structures if each.kind == "stages" and each.source}
    primitives = (_lending(each) if each.id in lent else each for each in draft.primitives)
    return replace(draft, primitives=tuple(primitives), structures=structures)


def _fed(structure: Structure, source: PrimitiveId, told: set[PrimitiveId]) -> Structure:
    fed = replace(structure, source=source, stops=source not in told)
    if structure.kind != "stages":
        return fed
    return replace(fed, width=WINDOW, inside=replace(structure.pair, sizing=ONE_EACH))


def _lending(opening: Primitive) -> Primitive:
    """Return what gives the rows it counts, too, so that pieces read them there from the first."""
    return replace(opening, params={**opening.params, "lent": Literal(True)})


@record
class _Lists:
    """The lists that decodes of a draft give as they come; `exits` are those of its regions."""

    primitives: Mapping[PrimitiveId, Primitive]
    exits: Mapping[PrimitiveId, Region]
    library: Library

    @property
    def are_there(self) -> bool:
        """Whether any decode gives one."""
        return any(map(self._streams, self.primitives.values()))

    def cut(self, first: Primitive | None, second: Primitive) -> Sizing | None:
        """Say how a pair is cut: a piece for each item, if it reads such a list.

        Each costs the fixed part of a batch, so a saturated pool does them at once.
        """
        pools = {each.pool for each in (first, second) if each is not None}
        if not OPS[second.op].pure or not pools.isdisjoint(self.library.pools.saturated):
            return None
        decode = self._decode_of(cut_of(first, second), first or second)
        return ONE_EACH if decode is not None else None

    def source(
        self, structure: Structure, openings: Mapping[PrimitiveId, Primitive]
    ) -> PrimitiveId | None:
        """Return the decode whose items a structure goes over, if it may begin before its end."""
        opening = openings.get(structure.opening)
        if opening is None or structure.kind not in _KINDS:
            return None
        (port,) = opening.params.keys() & OPS["open"].each
        decode = self._decode_of(opening.params[port], opening)
        if decode is None or _changes_something(structure, self.library):
            return None
        return decode.id

    def _streams(self, each: Primitive) -> bool:
        is_list = each.op == "decode" and each.params.get("form") == Literal("list")
        return is_list and self.library.pools.fact(each.pool).streams

    def _decode_of(self, items: Value, begins: Primitive) -> Primitive | None:
        """Return the decode that gives `items`, also out of regions that may be tried again.

        What a region is within is where what `begins` is, so that nothing else can take it away.
        """
        region = begins.region
        while True:
            match items:
                case Output(id, "items"):
                    decode = self.primitives.get(id)
                    if decode is None or id in begins.after or decode.region != region:
                        return None
                    return decode if self._streams(decode) else None
                case Member(Output(id, "value"), str(name)) if id in self.exits:
                    value = self.primitives[id].params.get("value")
                    if not isinstance(value, ObjectOf) or id in begins.after:
                        return None
                    if self.exits[id].within != region:
                        return None
                    items, region = dict(value.fields)[name], self.exits[id].id
                case _:
                    return None


def _changes_something(structure: Structure, library: Library) -> bool:
    if structure.kind == "stages":
        return not OPS[structure.pair.second.op].pure
    return has_effects(structure.body.step, library)


def _told(draft: Draft, library: Library) -> Iterator[PrimitiveId]:
    """Yield the decodes of which more is read than their items, by what is there or may come."""
    for value in _values(draft, library):
        for leaf in leaves(value):
            if isinstance(leaf, Output) and leaf.port != "items":
                yield leaf.primitive


def _values(draft: Draft, library: Library) -> Iterator[Value]:
    for primitive in draft.primitives:
        yield from primitive.params.values()
    for region in draft.regions:
        yield from region.instead.params.values() if region.instead is not None else ()
    for structure in draft.structures:
        if structure.kind == "stages":
            for one in (structure.pair.first, structure.pair.second):
                yield from one.params.values() if one is not None else ()
            continue
        body = structure.body
        control = body.step.control
        read = paths_read(body.step, library.modules, body.scope)
        read += [each for each in (control.condition, control.otherwise, control.fallback) if each]
        yield from map(body.scope.resolve, read)
        yield from () if body.refused is None else (body.refused,)
