"""Text that is nearly YAML: its grammar, with what the language leaves out and with mistakes."""

from collections.abc import Callable
from random import Random

_WORDS = (
    "workflow", "module", "inputs", "steps", "outputs", "use", "op", "flow", "if", "else",
    "for_each", "fold", "reduce", "start", "loop", "max", "next", "until", "on_error", "collect",
    "retry", "timeout", "fallback", "after", "stream", "plan", "off", "on", "text", "template",
    "value", "llm", "prompt", "a", "b", "c", "x", "no", "yes", "null", "~", "true", "1", "-1.5e3",
    "0x1F", ".inf", ".nan", "1_000", "2001-01-01", "é", "日本", "a b", "a:b", "a#b", "", "<<", "=",
    "?",
)  # fmt: skip
_VALUES = (
    "$a", "$a.text", "$inputs.x[0]", "$coalesce(a, b)", "{{ a }}", "{{ a | json }} {{", "$$5",
    "string[]", "doc?", "3s", "a: b", "a, b", "@x", "`x`", "%x", "*x", "&x y", "!t x", "| x",
    "- x", "[a] b", "'it's'", '"\\d"', '"\\u0041\\x41\\U0001F600"', "'it''s'", '"a\n   b"',
    "a\n   b",
)  # fmt: skip


def page(random: Random) -> str:
    """Return one page."""
    head = random.choice(("", "", "", "", "%YAML 1.2\n---\n", "---\n", "--- ", "# c\n", "\ufeff"))
    tail = random.choice(("", "", "", "", "...\n", "---\na: 1\n", " ", "\t", "\0"))
    return head + _block(random, 0, 0) + tail


def _block(random: Random, indent: int, depth: int) -> str:
    if depth > 5 or random.random() < 0.1:
        return f" {_scalar(random, indent)}\n"
    kind = random.choice((_mapping, _mapping, _mapping, _sequence, _flow_line))
    return kind(random, indent, depth)


def _mapping(random: Random, indent: int, depth: int) -> str:
    lines = ["\n" if depth else ""]
    for _ in range(random.choice((1, 2, 3, 3, 5))):
        key = random.choice(_WORDS)
        key = random.choice((key, key, key, f"'{key}'", f'"{key}"', f"? {key}\n{' ' * indent}"))
        colon = random.choice((":", ":", ":", ":", ":", "", " :", "::"))
        lines.append(f"{_margin(random, indent)}{_properties(random)}{key}{colon}")
        lines.append(_block(random, indent + random.choice((1, 2, 2, 2, 4)), depth + 1))
    return "".join(lines)


def _sequence(random: Random, indent: int, depth: int) -> str:
    lines = ["\n"]
    for _ in range(random.choice((1, 2, 3))):
        lines.append(f"{_margin(random, indent)}-{random.choice((' ', ' ', '', '  '))}")
        lines.append(_block(random, indent + 2, depth + 1).lstrip(" "))
    return "".join(lines)


def _flow_line(random: Random, indent: int, depth: int) -> str:
    return f" {_properties(random)}{_flow(random, depth)}{random.choice(('', '', ' # c', ' x'))}\n"


def _flow(random: Random, depth: int) -> str:
    if depth > 6 or random.random() < 0.4:
        return _scalar(random, 0).replace("\n", " ")
    inner = [_flow(random, depth + 1) for _ in range(random.randrange(4))]
    comma = random.choice((", ", ", ", ",", "\n  ,", " "))
    if random.random() < 0.4:
        return f"[{comma.join(inner)}{random.choice((']', ']', ',]', '}', ''))}"
    colon = random.choice((": ", ": ", ":", "", " : "))
    pairs = [f"{random.choice(_WORDS)}{colon}{value}" for value in inner]
    return f"{{{comma.join(pairs)}{random.choice(('}', '}', ',}', ']', ''))}"


def _scalar(random: Random, indent: int) -> str:
    kinds: tuple[Callable[[], str], ...] = (
        lambda: random.choice(_WORDS),
        lambda: random.choice(_VALUES),
        lambda: f'"{_odd(random)}"',
        lambda: f"'{_odd(random)}'",
        lambda: _odd(random),
        lambda: _block_scalar(random, indent),
    )
    return _properties(random) + random.choice(kinds)()


def _block_scalar(random: Random, indent: int) -> str:
    head = random.choice("|>") + random.choice(("", "-", "+", "2", "0", "1-", "9", "x"))
    rows = [
        " " * max(0, indent + random.choice((-1, 0, 1, 2, 2, 4))) + random.choice(_VALUES + _WORDS)
        for _ in range(random.randrange(4))
    ]
    return "\n".join([head, *rows])


def _properties(random: Random) -> str:
    return random.choice(("",) * 30 + ("&a ", "*a ", "!!str ", "!x ", "!<y> ", "&a !b ", "? "))


def _margin(random: Random, indent: int) -> str:
    odd = random.random()
    if odd < 0.03:
        return "\t" * random.randint(1, 2)
    return " " * max(0, indent + (random.choice((-1, 1, 3)) if odd < 0.08 else 0))


def _odd(random: Random) -> str:
    letters = "ab:,#'\"{}[]$|>-?!&*%@`\\ \t\né\x85\u2028\U0001f600\ud800\x07"
    return "".join(random.choices(letters, k=random.randrange(12)))
