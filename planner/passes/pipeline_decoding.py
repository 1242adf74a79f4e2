"""pipeline_decoding: begin with the items of a list as they close, while the rest is still said.

A structure that goes over the items of a decode is told where they come from: its elements are
opened one by one, each with all that follows for it, as the reply's text closes them. What changes
something outside the run waits until the whole reply is accepted. Where nobody reads anything of
the reply but its items, it is ended once its list is closed.
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
from planner.structure import Region, Structure
from spec.values import Literal, Member, ObjectOf, Value, leaves

_KINDS = ("for_each", "fold")


def pipeline_decoding(draft: Draft, library: Library) -> Draft:
    """Note in each structure that goes over a streamed list where that comes from."""
    primitives = draft.by_id()
    exits = {region.exit: region for region in draft.regions}
    found = {
        each.opening: source
        for each in draft.structures
        if (source := _source(each, primitives, exits, library)) is not None
    }
    if not found:
        return draft
    told = set(_told(draft, library))
    structures = tuple(
        replace(each, source=found[each.opening], stops=found[each.opening] not in told)
        if each.opening in found
        else each
        for each in draft.structures
    )
    return replace(draft, structures=structures)


def _source(
    structure: Structure,
    primitives: Mapping[PrimitiveId, Primitive],
    exits: Mapping[PrimitiveId, Region],
    library: Library,
) -> PrimitiveId | None:
    """Return the decode whose items a structure goes over, if it may begin before that is done."""
    opening = primitives.get(structure.opening)
    if opening is None or structure.kind not in _KINDS:
        return None
    decode = _decode_of(opening.params["items"], primitives, exits, opening)
    if decode is None or not library.pools.fact(decode.pool).streams:
        return None
    return None if has_effects(structure.body.step, library) else decode.id


def _decode_of(
    items: Value,
    primitives: Mapping[PrimitiveId, Primitive],
    exits: Mapping[PrimitiveId, Region],
    opening: Primitive,
) -> Primitive | None:
    """Return the decode that gives `items`, also out of regions that may be tried again.

    What a region is within is where `opening` is, so that nothing else can take it away.
    """
    region = opening.region
    while True:
        match items:
            case Output(id, "items"):
                decode = primitives.get(id)
                if decode is None or id in opening.after or decode.region != region:
                    return None
                return decode if decode.params.get("form") == Literal("list") else None
            case Member(Output(id, "value"), str(name)) if id in exits and id in primitives:
                value = primitives[id].params.get("value")
                if not isinstance(value, ObjectOf) or id in opening.after:
                    return None
                if exits[id].within != region:
                    return None
                items, region = dict(value.fields)[name], exits[id].id
            case _:
                return None


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
