"""Text with slots and whole pages made at random, over inputs whose types are known."""

from typing import Any

from hypothesis import strategies as st

from spec.expressions import parse_expression
from spec.values import Member, Name, rewrite
from tests.spec.generated import PLAIN, TYPES, typed
from tests.spec.rendered import expression

_FORMATTERS = st.sampled_from([
    "numbered", "json", "join(', ')", "join('\\n')", "default('none')", "default(1.5)",
    "default(2)", "default(true)", "default([])", "truncate(3)",
    "each('{i}. {text} \\{ {a.b}{}\\n')", 'join("\\"")', "each('\\\\{i}')",
])  # fmt: skip


@st.composite
def _slots(draw: st.DrawFn) -> str:
    space = draw(st.sampled_from(["", " ", "\n"]))
    path = draw(st.sampled_from(["inputs.s", "d", "ld[0].text", "a.b_1[12].c", "l"]))
    return (
        "{{" + space + " | ".join([path, *draw(st.lists(_FORMATTERS, max_size=3))]) + space + "}}"
    )


#: Text with slots, braces and dollars; some of it is not well formed.
TEMPLATES = st.lists(
    st.text("ab$ {}\\|'\"\n\té", max_size=6) | st.just("{{{{") | _slots(), max_size=6
).map("".join)


def _of_inputs(text: str) -> str:
    """Return the expression `text`, written without its `$`, with inputs for the names in scope."""
    value = rewrite(
        parse_expression(f"${text}").value,
        lambda part: Member(Name("inputs"), part.id) if isinstance(part, Name) else None,
    )
    return f"${expression(value)}"


_TYPED = typed(2)
_PIECES = (
    "{{ inputs.s }}", "{{ inputs.ld | numbered }}", "{{inputs.oi|default(0)}}", "{{{{", "$", "$$",
    " a: b", "\n", "- ", "'", '"', "# no", "é", "\x85", "{}",
)  # fmt: skip


@st.composite
def _given(draw: st.DrawFn, type: str | None = None) -> str:
    return _of_inputs(draw(_TYPED[type or draw(st.sampled_from(list(_TYPED)))]))


@st.composite
def _written(draw: st.DrawFn) -> str:
    text = "".join(draw(st.lists(st.sampled_from(_PIECES), max_size=5)))
    return f"${text}" if text.startswith("$") and not text.startswith("$$") else text


@st.composite
def _values(draw: st.DrawFn, depth: int = 0) -> Any:
    kind = draw(st.integers(0, 4 if depth < 3 else 2))
    if kind == 0:
        return draw(_given())
    if kind == 1:
        return draw(_written())
    if kind == 2:
        return draw(PLAIN)
    inner = _values(depth + 1)
    if kind == 3:
        return draw(st.lists(inner, max_size=3))
    return draw(st.dictionaries(st.text("ab: #'1", max_size=3), inner, max_size=3))


@st.composite
def _steps(draw: st.DrawFn) -> dict[str, Any]:
    return draw(st.sampled_from([_plain_step, _text_step, _element_step, _loop_step]))(draw)


def _plain_step(draw: st.DrawFn) -> dict[str, Any]:
    step = {"use": "value", "value": draw(_values())}
    return step | draw(_some(priority=st.integers(-10, 10), cache=st.sampled_from(["90s", "7d"])))


def _text_step(draw: st.DrawFn) -> dict[str, Any]:
    step = {"use": "text", "template": draw(_written() | _given("string"))}
    condition, instead = _given("boolean"), st.fixed_dictionaries({"text": _given("string")})
    if draw(st.booleans()):
        step |= {"if": draw(condition)} | draw(_some(**{"else": instead}))
    return step | draw(_some(engine=st.just("small"), timeout=st.just("3s"), fallback=instead))


def _element_step(draw: st.DrawFn) -> dict[str, Any]:
    step = {"for_each": draw(_given("strings")), "use": "text", "template": "{{ item }}"}
    return step | draw(_some(
        **{"if": st.just("$item != 'a' and position < 3")}, max_parallel=st.integers(1, 3),
        on_error=st.sampled_from([None, "fail", "drop"]), retry=st.integers(0, 3),
    ))  # fmt: skip


def _loop_step(draw: st.DrawFn) -> dict[str, Any]:
    loop = {
        "max": draw(st.integers(1, 100) | st.just("$inputs.i")),
        "start": {"seen": draw(_given("docs"))},
    }
    loop |= {"next": {"seen": "$loop.seen + inputs.ld"}} | draw(_some(until=_given("boolean")))
    return {"loop": loop, "steps": {"inner": {"use": "value", "value": "$loop"}}}


def _some(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what makes objects of any of these keys."""
    return st.fixed_dictionaries({}, optional=strategies)


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    steps = {
        f"s{number}": step
        for number, step in enumerate(draw(st.lists(_steps(), min_size=1, max_size=4)))
    }
    for number in range(1, len(steps)):
        if draw(st.booleans()):
            steps[f"s{number}"]["after"] = [f"s{draw(st.integers(0, number - 1))}"]
    return {
        "workflow": draw(st.sampled_from(["w", "a.b-c", "x_1.y"])),
        "description": draw(st.text("ab: {}\n\"'é")),
        "inputs": {name: str(type) for name, type in TYPES.items()},
        "steps": steps,
        "outputs": {"x": draw(_values()), "y": draw(_values())},
        "stream": draw(st.lists(st.sampled_from("xy"), max_size=2, unique=True)),
        "plan": {"off": draw(st.lists(st.just("speculate"), max_size=1)), "on": []},
    }


#: The data of pages in which nothing is wrong.
DOCUMENTS = _documents()
