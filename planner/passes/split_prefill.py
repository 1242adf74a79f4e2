"""split_prefill: read the beginning of a prompt while the rest of it is not known yet.

A prompt is cut where readiness changes, as often as it does, anywhere in it: what is known earlier
than all the call waits for becomes a partial prefill. That is a hint. The call itself keeps its
whole prompt, so no answer can change; engines find the beginning in their cache of prefixes. Where
the calls of a list, a fold or a loop begin alike, that is read before the list is known. A hint is
one request more, so calls of a saturated pool have none.

Source: pass 3 of Teola (arXiv 2407.00326), with n cuts and on engines as they are: there the
prompt has one cut, after its second slot, and the rest is sent alone.

>>> from planner.pools import PoolFacts
>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: answer
... inputs: {question: string}
... steps:
...   found: {op: web_search, query: $inputs.question}
...   read: {op: prefill, prompt: "Question: {{ inputs.question }}{{ found.docs | numbered }}"}
...   said: {op: decode, call: $read.call}
... outputs: {text: $said.text}
... '''
>>> draft, library = sketch(page, llm=PoolFacts(warms=True))
>>> print(listing(draft))
found        web_search @ web <- .
read         prefill @ llm <- found
said         decode @ llm <- read
output:text  select @ inline <- said
>>> print(listing(split_prefill(draft, library)))
found        web_search @ web <- .
read:begin   partial_prefill @ llm <- .; reads ahead for read
read         prefill @ llm <- found
said         decode @ llm <- read
output:text  select @ inline <- said
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from planner.distance import distances
from planner.draft import Draft
from planner.elements import asked_each
from planner.graph import Output, PoolName, Primitive, PrimitiveId
from planner.library import Library
from planner.primitives import OPS
from planner.prompt_parts import Part, beginning, parts_of
from planner.samples import Unopened, sample
from planner.structure import Structure
from spec.values import Leaf, Literal, Slot, leaves

#: Blocks of an engine's cache below which a beginning is of no use to it: one is held back.
BLOCKS_MIN = 2
CHARACTERS = 4  #: of a token, about
#: Kinds of structures whose parts are opened for certain, once what they go over is known.
_CERTAIN = frozenset({"for_each", "fold", "reduce", "loop"})

_Distances = Mapping[PrimitiveId, int]


def split_prefill(draft: Draft, library: Library) -> Draft:
    """Add the partial prefills that the prompts of `draft` have, each before what it is for."""
    if not any(_reads_ahead(pool, library) for pool in library.pools.facts):
        return draft
    far = distances(draft)
    hinted = {each.warms for each in draft.primitives}
    structures = {each.opening: each for each in draft.structures}
    calls = {each.call: each for each in draft.primitives if each.call is not None}
    primitives: list[Primitive] = []
    for primitive in draft.primitives:
        if primitive.id not in hinted:
            if primitive.op == "prefill":
                primitives += _of_call(primitive, calls.get(primitive.id), far, library)
            elif primitive.id in structures:
                found, later = _of_structure(structures[primitive.id], primitive, far, library)
                primitives += found
                structures[primitive.id] = later
        primitives.append(primitive)
    if len(primitives) == len(draft.primitives) and draft.structures == tuple(structures.values()):
        return draft
    return replace(draft, primitives=tuple(primitives), structures=tuple(structures.values()))


def _of_call(
    head: Primitive, rest: Primitive | None, far: _Distances, library: Library
) -> Iterator[Primitive]:
    """Yield the partial prefills of one call."""
    if not _reads_ahead(head.pool, library):
        return
    waits = head.waits_for() | (rest.waits_for() - {head.id} if rest is not None else frozenset())
    ready = max((far.get(id, 0) for id in waits), default=0)
    if ready == 0:
        return  # nothing is known before all of it is
    parts = parts_of(head.params)
    for number, count in enumerate(_cuts(parts, far, ready, _least(head.pool, library))):
        yield _partial(head, head.id, number, parts[:count])


def _of_structure(
    structure: Structure, opening: Primitive, far: _Distances, library: Library
) -> tuple[list[Primitive], Structure]:
    """Return what the calls of a structure have in common and can be read before it is opened.

    And the structure, which knows what its parts read that is known only after its opening.
    """
    made = sample(structure, library)
    outside = {
        leaf.primitive
        for each in made
        for leaf in each.reads()
        if far.get(leaf.primitive, 0) > far[opening.id]
    }
    found: list[Primitive] = []
    if structure.kind in _CERTAIN and not asked_each(structure.body.step):
        inside = {each.id: _NEVER for each in made}
        for head in made:
            if head.op == "prefill" and _reads_ahead(head.pool, library):
                parts, least = parts_of(head.params), _least(head.pool, library)
                for count in _cuts(parts, {**far, **inside}, far[opening.id], least):
                    partial = _partial(head, opening.id, len(found), parts[:count])
                    found.append(replace(partial, region=opening.region))
    return found, replace(structure, later=frozenset(outside)) if outside else structure


_NEVER = 1 << 30  # of what is made in a part that is not opened yet


def _reads_ahead(pool: PoolName, library: Library) -> bool:
    """Whether hints may be given to a pool: its engines can, and have time for it."""
    return library.pools.fact(pool).warms and pool not in library.pools.saturated


def _least(pool: PoolName, library: Library) -> int:
    return BLOCKS_MIN * library.pools.fact(pool).block_tokens


def _cuts(parts: Sequence[Part], far: _Distances, ready: int, least: int) -> Iterator[int]:
    """Yield how many of the first parts are known before the next one is, and before `ready`.

    They are `least` tokens or more, as far as that can be told; what is read beyond an earlier cut
    begins with what only the run knows, and may be as many again.
    """
    known, read = 0, 0
    for count, part in enumerate(parts):
        at = max((_at(leaf, far) for leaf in _leaves(part)), default=0)
        if at > known and known < ready and read >= least and count:
            yield count
        known = max(known, at)
        read += _tokens(part, least)
    if parts and known < ready and read >= least:
        yield len(parts)


def _at(leaf: Leaf, far: _Distances) -> int:
    if isinstance(leaf, Unopened):
        return _NEVER
    return far.get(leaf.primitive, 0) if isinstance(leaf, Output) else 0


def _leaves(part: Part) -> Iterator[Leaf]:
    match part.segment:
        case str():
            return
        case Slot(value):
            yield from leaves(value)
        case value:
            yield from leaves(value)


def _tokens(part: Part, least: int) -> int:
    """Return about how many tokens a part has; one that only the run knows may have enough."""
    match part.segment:
        case str() as said:
            return len(said) // CHARACTERS
        case Literal(value) | Slot(Literal(value)):
            return len(str(value)) // CHARACTERS
    return least


def _partial(head: Primitive, warms: PrimitiveId, number: int, parts: Sequence[Part]) -> Primitive:
    known = beginning(head.params, parts)
    blank = {id: value for id, value in OPS["partial_prefill"].blanks if id not in known}
    return replace(
        head,
        id=PrimitiveId(f"{warms}:begin.{number}" if number else f"{warms}:begin"),
        op="partial_prefill",
        params={**blank, **known},
        after=frozenset(),
        waits=frozenset(),
        warms=warms,
    )
