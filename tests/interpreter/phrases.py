"""Values made up for a page: expressions, texts with slots, and constants, each of a kind."""

from random import Random
from typing import Any

from spec.values import JSON
from tests.interpreter.kinds import Kind, Sight, is_plain

_WORDS = ("red", "green", "blue", "one", "two", "é", "a b", "")
_SLOT = " | truncate(60)"


class Phrases:
    """Draws with `random`; everything it gives may stand where `sight` is what is seen."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def one(self, *choices: Any) -> Any:
        """Return one of `choices`."""
        return self.random.choice(choices)

    def maybe(self, share: float) -> bool:
        """Whether something happens that does so in this share of cases."""
        return self.random.random() >= 1 - share

    def path(self, paths: list[str]) -> str | None:
        """Return one of `paths`, if there is any; those of steps nearby rather than inputs."""
        if not paths:
            return None
        return self.random.choice(paths[-5:] if self.maybe(0.7) else paths)

    def string(self, sight: Sight) -> JSON:
        """Return a string as it is written as a value: text with slots or an expression."""
        return f"${self.text(sight)}" if self.maybe(0.3) else self.template(sight)

    def template(self, sight: Sight, *own: str) -> str:
        """Return text with slots; `own` are the slots that stand in it whatever else does."""
        slots = [*own, *(self._slot(sight) for _ in range(self.one(0, 1, 1, 2)))]
        self.random.shuffle(slots)
        return " ".join([self.one("Say", "Ask:", "x {{{{", "}}"), *slots])

    def _slot(self, sight: Sight) -> str:
        path = self.path(
            [path for path, kind in sight.paths.items() if kind.word in _SLOTS and is_plain(kind)]
        )
        if path is None:
            return "{{ inputs.question }}"
        kind = sight.paths[path]
        if kind.optional:
            return f"{{{{ {path} | default('none') | json{_SLOT} }}}}"
        if kind.word == "list":
            return f"{{{{ {path} | {self._list_formatter(kind)}{_SLOT} }}}}"
        return f"{{{{ {path}{_SLOTS[kind.word]} }}}}"

    def _list_formatter(self, kind: Kind) -> str:
        if kind.is_list_of("doc"):
            return self.one("numbered", "join(', ')", "each('{i}. {text} {title}\\n')", "json")
        return self.one("numbered", "join(' ')", "json", "each('<{}>')")

    def text(self, sight: Sight) -> str:
        """Return an expression, without its dollar, that gives a string."""
        path = self.path(sight.of("string"))
        ways = ["'word'", "upper(inputs.question)", "now_iso()"]
        if path is not None:
            ways += [path, f"lower({path})", f"({path} + '!')[:40]", f"trim({path})"]
        maybe = self.path(sight.of("string", optional=True))
        if maybe is not None:
            ways += [f"coalesce({maybe}, 'else')"] * 2
        doc = self.path(sight.of("doc"))
        if doc is not None:
            ways += [f"{doc}.text", f"coalesce({doc}.title, {doc}.id)"]
        many = self.path(sight.lists_of("string", "doc"))
        if many is not None:
            ways.append(f"join({many}[:3], '; ')")
        strings = self.path(sight.lists_of("string"))
        if strings is not None:
            ways += [f"coalesce(first({strings}), 'none')", f"coalesce(most_common({strings}), '')"]
        return self.one(*ways)

    def integer(self, sight: Sight) -> str:
        """Return an expression, without its dollar, that gives a small integer."""
        path = self.path(sight.of("integer"))
        many = self.path(sight.lists_of("string", "doc", "integer", "object"))
        ways = [str(self.random.randrange(5)), "inputs.n"]
        if path is not None:
            ways.append(path)
        if many is not None:
            ways += [f"len({many})", f"len({many}[1:])"]
        return self.one(*ways)

    def condition(self, sight: Sight, *near: str) -> str:
        """Return a condition, with its dollar; `near` are terms it should rather have."""
        terms = [*near, self._term(sight), self._term(sight)]
        first, second = self.random.sample(terms, 2)
        return "$" + self.one(
            first, first, f"{first} and {second}", f"{first} or {second}", f"not ({first})"
        )

    def _term(self, sight: Sight) -> str:
        text = self.text(sight)
        ways = [
            f"{self.integer(sight)} < {self.integer(sight)} + 1",
            f"{text} {self.one('!=', '==', '<=')} {self.text(sight)}",
            f"'a' in {text}", "inputs.flag", "inputs.hint == null",
        ]  # fmt: skip
        maybe = self.path(
            [path for path, kind in sight.paths.items() if kind.optional and is_plain(kind)]
        )
        if maybe is not None:
            ways += [f"{maybe} != null"] * 2
        boolean = self.path(sight.of("boolean"))
        if boolean is not None:
            ways.append(boolean)
        return self.one(*ways)

    def strings(self, sight: Sight) -> str:
        """Return an expression, without its dollar, that gives a list of strings."""
        path = self.path(sight.lists_of("string"))
        holes = self.path(_with_holes(sight, "string"))
        ways = ["['p', inputs.question]", f"split({self.text(sight)}, ' ')", "[]", "inputs.words"]
        if path is not None:
            ways += [path, path, f"unique({path})", f"({path} + ['more'])[-6:]"]
        if holes is not None:
            ways += [f"compact({holes})"] * 3
        return self.one(*ways)

    def docs(self, sight: Sight) -> str:
        """Return an expression, without its dollar, that gives a list of docs."""
        path = self.path(sight.lists_of("doc"))
        holes = self.path(_with_holes(sight, "doc"))
        maybe = self.path(
            [path for path, kind in sight.paths.items() if kind.optional and kind.is_list_of("doc")]
        )
        rows = self.path(
            [path for path, kind in sight.paths.items() if _is_rows(kind) and not kind.optional]
        )
        ways = ["inputs.docs"]
        if path is not None:
            ways += [path, path, f"{path}[1:]", f"unique({path})"]
        if holes is not None:
            ways += [f"compact({holes})"] * 2
        if maybe is not None:
            ways += [f"coalesce({maybe}, [])"] * 2
        if rows is not None:
            ways += [f"flatten({rows})[:20]"] * 2
        return self.one(*ways)

    def constant(self, kind: Kind, sight: Sight) -> JSON:
        """Return a value of `kind`, to stand in for another."""
        if kind.optional and self.maybe(0.3):
            return None
        if kind.element is not None:
            return self._list(kind.element, sight)
        if kind.word == "object":
            return {name: self.constant(each.sure(), sight) for name, each in kind.fields}
        return self._plain(kind.word, sight)

    def _plain(self, word: str, sight: Sight) -> JSON:
        match word:
            case "string":
                return self.string(sight)
            case "integer":
                return f"${self.integer(sight)}"
            case "boolean":
                return self.one(True, False, "$inputs.flag")
            case "doc":
                return {"id": self.one("d", "e"), "text": self.string(sight), "meta": {}}
            case "message":
                return {"role": "user", "content": self.string(sight)}
        return self.one(1, "some", ["x"], f"${self.text(sight)}")

    def _list(self, element: Kind, sight: Sight) -> JSON:
        if element == Kind("string") and self.maybe(0.4):
            return f"${self.strings(sight)}"
        if element == Kind("doc") and self.maybe(0.6):
            return f"${self.docs(sight)}"
        return [self.constant(element.sure(), sight) for _ in range(self.one(0, 1, 2))]

    def word(self) -> str:
        """Return a word."""
        return self.one(*_WORDS)


_SLOTS = {
    "string": _SLOT, "integer": "", "boolean": "", "list": "",
    "object": f" | json{_SLOT}", "any": f" | json{_SLOT}",
}  # fmt: skip


def _with_holes(sight: Sight, word: str) -> list[str]:
    return [
        path
        for path, kind in sight.paths.items()
        if kind.element is not None and kind.element.word == word and kind.element.optional
    ]


def _is_rows(kind: Kind) -> bool:
    return kind.element is not None and kind.element.is_list_of("doc")
