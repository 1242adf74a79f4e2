"""The registry: modules from files and from users, always fitting together."""

import pytest

from planner.registry import Registry
from spec.problems import SpecError

DOUBLE = """
module: double
inputs: {text: string}
steps: {twice: {use: text, template: "{{ inputs.text }}{{ inputs.text }}"}}
outputs: {text: $twice.text}
"""


def calling(callee, name="double"):
    """The page of a module that hands its work to another."""
    return DOUBLE.replace("double", name).replace("use: text, template:", f"use: {callee}, text:")


def codes(error):
    return [problem.code for problem in error.value.problems]


def test_what_ships_may_not_be_replaced(registry):
    assert registry.standard == set(registry.modules)


def test_registering_makes_another_registry_and_leaves_the_first(registry, read):
    grown = registry.with_module(read(DOUBLE))
    assert "double" in grown.modules
    assert "double" not in registry.modules


def test_files_may_come_in_any_order(tmp_path, registry, read):
    for name, source in registry.sources.items():
        (tmp_path / f"z-{name}.yaml").write_bytes(source.data)
    (tmp_path / "a.yaml").write_text(DOUBLE)
    assert "double" in Registry.from_folder(tmp_path, registry.engines).modules


def test_a_standard_module_may_not_be_replaced(registry, read):
    with pytest.raises(SpecError) as error:
        registry.with_module(read(DOUBLE.replace("double", "llm")))
    assert codes(error) == ["bad-name"]


def test_a_module_that_calls_itself_is_refused(registry, read):
    with pytest.raises(SpecError) as error:
        registry.with_module(read(calling("double")))
    assert codes(error) == ["recursion"]


def test_a_circle_of_modules_is_refused(registry, read):
    grown = registry.with_module(read(DOUBLE)).with_module(
        read(
            DOUBLE.replace("double", "outer").replace("use: text, template:", "use: double, text:")
        )
    )
    with pytest.raises(SpecError) as error:
        grown.with_module(read(calling("outer")))
    assert codes(error) == ["recursion"]


def test_a_change_that_would_break_a_registered_module_is_refused(registry, read):
    grown = registry.with_module(read(DOUBLE)).with_module(
        read(
            DOUBLE.replace("double", "outer").replace("use: text, template:", "use: double, text:")
        )
    )
    with pytest.raises(SpecError) as error:
        grown.with_module(
            read(
                DOUBLE.replace("{text: string}", "{words: string}").replace(
                    "inputs.text", "inputs.words"
                )
            )
        )
    assert codes(error) == ["missing-key", "unknown-key"]  # of `outer`, which still gives `text`


CALL = """
module: parted
inputs: {{question: string, really: boolean}}
steps:
  asked: {{op: prefill, prompt: $inputs.question}}
  {said}
outputs: {{said: 1}}
"""
SAID = "said: {op: decode, call: $asked.call"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (SAID + ", if: $inputs.really}", "`asked` and `said` are one request"),
        (SAID + ", retry: 2}", "`asked` and `said` are one request"),
        (SAID + ", timeout: 2s}", "`asked` and `said` are one request"),
        ("b: {if: $inputs.really, steps: {" + SAID + "}}, outputs: {text: $said.text}}",
         "`said` does not stand beside `asked`"),
    ],
    ids=["left out", "tried again", "timed", "elsewhere"],
)  # fmt: skip
def test_both_ends_of_a_call_stand_together(registry, read, said, told):
    with pytest.raises(SpecError) as error:
        registry.with_module(read(CALL.format(said=said)))
    (problem,) = error.value.problems
    assert problem.code == "bad-value"
    assert told in problem.detail
    assert problem.pointer.endswith("/said/call")


def test_a_block_around_both_ends_of_a_call_may_be_left_out(registry, read):
    page = """
module: whole
inputs: {question: string, really: boolean}
steps:
  b:
    if: $inputs.really
    steps:
      asked: {op: prefill, prompt: $inputs.question}
      said: {op: decode, call: $asked.call}
    outputs: {text: $said.text}
outputs: {said: 1}
"""
    assert "whole" in registry.with_module(read(page)).modules
