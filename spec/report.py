"""Collects the problems of one tree while it is checked, each placed by pointer or by offset."""

from spec.codes import Code
from spec.cut_short import cut_off, lone_key
from spec.limits import PROBLEMS_FOUND_MAX
from spec.parsed import Parsed
from spec.problems import Problem, SpecError, problem_at
from spec.quoting import CUT
from spec.regexes import Regexes
from spec.schema_refusals import SchemaChecks
from spec.source import Pointer, Position, Tree


class Report:
    """Problems found so far. Where reading already refused something, nothing more is said.

    When there are more than anyone reads, looking for others ends: `SpecError` is raised then.
    """

    def __init__(self, tree: Tree, found: list[Problem]) -> None:
        self.tree = tree
        self.problems = list(found)
        self.regexes = Regexes()
        self.schemas = SchemaChecks()
        self.parsed: dict[str, Parsed] = {}  # what each string of the page says, read once
        self.words = 0  # of the expressions and slots read so far
        self._taken = {Position(problem.line, problem.column) for problem in found}

    def at_value(self, code: Code, pointer: Pointer, detail: str, hint: str | None = None) -> None:
        """Report a problem with the value at `pointer`."""
        self._add(code, pointer, self.tree.value_position(pointer), detail, hint)

    def at_key(self, code: Code, pointer: Pointer, detail: str, hint: str | None = None) -> None:
        """Report a problem with the key of `pointer`, or with what it names."""
        alone = lone_key(self.tree, pointer) if code == "unknown-key" else None
        if alone is not None:
            detail = f"{detail}; {alone}"
        self._add(code, pointer, self.tree.key_position(pointer), detail, hint)

    def at_offset(
        self, code: Code, pointer: Pointer, offset: int, detail: str, hint: str | None = None
    ) -> None:
        """Report a problem at a character of the string at `pointer`."""
        self._add(code, pointer, self.tree.position_in(pointer, offset), detail, hint)

    def at_expression(self, pointer: Pointer, detail: str, hint: str | None = None) -> None:
        """Report that the string at `pointer` is no expression; what a comma cut off it follows."""
        if self.tree.value_position(pointer) in self._taken:
            return
        rest = cut_off(self.tree, pointer)
        self._taken.update(rest)
        self.at_value("bad-expression", pointer, f"{detail}; {CUT}" if rest else detail, hint)

    def stop(self, code: Code, pointer: Pointer, detail: str) -> SpecError:
        """Report a problem with a value after which nothing is looked at; returns what to raise."""
        self.at_value(code, pointer, detail)
        return SpecError(self.problems, self.tree.page.name)

    def knows(self, pointer: Pointer) -> bool:
        """Whether the value at `pointer` is what the author wrote, all of it."""
        return not self.tree.unknown or pointer not in self.tree.unknown

    def _add(
        self, code: Code, pointer: Pointer, position: Position, detail: str, hint: str | None
    ) -> None:
        if position not in self._taken:
            page, known = self.tree.page, self.tree.nearest(pointer)
            self.problems.append(problem_at(page, code, known, position, detail, hint))
        if len(self.problems) >= PROBLEMS_FOUND_MAX:
            raise SpecError(self.problems, self.tree.page.name)
