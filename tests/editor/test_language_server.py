"""Writing workflows in an editor: the real yaml-language-server, on the schema we hand out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli_schema import write_schema
from api.exit_codes import Exit
from api.settings import Settings
from spec.editor_controls import MEANINGS
from spec.names import CONTROL_KEYS
from tests.editor.language_server import LanguageServer, language_server

pytestmark = pytest.mark.slow
SHIPPED = sorted((Path(__file__).parents[2] / "workflows").rglob("*.yaml"))
MODELINE = "# yaml-language-server: $schema=teola.json\n"
#: Steps with a mistake each, on the line that is marked, and what is said there.
MISTAKES = {
    "an unknown input": (
        "use: search\nindex: $i\nquery: x\ntop_n: 3  # here", "Property top_n is not allowed."
    ),
    "a missing input": ("use: search\nindex: $i", 'Missing property "query".'),
    "a string for an integer": (
        "use: search\nindex: $i\nquery: x\ntop_k: many  # here",
        "This is text; an expression starts with $",
    ),
    "a number that is too large": (
        "use: search\nindex: $i\nquery: x\ntop_k: 5000  # here",
        "Value is above the maximum of 1000.",
    ),
    "a value that is not in the enum": (
        "use: search\nindex: $i\nquery: x\nby: vectr  # here",
        'Value is not accepted. Valid values: "vector", "lexical", "hybrid".',
    ),
    "two bodies": ("use: text\ntemplate: x\nflow: other  # here", "A step has one body"),
    "a key without its partner": (
        "use: text\ntemplate: x\ncollect: text  # here", "This means nothing without for_each"
    ),
    "no duration": (
        "use: text\ntemplate: x\ntimeout: soon  # here",
        "A duration is an integer above 0 and one of ms, s, m, h, d",
    ),
    "no body": ("retry: 1", "A step has a body: use, flow, steps"),
    "a mistake in a block": (
        "outputs: {x: 1}\nsteps:\n  inner:\n    use: text\n    template: 3  # here",
        'Incorrect type. Expected "string".',
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """An editor in a folder that has the schema, which asks nobody for anything."""
    folder = tmp_path_factory.mktemp("editor")
    assert write_schema(Settings(), folder / "teola.json") == Exit.OK
    with language_server(folder) as server:
        yield server
        assert server.stop() == []


def page_with(step: str) -> str:
    inside = "".join(f"    {line}\n" for line in step.split("\n"))
    return (
        f"{MODELINE}workflow: w\ninputs: {{i: string}}\nsteps:\n  s:\n{inside}outputs: {{x: 1}}\n"
    )


def place_of(text: str, marked: str) -> tuple[int, int]:
    """The line and column, from 0, right behind what is marked."""
    before = text[: text.index(marked) + len(marked)]
    return before.count("\n"), len(before.rpartition("\n")[2])


def plain(markdown: str) -> str:
    return markdown.replace("\\", "").replace("&emsp;", " ")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_said_of_a_file_that_is_right(editor, path):
    assert editor.open(path.name, MODELINE + path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_shown_on_its_line(editor, name):
    step, message = MISTAKES[name]
    text = page_with(step)
    (found,) = editor.open(f"{name}.yaml", text)
    line, _ = place_of(text, "# here" if "# here" in text else "  s:")
    assert (found["range"]["start"]["line"], found["message"]) == (line, message)


def test_an_id_that_is_none_is_shown(editor):
    text = page_with("use: text\ntemplate: x").replace("  s:", "  A-b:")
    (found,) = editor.open("id.yaml", text)
    assert found["range"]["start"] == {"line": 4, "character": 2}
    assert found["message"].startswith("An id is a-z, 0-9 and _, a letter first")


def test_a_step_is_offered_the_inputs_of_its_module_with_what_they_are(editor):
    text = page_with("use: search\nindex: $i\n")
    editor.open("inputs.yaml", text)
    offered = editor.complete("inputs.yaml", *place_of(text, "index: $i\n    "))
    assert offered["query"]["documentation"] == "What to look for. (string)"
    assert offered["top_k"]["documentation"].startswith("Passages to return at most. (integer;")
    assert offered["top_k"]["insertText"] == "top_k: ${1:10}"
    assert offered["for_each"]["documentation"] == MEANINGS["for_each"]
    assert not {"index", "use", "prompt", "lists"} & offered.keys()


def test_a_module_whose_name_begins_like_others_is_offered_none_of_their_inputs(editor):
    text = page_with("use: llm\n")
    editor.open("begins.yaml", text)
    offered = editor.complete("begins.yaml", *place_of(text, "use: llm\n    "))
    assert {"prompt", "temperature"} <= offered.keys()
    assert not {"schema", "items", "messages", "tools"} & offered.keys()


def test_use_is_offered_every_module_with_what_it_is_for(editor):
    text = page_with("use: ")
    editor.open("use.yaml", text)
    offered = editor.complete("use.yaml", *place_of(text, "use: "))
    assert offered.keys() == {path.stem for path in SHIPPED if path.parent.name == "modules"}
    assert all(item["documentation"] for item in offered.values())


def test_an_input_is_offered_the_values_it_may_have(editor):
    text = page_with("use: search\nindex: $i\nquery: x\nby: ")
    editor.open("values.yaml", text)
    offered = editor.complete("values.yaml", *place_of(text, "by: "))
    assert set(offered) == {"vector", "lexical", "hybrid"}


def test_a_step_in_a_block_in_a_module_is_offered_primitives(editor):
    steps = "steps:\n  inner:\n    op: "
    text = page_with(f"outputs: {{x: 1}}\n{steps}").replace("workflow: w", "module: m")
    editor.open("module.yaml", text)
    offered = editor.complete("module.yaml", *place_of(text, "op: "))
    assert {"prefill", "decode", "embed"} <= offered.keys()


@pytest.mark.parametrize("key", CONTROL_KEYS)
def test_a_control_key_shows_what_it_means(editor, key):
    text = page_with(f"{key}: 1").replace("workflow: w", "module: m")
    editor.open(f"key {key}.yaml", text)
    shown = plain(editor.hover(f"key {key}.yaml", *place_of(text, f"    {key[:1]}")))
    assert shown.startswith(MEANINGS[key])


def test_an_input_and_a_step_show_what_they_are(editor):
    text = page_with("use: search\nindex: $i\nquery: x")
    editor.open("shown.yaml", text)
    shown = plain(editor.hover("shown.yaml", *place_of(text, "que")))
    assert shown.startswith("What to look for. (string)")
    assert "Find the passages" in plain(editor.hover("shown.yaml", *place_of(text, "  s")))


def test_somebody_who_is_asked_for_a_schema_would_be_noticed(tmp_path):
    with language_server(tmp_path) as server:
        server.open(
            "away.yaml", "# yaml-language-server: $schema=http://127.0.0.1:1/a.json\na: 1\n"
        )
        (asked,) = server.stop()
        assert "127.0.0.1" in asked
