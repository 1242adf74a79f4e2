"""Pages that nobody would write: real ones that were damaged or spliced, and nearly right ones."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from spec.load import read
from spec.problems import SpecError
from spec.source import Media, Source
from tests.bad_inputs.catalogue import data_of, items
from tests.spec.fuzz import near_json, near_yaml
from tests.spec.fuzz.grafts import graft

ROOT = Path(__file__).parents[3]
_FOLDERS = ("tests/spec/golden", "workflows")
CHARS_MAX = 64 << 10  # so much is checked in well under a second
_WIDE_CHARS_MAX = (1 << 20) + 100  # a little more than a page may have
_PIECES: Sequence[bytes] = (
    b"{{", b"}}", b"{{{{", b"$", b"$$", b"|", b"|-\n", b">\n", b"&a ", b"*a", b"!!str ", b"<<: ",
    b"? ", b"- ", b": ", b":", b",", b"#", b" #", b"%YAML 1.2\n---\n", b"---\n", b"...\n", b"\t",
    b"\r", b"\n", b"\r\n", b"\0", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff",
    b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\\", b"\\u", b"\\ud83d", b"\\U0010FFFF", b"\\x", b"'",
    b'"', b"''", b"[", b"]", b"{", b"}", b"[" * 70, b"{a: " * 70, b"- " * 70, b"(" * 40,
    b"not " * 40, b"yes", b"null", b"~", b"1e999", b"9" * 400, b"0x" + b"f" * 40, b".inf", b"-0",
    b"1:30", b"workflow: ", b"steps:\n", b'"steps": {', b"$a.b[0][x:]", b"{{ a | each('{') }}",
    b"\x1b[2J", b"\xe2\x80\xae", b"a" * 5_000,
)  # fmt: skip


def inputs(media: Media, seed: int) -> Iterator[bytes]:
    """Yield inputs without end; the same for the same seed."""
    random = Random(seed)
    pages = corpus(media)
    near: Callable[[Random], str] = near_yaml.page if media == "yaml" else near_json.page
    trees = [tree for page in pages for tree in _trees(Source("page", page, media))]
    while True:
        kind = random.random()
        if kind < 0.25:
            yield near(random).encode("utf-8", "surrogatepass")[:CHARS_MAX]
        elif kind < 0.5:
            yield graft(random, trees).encode("utf-8", "surrogatepass")[:CHARS_MAX]
        elif kind < 0.51:
            yield _wide(random, random.choice(pages))
        else:
            yield _damaged(random, pages)[:CHARS_MAX]


def corpus(media: Media) -> list[bytes]:
    """Return every page there is and every bad input.

    A page in the other form is put into this one, as far as it can be read.
    """
    cases = (case for item in items() for case in (*item.page.cases, *item.page.twins))
    found = [data_of(case.body) for case in cases if case.media == media]
    for path in sorted(path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.*")):
        if path.suffix in (".yaml", ".json"):
            data = path.read_bytes()
            own: Media = "json" if path.suffix == ".json" else "yaml"
            found += [data] if own == media else []
            found += _as_json(Source(path.name, data, own)) if media == "json" else []
    return found


def _as_json(source: Source) -> list[bytes]:
    return [
        json.dumps(tree, indent=indent, ensure_ascii=indent is None).encode()
        for tree in _trees(source)
        for indent in (None, 1)
    ]


def _trees(source: Source) -> list[Any]:
    """Return what a page says, unless it is too large to be changed again and again."""
    if len(source.data) > CHARS_MAX // 4:
        return []
    try:
        return [read(source).value]
    except SpecError:
        return []


def _damaged(random: Random, pages: Sequence[bytes]) -> bytes:
    page = bytearray(random.choice(pages)[:CHARS_MAX])
    for damage in random.choices(_DAMAGES, k=random.choice((1, 1, 1, 2, 3, 8, 30))):
        damage(random, page, pages)
    return bytes(page)


def _flip(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    if page:
        page[random.randrange(len(page))] ^= 1 << random.randrange(8)


def _replace(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    if page:
        page[random.randrange(len(page))] = random.randrange(256)


def _insert(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    place = random.randint(0, len(page))
    page[place:place] = random.choice(_PIECES)


def _remove(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    first, last = _range(random, page)
    del page[first:last]


def _repeat(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    first, last = _range(random, page)
    page[last:last] = page[first:last] * random.choice((1, 1, 2, 10, 100))
    del page[CHARS_MAX:]


def _splice(random: Random, page: bytearray, pages: Sequence[bytes]) -> None:
    other = random.choice(pages)
    first, last = _range(random, other)
    start, end = _range(random, page)
    page[start:end] = other[first:last]


def _join(random: Random, page: bytearray, pages: Sequence[bytes]) -> None:
    page[random.randint(0, len(page)) :] = _from_somewhere(random, random.choice(pages))


def _indent(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    lines = page.split(b"\n")
    number = random.randrange(len(lines))
    line = lines[number].lstrip()
    lines[number] = random.choice((b" ", b"\t", b"")) * random.randint(0, 9) + line
    page[:] = b"\n".join(lines)


def _swap_lines(random: Random, page: bytearray, _: Sequence[bytes]) -> None:
    lines = page.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    page[:] = b"\n".join(lines)


_DAMAGES = (
    _flip, _flip, _replace, _insert, _insert, _insert, _remove, _repeat, _splice, _join, _indent,
    _swap_lines,
)  # fmt: skip


def _range(random: Random, page: Sequence[int]) -> tuple[int, int]:
    first = random.randint(0, len(page))
    return first, min(len(page), first + random.choice((1, 1, 2, 5, 20, 100, 1_000)))


def _from_somewhere(random: Random, page: bytes) -> bytes:
    return page[random.randint(0, len(page)) :]


def _wide(random: Random, page: bytes) -> bytes:
    """Return a page as large as one may be, or a little larger, of one thing again and again."""
    first, last = _range(random, page)
    unit = random.choice((random.choice(_PIECES), page[first:last], page)) or b" "
    times = _WIDE_CHARS_MAX // len(unit)
    around = random.choice((b"", page[:first])), random.choice((b"", page[last:]))
    return (around[0] + unit * random.choice((times, times // 7)) + around[1])[:_WIDE_CHARS_MAX]


def first_inputs(media: Media, seed: int, count: int) -> list[bytes]:
    """Return the first so many inputs."""
    return list(islice(inputs(media, seed), count))
