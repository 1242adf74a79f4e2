"""From a reader's events to a tree: counts as they come, and stops at the first limit passed.

Both readers feed it, so YAML and JSON have the same limits, positions and refusals.
"""

import re
from dataclasses import dataclass

from spec.codes import Code
from spec.limits import INTEGER_MAX, PROBLEMS_FOUND_MAX, Limits
from spec.problems import Problem, SpecError, echo, problem_at, quoted
from spec.source import Page, Place, Pointer, Position, Style, Tree
from spec.values import JSON

_made = tuple.__new__  # a `Place` from a tuple, in half the time: there is one for each value
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(slots=True)
class _Frame:
    container: JSON
    is_list: bool
    pointer: Pointer
    kept: bool
    key: str | None = None
    key_position: Position | None = None
    key_kept: bool = True
    seen: int = 0


class TreeBuilder:
    """Takes the events of one document in order. `finish` gives the tree or every problem."""

    def __init__(self, page: Page, limits: Limits) -> None:
        self.page = page
        self.limits = limits
        self.problems: list[Problem] = []
        self._frames: list[_Frame] = []
        self._frame: _Frame | None = None  # the innermost
        self._places: dict[Pointer, Place] = {}
        self._unknown: set[Pointer] = set()
        self._root: JSON = None
        self._nodes = 0
        self._nodes_max = limits.nodes_max
        self._key_chars_max = limits.key_chars_max
        self._scalar_chars_max = limits.scalar_chars_max

    @property
    def pointer(self) -> Pointer:
        """Where the next value goes."""
        frame = self._frame
        if frame is None:
            return ()
        if frame.is_list:
            return (*frame.pointer, frame.seen)
        return frame.pointer if frame.key is None else (*frame.pointer, frame.key)

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is the key of an object."""
        frame = self._frame
        return frame is not None and frame.key is None and not frame.is_list

    def refuse(self, code: Code, position: Position, detail: str) -> None:
        """Note a problem with what comes next and go on."""
        self.problems.append(problem_at(self.page, code, self.pointer, position, detail))
        if len(self.problems) >= PROBLEMS_FOUND_MAX:
            raise SpecError(self.problems, self.page.name)

    def stop(self, code: Code, position: Position, detail: str, *, here: bool = True) -> SpecError:
        """Note a problem after which nothing can be read; returns what is to be raised."""
        pointer = self.pointer if here else None
        self.problems.append(problem_at(self.page, code, pointer, position, detail))
        return SpecError(self.problems, self.page.name)

    def open(self, container: dict[str, JSON] | list[JSON], position: Position) -> None:
        """Begin an object or a list."""
        if len(self._frames) >= self.limits.depth_max:
            detail = f"nested deeper than {self.limits.depth_max} levels (`depth_max`)"
            raise self.stop("too-large", position, detail)
        pointer = self.pointer
        kept = self._put(container, position, "other")
        self._frame = _Frame(container, isinstance(container, list), pointer, kept)
        self._frames.append(self._frame)

    def close(self) -> None:
        """End the innermost object or list."""
        self._frames.pop()
        self._frame = self._frames[-1] if self._frames else None

    def key(self, text: str, position: Position) -> None:
        """Take the key of the value that comes next. A repeated one keeps its first value."""
        self._nodes += 1
        if self._nodes > self._nodes_max:
            raise self._too_many(position)
        if len(text) > self._key_chars_max or not text.isascii():
            self._check_text(text, position, "key", self._key_chars_max)
        frame = self._frames[-1]
        frame.key, frame.key_position = text, position
        frame.key_kept = text not in frame.container
        if not frame.key_kept:
            self.refuse("duplicate-key", position, f"{quoted(text)} stands here a second time")

    def scalar(self, value: JSON, position: Position) -> None:
        """Take one number, boolean or null."""
        if isinstance(value, int) and abs(value) > INTEGER_MAX:
            detail = f"integers are exact only up to 2^53 - 1, not {echo(value)}"
            self.refuse("bad-value", position, detail)
            self.unknown(position)
            return
        self._put(value, position, "other")

    def text(self, value: str, position: Position, style: Style) -> None:
        """Take one string."""
        if len(value) > self._scalar_chars_max or not value.isascii():
            self._check_text(value, position, "scalar", self._scalar_chars_max)
        self._put(value, position, style)

    def unknown(self, position: Position) -> None:
        """Take a value that was refused: it stays in its place and says nothing."""
        pointer = self.pointer
        if self._put(None, position, "other"):
            self._unknown.add(pointer)

    def unknown_object(self) -> None:
        """Say that the innermost object may have had keys that could not be read."""
        self._unknown.add(self._frames[-1].pointer)

    def finish(self) -> Tree:
        """Return the whole tree with what was refused in it marked unknown."""
        return Tree(self._root, self.page, self._places, frozenset(self._unknown))

    def _check_text(self, value: str, position: Position, what: str, limit: int) -> None:
        if len(value) > limit:
            detail = f"a {what} longer than {limit} characters (`{what}_chars_max`)"
            raise self.stop("too-large", position, detail)
        if not value.isascii() and _SURROGATE.search(value):
            detail = "half of a surrogate pair is not a character"
            raise self.stop("syntax", position, detail, here=False)

    def _too_many(self, position: Position) -> SpecError:
        detail = f"more than {self.limits.nodes_max} keys and values (`nodes_max`)"
        return self.stop("too-large", position, detail)

    def _put(self, value: JSON, position: Position, style: Style) -> bool:
        self._nodes += 1
        if self._nodes > self._nodes_max:
            raise self._too_many(position)
        frame = self._frame
        if frame is None:
            self._root = value
            self._places[()] = Place(position, None, style)
            return True
        kept = frame.kept and frame.key_kept
        if frame.is_list:
            if kept:
                self._places[(*frame.pointer, frame.seen)] = _made(Place, (position, None, style))
            frame.container.append(value)
            frame.seen += 1
            return kept
        key = frame.key
        if kept:
            pointer = (*frame.pointer, key or "")
            self._places[pointer] = _made(Place, (position, frame.key_position, style))
        if frame.key_kept:
            frame.container[key] = value
        frame.key = frame.key_position = None
        return kept
