"""The closed set of problem codes: what each means and what cures it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Code: TypeAlias = Literal[
    "syntax",
    "yaml-feature",
    "yaml-boolean",
    "duplicate-key",
    "unknown-key",
    "missing-key",
    "conflicting-keys",
    "bad-name",
    "wrong-type",
    "bad-value",
    "unknown-reference",
    "may-be-null",
    "unknown-module",
    "unknown-flow",
    "unknown-engine",
    "unknown-function",
    "unknown-formatter",
    "bad-expression",
    "bad-template",
    "cycle",
    "recursion",
    "too-large",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code says is wrong, and what an author does about it."""

    meaning: str
    cure: str


CODES: Mapping[Code, Entry] = MappingProxyType(
    {
        "syntax": Entry(
            "The text is not YAML or JSON.",
            "Correct it there; quote what is text and means something else to YAML.",
        ),
        "yaml-feature": Entry(
            "An anchor, alias, tag, merge key, directive, second document, infinity, or a key that "
            "is not a string.",
            "Write the value out; quote what is a key or text.",
        ),
        "yaml-boolean": Entry(
            "A bare yes, no, on or off, which YAML versions read differently.",
            "Quote it, or write true or false.",
        ),
        "duplicate-key": Entry("The same key twice in one object.", "Remove or rename one."),
        "unknown-key": Entry(
            "A key that nothing here reads.",
            "Use one of the keys that are known here, or remove it.",
        ),
        "missing-key": Entry("A key that has to be there is not.", "Add it."),
        "conflicting-keys": Entry("Two keys that exclude each other.", "Keep one of them."),
        "bad-name": Entry(
            "A name that is not of the form, is reserved, or is already visible.", "Rename it."
        ),
        "wrong-type": Entry(
            "A value of another type than is wanted here.", "Give a value of the type named."
        ),
        "bad-value": Entry(
            "A value of the right type outside its range, enumeration or form.",
            "Give a value that is allowed here.",
        ),
        "unknown-reference": Entry(
            "A name that does not exist here.", "Use a name that is known here, or declare it."
        ),
        "may-be-null": Entry(
            "A value that may be null where null is not welcome.",
            "Give a default: `| default(…)` in text, `coalesce(…)` in an expression, `default:` on "
            "the input; or ask first: `if: $… != null`.",
        ),
        "unknown-module": Entry("No module has this name.", "Use one of the modules there are."),
        "unknown-flow": Entry("No workflow has this name.", "Register it first, or correct it."),
        "unknown-engine": Entry(
            "No pool of engines has this name.", "Use a pool that the operator has set up."
        ),
        "unknown-function": Entry("No function has this name.", "Use one of the functions."),
        "unknown-formatter": Entry("No formatter has this name.", "Use one of the formatters."),
        "bad-expression": Entry(
            "What follows the `$` is not an expression.", "Correct it; `$$` is a literal dollar."
        ),
        "bad-template": Entry(
            "A `{{` that does not open a well-formed slot.",
            "Write `{{ path | formatter }}`, or `{{{{` for two braces.",
        ),
        "cycle": Entry("Steps that wait for each other.", "Remove one of the references."),
        "recursion": Entry(
            "A module or a workflow that opens itself.", "Call something else there."
        ),
        "too-large": Entry("A limit is passed.", "Make it smaller, or split it."),
    }
)
