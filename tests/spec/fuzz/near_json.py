"""Text that is nearly JSON: its grammar, with what only other readers take and with mistakes."""

import json
from random import Random

_STRINGS = (
    "workflow", "steps", "outputs", "inputs", "use", "text", "template", "value", "$a", "{{ a }}",
    "$coalesce(a, b)", "", "a", "é", "日本", "\U0001f600", "a\tb", 'a"b', "\\",
)  # fmt: skip
_LITERALS = (
    '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00"', '"\\u00"', '"\\x41"', '"a\nb"', "'a'", "a",
    '"open', "", "NaN", "Infinity", "-Infinity", "undefined", "True", "nul", "01", "1.", ".5",
    "+1", "-", "1e", "1e+", "0x1", "1e999", "-1e-999", "9" * 40, "9007199254740993", "-0", "-0.0",
    "1E5", "//c\n1", "/*c*/1", '"\\/\\b\\f\\n\\r\\t"', "\x0b1", "\xa01", "\ufeff1", "{}{}", "[][",
)  # fmt: skip


def page(random: Random) -> str:
    """Return one page."""
    around = ("", "", "", "", " ", "\n", "\r", "\t", "\x0c", "\ufeff", ",", "}", "]", "1", "\0")
    return random.choice(around) + _value(random, 0) + random.choice(around)


def _value(random: Random, depth: int) -> str:
    kind = random.random()
    if depth > 6 or kind < 0.2:
        return _string(random)
    if kind < 0.35:
        return random.choice(
            ("null", "true", "false", "0", "-1", "1.5", "1e3", "12345678901234567")
        )
    if kind < 0.4:
        return random.choice(_LITERALS)
    return _object(random, depth) if kind < 0.75 else _list(random, depth)


def _object(random: Random, depth: int) -> str:
    pairs = []
    for _ in range(random.randrange(5)):
        key = _string(random) if random.random() < 0.97 else random.choice(_LITERALS)
        colon = random.choice((":",) * 20 + ("", "::", " : ", "="))
        pairs.append(f"{key}{_space(random)}{colon}{_space(random)}{_value(random, depth + 1)}")
    return f"{_open(random, '{')}{_joined(random, pairs)}{_open(random, '}')}"


def _list(random: Random, depth: int) -> str:
    items = [_value(random, depth + 1) for _ in range(random.randrange(5))]
    return f"{_open(random, '[')}{_joined(random, items)}{_open(random, ']')}"


def _joined(random: Random, parts: list[str]) -> str:
    comma = random.choice((",",) * 30 + ("", ",,", ";"))
    return (
        _space(random) + f"{comma}{_space(random)}".join(parts) + random.choice(("",) * 20 + (",",))
    )


def _open(random: Random, bracket: str) -> str:
    return (
        bracket if random.random() < 0.98 else random.choice(("", "[", "]", "{", "}", bracket * 2))
    )


def _string(random: Random) -> str:
    text = random.choice(_STRINGS)
    return json.dumps(text, ensure_ascii=random.random() < 0.5)


def _space(random: Random) -> str:
    return random.choice(("", "", "", " ", "\n", "\r\n", "\t"))
