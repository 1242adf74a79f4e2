"""From bytes to lines of text: UTF-8 without a byte order mark, and nothing that cannot be shown.

Decoding is strict and happens once, before either reader looks at a character.
"""

from spec.limits import Limits
from spec.problems import SpecError, problem_at
from spec.source import START, Page, Source

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def decode(source: Source, limits: Limits) -> tuple[str, Page]:
    """Return the text of `source` and its page, or raise `SpecError`."""
    if len(source.data) > limits.bytes_max:
        size = f"{len(source.data)} bytes, more than {limits.bytes_max} (`bytes_max`)"
        problem = problem_at(Page(source.name, ()), "too-large", (), START, size)
        raise SpecError([problem], source.name)
    if source.data.startswith(_BYTE_ORDER_MARKS):
        raise _refusal(source, 0, "a byte order mark; save the file as plain UTF-8")
    try:
        text = source.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(source, error.start, "these bytes are not UTF-8") from None
    nul = source.data.find(b"\0")
    if nul >= 0:
        raise _refusal(source, nul, "a NUL character")
    return text, Page(source.name, _lines(text), text)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _refusal(source: Source, index: int, detail: str) -> SpecError:
    before = source.data[:index].decode("utf-8", "replace")
    around = source.data[: index + 200].decode("utf-8", "replace")
    page = Page(source.name, _lines(around), before)
    problem = problem_at(page, "syntax", None, page.position(len(before)), detail)
    return SpecError([problem], source.name)
