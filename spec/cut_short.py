"""What a comma cuts off a value that wants quotes: keys without a value, elements that say nothing.

Inside `{ }` a plain `$join(a, b)` is the value `$join(a` and the key `b)`.
"""

from collections.abc import Iterator

from spec.quoting import ENDED, WANTED
from spec.source import Pointer, Position, Tree

_PIECES_MAX = 64
_OPENING = "([{"
_CLOSING = ")]}"


def cut_off(tree: Tree, pointer: Pointer) -> list[Position]:
    """Return where the rest of the plain string at `pointer` stands, if a comma has cut it."""
    if not _ends_at_comma(tree, pointer):
        return []
    found: list[Position] = []
    open = _open(tree.at(pointer))
    for place, text in _behind(tree, pointer):
        if open <= 0 or len(found) == _PIECES_MAX:
            break
        open += _open(text)
        found.append(place)
    return found


def lone_key(tree: Tree, pointer: Pointer) -> str | None:
    """Return what to say of the key at `pointer` if no `:` follows it, as when a comma cut it."""
    key = str(pointer[-1])
    if not _stands_alone(tree, pointer):
        return None
    if ":" in key:
        return "a space is missing after its `:`"
    return f"it has no `:`; {ENDED}, and one that holds a `,` {WANTED}"


def _behind(tree: Tree, pointer: Pointer) -> Iterator[tuple[Position, str]]:
    """Yield the keys or elements behind the one at `pointer`, up to one that is a value itself."""
    around, last = pointer[:-1], pointer[-1]
    siblings = tree.at(around)
    if isinstance(last, int):
        for index in range(last + 1, len(siblings)):
            yield tree.value_position((*around, index)), str(siblings[index])
        return
    keys = list(siblings)
    for key in keys[keys.index(last) + 1 :]:
        if not _stands_alone(tree, (*around, key)):
            return
        yield tree.key_position((*around, key)), key


def _ends_at_comma(tree: Tree, pointer: Pointer) -> bool:
    if tree.style(pointer) != "plain" or not pointer:
        return False
    place = tree.value_position(pointer)
    text, line = tree.at(pointer), tree.page.line(place.line)
    start = place.column - 1
    rest = line[start + len(text) :].lstrip()
    return bool(line[start:].startswith(text) and rest.startswith(","))


def _stands_alone(tree: Tree, pointer: Pointer) -> bool:
    if not tree.has_key(pointer) or tree.at(pointer) is not None:
        return False
    key, value = tree.key_position(pointer), tree.value_position(pointer)
    line, start = tree.page.line(key.line), key.column - 1
    end = start + len(str(pointer[-1]))
    if line[start:end] != pointer[-1]:
        return False
    last = value.column - 1 if value.line == key.line else len(line)
    return not line[end:last].strip()


def _open(text: str) -> int:
    return sum((char in _OPENING) - (char in _CLOSING) for char in text)
