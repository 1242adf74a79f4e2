"""Expressions made at random, over a scope whose types are known."""

from string import Formatter
from typing import Any

from hypothesis import strategies as st

from spec.functions import FUNCTIONS
from spec.types import Type, parse_type

TYPES: dict[str, Type] = {
    "i": "integer", "n": "number", "s": "string", "b": "boolean", "o": "object", "d": "doc",
    "li": "integer[]", "ls": "string[]", "ld": "doc[]", "ll": "integer[][]", "la": "any[]",
    "oi": "integer?", "os": "string?", "od": "doc?", "ols": "string[]?",
}  # fmt: skip
TYPES = {name: parse_type(word) for name, word in TYPES.items()}

_INTEGERS = st.integers(-3, 9)
_TEXTS = st.text("ab é1", max_size=4)
PLAIN = st.none() | st.booleans() | _INTEGERS | st.floats(-2, 2) | _TEXTS
JSON: st.SearchStrategy[Any] = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "text", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_DOCS = st.fixed_dictionaries(
    {"id": _TEXTS, "text": _TEXTS, "meta": st.dictionaries(_TEXTS, PLAIN, max_size=2)},
    optional={"score": st.none() | st.floats(0, 1), "position": _INTEGERS},
)
_OF = {
    "integer": _INTEGERS,
    "number": _INTEGERS | st.floats(-9, 9),
    "string": _TEXTS,
    "boolean": st.booleans(),
    "object": st.dictionaries(_TEXTS, PLAIN, max_size=3),
    "doc": _DOCS,
    "any": JSON,
}


def of_type(type: Type) -> st.SearchStrategy[Any]:
    """Return what makes values of `type`."""
    if type.optional:
        return st.none() | of_type(type.or_null(False))
    return st.lists(of_type(type.element()), max_size=4) if type.lists else _OF[type.word]


SCOPES = st.fixed_dictionaries({name: of_type(type) for name, type in TYPES.items()})

_ATOMS = st.sampled_from(
    [*TYPES, "0", "1", "-1", "2.5", "'a'", "''", "true", "false", "null", "[]", "now_iso()"]
)
_SIGNS = st.sampled_from(
    ["or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "+", "+", "+"]
)


@st.composite
def _larger(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return f"({draw(inner)} {draw(_SIGNS)} {draw(inner)})"
    if kind == 1:
        return f"(not {draw(inner)})"
    if kind == 2:
        return f"{draw(inner)}{draw(st.sampled_from(['.text', '.id', '.a', '.meta', '.score']))}"
    if kind == 3:
        return f"{draw(inner)}[{draw(inner)}]"
    if kind == 4:
        start, end = (draw(st.just("") | inner) for _ in range(2))
        return f"{draw(inner)}[{start}:{end}]"
    if kind == 5:
        return f"[{', '.join(draw(st.lists(inner, max_size=3)))}]"
    name = draw(st.sampled_from(list(FUNCTIONS)))
    function = FUNCTIONS[name]
    most = function.most or function.least + 2
    arguments = draw(st.lists(inner, min_size=function.least, max_size=most))
    return f"{name}({', '.join(arguments)})"


EXPRESSIONS = st.recursive(_ATOMS, _larger, max_leaves=12).map(lambda text: f"${text}")

#: How an expression of each type may be written, with others in its place.
_FORMS = {
    "integer": (
        "i", "2", "-1", "len({string})", "len({docs})", "({integer} + {integer})",
        "coalesce(oi, {integer})", "sum({integers})", "{integers}[{integer}]",
        "coalesce(max({integers}), {integer})", "coalesce(most_common({integers}), 0)",
    ),
    "string": (
        "s", "'ab'", "upper({string})", "trim(lower({string}))", "({string} + {string})",
        "join({strings}, {string})", "join({docs}, ' ')", "{string}[{integer}:]",
        "coalesce(os, {string})", "coalesce(first({strings}), {string})", "{doc}.text",
        "{strings}[{integer}]", "coalesce(min({strings}), now_iso())",
    ),
    "boolean": (
        "b", "true", "({integer} < {integer})", "({string} >= {string})", "not {boolean}",
        "({string} in {strings})", "({integer} not in {integers})", "({string} in {doc})",
        "({boolean} and {boolean})", "({boolean} or {boolean} or {boolean})",
        "({string} == {integer})", "({docs} != {docs})", "(os != null and {boolean})",
    ),
    "strings": (
        "ls", "['a', {string}]", "{strings}[:{integer}]", "split({string}, 'a')",
        "unique({strings})", "({strings} + {strings})", "compact([os, {string}])",
        "coalesce(ols, {strings})", "flatten([ols, {strings}])", "zip({strings}, ls)[{integer}]",
    ),
    "integers": (
        "li", "[{integer}, 7]", "range({integer})", "flatten(ll)", "unique({integers})",
        "flatten([{integers}, {integers}])", "{integers}[{integer}:{integer}]", "compact([oi, 1])",
    ),
    "doc": ("d", "{docs}[{integer}]", "coalesce(od, {doc})", "coalesce(last({docs}), {doc})"),
    "docs": ("ld", "[{doc}]", "unique({docs})", "({docs} + {docs})", "{docs}[{integer}:]"),
}  # fmt: skip


def _filled(form: str, inner: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    names = [name for _, name, _, _ in Formatter().parse(form) if name]
    parts = st.tuples(*(inner[name] for name in names))
    blank = form
    for name in inner:
        blank = blank.replace(f"{{{name}}}", "{}")
    return parts.map(lambda found: blank.format(*found))


def typed(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Return, for each type, what makes well-typed expressions of it, without their `$`."""
    if depth == 0:
        plain = {type: [f for f in forms if "{" not in f] for type, forms in _FORMS.items()}
        return {type: st.sampled_from(forms) for type, forms in plain.items()}
    inner = typed(depth - 1)
    return {
        type: st.one_of([_filled(form, inner) for form in forms]) for type, forms in _FORMS.items()
    }


#: Expressions in which nothing is wrong.
WELL_TYPED = st.one_of(list(typed(4).values())).map(lambda text: f"${text}")
