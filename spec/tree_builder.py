"""From a reader's events to a tree: counts as they come, and stops at the first limit passed.

Both readers feed it, so YAML and JSON have the same limits, positions and refusals.
"""

import re
from typing import Any, TypeAlias

from spec.codes import Code
from spec.limits import INTEGER_MAX, PROBLEMS_FOUND_MAX, Limits
from spec.problems import Problem, SpecError, echo, problem_at, quoted
from spec.source import Page, Place, Pointer, Position, Tree
from spec.values import JSON

_SURROGATE = re.compile(r"[\ud800-\udfff]")


# An object or a list while something inside it is read: the places in it, the key of what is read,
# which is None in a list, and whether the container is kept as part of the tree.
_Frame: TypeAlias = tuple[JSON, Any, str | None, bool]


class TreeBuilder:
    """Takes the events of one document in order. `finish` gives the tree or every problem.

    Each comes with the index of its first character on the page. `wants_key` says whether the next
    scalar is the key of an object. The root is read as if it were the element of a list.
    """

    def __init__(self, page: Page, limits: Limits) -> None:
        self.page = page
        self.limits = limits
        self.problems: list[Problem] = []
        self.wants_key = False
        self._root: list[JSON] = []
        self._root_place: list[Place] = []
        self._container: JSON = self._root  # the innermost
        self._places: Any = self._root_place
        self._is_list = True
        self._kept = True
        self._key: str | None = None
        self._key_at = 0
        self._key_kept = True
        self._around: list[_Frame] = []
        self._unknown: set[Pointer] = set()
        self._left = limits.nodes_max
        self._key_chars_max = limits.key_chars_max
        self._scalar_chars_max = limits.scalar_chars_max

    @property
    def pointer(self) -> Pointer:
        """Where the next value goes."""
        here = self._here
        if not self._around:
            return here
        if self._is_list:
            return (*here, len(self._container))
        return here if self._key is None else (*here, self._key)

    @property
    def _here(self) -> Pointer:
        """Where the innermost object or list stands."""
        return tuple(
            len(container) - 1 if key is None else key for container, _, key, _ in self._around[1:]
        )

    def refuse(self, code: Code, at: int, detail: str) -> None:
        """Note a problem with what comes next and go on."""
        position = self.page.position(at)
        self.problems.append(problem_at(self.page, code, self.pointer, position, detail))
        if len(self.problems) >= PROBLEMS_FOUND_MAX:
            raise SpecError(self.problems, self.page.name)

    def stop(self, code: Code, at: int, detail: str) -> SpecError:
        """Note a problem with what comes next, after which nothing can be read.

        Returns what is to be raised.
        """
        return self.stop_at(code, self.page.position(at), detail, self.pointer)

    def stop_at(
        self, code: Code, position: Position, detail: str, pointer: Pointer | None = None
    ) -> SpecError:
        """Note a problem after which nothing can be read, of the whole text or at `pointer`."""
        self.problems.append(problem_at(self.page, code, pointer, position, detail))
        return SpecError(self.problems, self.page.name)

    def open(self, container: dict[str, JSON] | list[JSON], at: int) -> None:
        """Begin an object or a list."""
        if len(self._around) >= self.limits.depth_max:
            detail = f"nested deeper than {self.limits.depth_max} levels (`depth_max`)"
            raise self.stop("too-large", at, detail)
        is_list = isinstance(container, list)
        places: Any = [] if is_list else {}
        kept = self._kept and self._key_kept
        frame = (self._container, self._places, self._key, self._kept)
        self._put(container, at, places)
        self._around.append(frame)
        self._container, self._places, self._kept = container, places, kept
        self._is_list, self._key = is_list, None
        self.wants_key = not is_list

    def close(self) -> None:
        """End the innermost object or list."""
        self._container, self._places, key, self._kept = self._around.pop()
        self._is_list = key is None
        self.wants_key = not self._is_list

    def key(self, text: str, at: int) -> None:
        """Take the key of the value that comes next. A repeated one keeps its first value."""
        self._left -= 1
        if self._left < 0:
            raise self._too_many(at)
        if len(text) > self._key_chars_max or not text.isascii():
            self._check_text(text, at, "key", self._key_chars_max)
        self._key, self._key_at = text, at
        self.wants_key = False
        if text in self._container:
            self._key_kept = False
            self.refuse("duplicate-key", at, f"{quoted(text)} stands here a second time")

    def scalar(self, value: JSON, at: int) -> None:
        """Take one number, boolean or null."""
        if isinstance(value, int) and abs(value) > INTEGER_MAX:
            detail = f"integers are exact only up to 2^53 - 1, not {echo(value)}"
            self.refuse("bad-value", at, detail)
            self.unknown(at)
            return
        self._put(value, at)

    def text(self, value: str, at: int) -> None:
        """Take one string."""
        if len(value) > self._scalar_chars_max or not value.isascii():
            self._check_text(value, at, "scalar", self._scalar_chars_max)
        self._put(value, at)

    def unknown(self, at: int) -> None:
        """Take a value that was refused: it stays in its place and says nothing."""
        if self._kept and self._key_kept:
            self._unknown.add(self.pointer)
        self._put(None, at)

    def unknown_object(self) -> None:
        """Say that the innermost object may have had keys that could not be read."""
        self._unknown.add(self._here)

    def finish(self) -> Tree:
        """Return the whole tree with what was refused in it marked unknown."""
        return Tree(self._root[0], self.page, self._root_place[0], frozenset(self._unknown))

    def _check_text(self, value: str, at: int, what: str, limit: int) -> None:
        if len(value) > limit:
            detail = f"a {what} longer than {limit} characters (`{what}_chars_max`)"
            raise self.stop("too-large", at, detail)
        if not value.isascii() and _SURROGATE.search(value):
            detail = "half of a surrogate pair is not a character"
            raise self.stop_at("syntax", self.page.position(at), detail)

    def _too_many(self, at: int) -> SpecError:
        detail = f"more than {self.limits.nodes_max} keys and values (`nodes_max`)"
        return self.stop("too-large", at, detail)

    def _put(self, value: JSON, at: int, places: Any = None) -> None:
        self._left -= 1
        if self._left < 0:
            raise self._too_many(at)
        if self._is_list:
            self._container.append(value)
            self._places.append((at, None, places))
            return
        key = self._key
        if self._key_kept:
            self._container[key] = value
            self._places[key] = (at, self._key_at, places)
        self._key_kept = self.wants_key = True
        self._key = None
