"""A draft from a few lines, to look at what passes make of it: a module, opened by itself.

It is as `expand` makes one, with a pool for each kind of work, called as that is.
"""

from planner.draft import Draft
from planner.expand import opened
from planner.graph import PoolName
from planner.library import Library
from planner.pools import PoolFacts, Pools
from planner.primitives import OPS
from spec.load import load
from spec.source import Source
from spec.vocabulary import Vocabulary


def sketch(page: str, **facts: PoolFacts) -> tuple[Draft, Library]:
    """Return what the module on `page`, of YAML, opens into, and the library it is opened from.

    `facts` say of a pool what its engines are like. Raise `SpecError` for a page that is not right.
    """
    ops = {op.name: op.signature for op in OPS.values() if op.authored}
    document = load(Source("sketch", page.encode(), "yaml"), Vocabulary(ops=ops))
    kinds = {PoolName(op.kind): op.kind for op in OPS.values()}
    default = {kind: pool for pool, kind in kinds.items()}
    known = {PoolName(pool): fact for pool, fact in facts.items()}
    library = Library({}, {}, Pools(kinds, default, known))
    _, draft = opened(document, library)
    return draft, library
