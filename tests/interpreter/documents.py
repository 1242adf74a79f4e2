"""Workflows made up at random, valid by construction, over every construct of the language.

Each is a tree as YAML would give it, with inputs to run it. They call the modules that ship and
those of `tests.interpreter.callees`. How often an inner part is done is bounded, so that a run
stays a matter of milliseconds.
"""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from spec.values import JSON
from tests.interpreter.kinds import (
    ANY,
    BOOLEAN,
    DOCS,
    INTEGER,
    STRING,
    STRINGS,
    Fields,
    Sight,
    is_plain,
)
from tests.interpreter.listed import Listed

_GIVEN: Fields = {
    "inputs.question": STRING, "inputs.words": STRINGS, "inputs.docs": DOCS, "inputs.n": INTEGER,
    "inputs.flag": BOOLEAN, "inputs.hint": STRING.or_null(), "inputs.rows": STRINGS.listed(),
    "inputs.anything": ANY.or_null(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workflow:
    """A page as data, and inputs for it."""

    page: dict[str, JSON]
    inputs: dict[str, JSON]


def workflow(random: Random) -> Workflow:
    """Return a workflow drawn with `random`."""
    return _Page(random).workflow()


def workflows() -> st.SearchStrategy[Workflow]:
    """Return a strategy for workflows that Hypothesis can make smaller.

    One draw of bytes makes all choices: where they are 0, or used up, the plainest is taken.
    """
    return st.binary(min_size=1024, max_size=4096).map(lambda told: workflow(_Told(told)))


class _Told(Random):
    """Chance that is handed in, a byte or two for each choice."""

    def __init__(self, told: bytes) -> None:
        super().__init__(0)
        self.told = iter(told)

    def getrandbits(self, k: int, /) -> int:
        found = 0
        for _ in range(0, k, 8):
            found = found << 8 | next(self.told, 0)
        return found >> (-k % 8)

    def random(self) -> float:
        return self.getrandbits(16) / 2**16


class _Page(Listed):
    def workflow(self) -> Workflow:
        """Return the whole page with its inputs."""
        sight = Sight(dict(_GIVEN))
        steps = self.steps(sight, self.one(2, 3, 4, 5, 6))
        page = {
            "workflow": "made-up",
            "inputs": {
                "question": "string", "words": "string[]", "docs": "doc[]", "hint": "string?",
                "n": {"type": "integer", "default": 2}, "flag": "boolean", "files": "file[]",
                "rows": "string[][]", "anything": "any?",
            },
            "steps": steps,
            "outputs": self.outputs(sight),
        }  # fmt: skip
        if self.maybe(0.3):
            page["stream"] = self.random.sample(sorted(page["outputs"]), 1)
        inputs = self.inputs()
        if self.maybe(0.5):
            further, shown = self.list_gone_over(sight)
            page |= {"steps": {**steps, **further}, "outputs": {**page["outputs"], **shown}}
        return Workflow(page, inputs)

    def outputs(self, sight: Sight) -> dict[str, JSON]:
        mine = [p for p, kind in sight.paths.items() if p.startswith("s") and is_plain(kind)]
        paths = self.random.sample(mine, min(len(mine), 5))
        found: dict[str, JSON] = {f"o{number}": f"${path}" for number, path in enumerate(paths)}
        return {**found, "more": self.one(self.string(sight), [f"${self.integer(sight)}", None])}

    def inputs(self) -> dict[str, JSON]:
        """Return what the page is run with: lists of 0 to 50."""
        words = [self.word() for _ in range(self.length())]
        docs = [
            {
                "id": f"d{number % 9}",
                "text": f"text {self.word()} {number}",
                "meta": {"n": number % 2},
            }
            | self.some({"title": self.word(), "score": number / 8})
            for number in range(self.length())
        ]
        given = {
            "question": self.word(), "words": words, "docs": docs, "flag": self.maybe(0.5),
            "files": [{"name": "f.txt", "text": "a few words in a file"}] * self.one(0, 1, 2),
            "rows": [words[:2], [], words[3:9]][: self.one(0, 1, 3)],
        }  # fmt: skip
        more = {
            "hint": self.one("a hint", None),
            "n": self.one(0, 1, 3),
            "anything": [1, {"a": "b"}],
        }
        return {**given, **self.some(more, 0.7)}

    def length(self) -> int:
        return self.one(0, 0, 1, 2, 3, 4, 5, 8, 17, 50)
