"""prune_dependencies: drop the waits that carry no data.

A module that is written after another no longer waits for it; what `after` says is the author's,
and stays. Every ordering that matters is data: a search reads the token that storing gave.
Source: pass 1 of Teola (arXiv 2407.00326), on explicit waits instead of names that match.

>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: two
... inputs: {text: string, question: string}
... steps:
...   cut: {steps: {pieces: {op: chunk, text: $inputs.text}}, outputs: {docs: $pieces.items}}
...   web: {steps: {found: {op: web_search, query: $inputs.question}}, outputs: {docs: $found.docs}}
... outputs: {docs: $web.docs}
... '''
>>> draft, library = sketch(page)
>>> print(listing(draft))
cut.pieces   chunk @ inline <- .
cut:over     barrier @ inline <- cut.pieces
web.found    web_search @ web <- cut:over
web:over     barrier @ inline <- web.found
output:docs  select @ inline <- web.found
>>> print(listing(prune_dependencies(draft, library)))
cut.pieces   chunk @ inline <- .
web.found    web_search @ web <- .
output:docs  select @ inline <- web.found
"""

from planner.draft import Draft
from planner.library import Library


def prune_dependencies(draft: Draft, _library: Library) -> Draft:
    """Take away all waits of authored order, and the barriers that only they were for."""
    if not any(each.waits for each in draft.primitives):  # a barrier has some
        return draft
    return draft.with_primitives(
        each.ordered(each.after, frozenset()) if each.waits else each
        for each in draft.primitives
        if each.op != "barrier"
    )
