"""What follows from another problem is not reported."""

import pytest

from spec.load import load
from spec.problems import SpecError
from spec.source import Source
from spec.vocabulary import Vocabulary

NAME = "workflow: one\n"
STEPS = "steps: {a: {use: text, template: x}}\n"
OUTPUTS = "outputs: {x: $a.text}\n"
USER = "steps: {a: {use: text, template: '{{ inputs.n }}'}}\n"


@pytest.mark.parametrize(
    ("page", "codes"),
    [
        # a key that is there, but misspelt, is not missing too
        (NAME + STEPS.replace("steps", "stepps") + OUTPUTS, ["unknown-key"]),
        (NAME + STEPS + OUTPUTS.replace("outputs", "output"), ["unknown-key"]),
        (NAME.replace("workflow", "workflw") + STEPS + OUTPUTS, ["unknown-key"]),
        (NAME.replace("workflow", "Module") + STEPS + OUTPUTS, ["unknown-key"]),
        # nor is what stands under a key that could not be read unknown
        (NAME + OUTPUTS, ["missing-key"]),
        (NAME + "steps: []\n" + OUTPUTS, ["wrong-type"]),
        (NAME + "steps: {}\n" + OUTPUTS, ["bad-value"]),
        (NAME + "steps: {<<: {}, b: {use: text, template: x}}\n" + OUTPUTS, ["yaml-feature"]),
        (NAME + "input: {n: string}\n" + USER + OUTPUTS, ["unknown-key"]),
        (NAME + "inputs: [n]\n" + USER + OUTPUTS, ["wrong-type"]),
        (NAME + "inputs: {<<: {}}\n" + USER + OUTPUTS, ["yaml-feature"]),
        (NAME + "steps: {a: {steps: [], outputs: {text: $b}}}\n" + OUTPUTS, ["wrong-type"]),
        (
            f"{NAME}steps: {{a: {{steps: {{b: {{use: text, template: x}}}}, "
            f"loop: {{max: 1, start: {{}}, next: {{n: $loop.n}}}}}}}}\noutputs: {{x: 1}}\n",
            ["bad-value"],
        ),
        (
            f"{NAME}steps: {{a: {{reduce: 3, use: text, template: '$items[0]'}}}}\n{OUTPUTS}",
            ["wrong-type"],
        ),
        # but elsewhere an unknown name is one
        (NAME + USER + OUTPUTS, ["unknown-reference"]),
        (NAME + STEPS + OUTPUTS.replace("$a", "$b"), ["unknown-reference"]),
        (NAME + OUTPUTS.replace("$a", "$item"), ["missing-key", "unknown-reference"]),
    ],
)
def test_only_the_first_of_several_problems_that_are_one_is_reported(
    page: str, codes: list[str], vocabulary: Vocabulary
):
    with pytest.raises(SpecError) as refused:
        load(Source("one.yaml", page.encode(), "yaml"), vocabulary)
    assert [problem.code for problem in refused.value.problems] == codes
