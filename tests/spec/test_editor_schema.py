"""The schema for editors: a schema that lets through what is accepted, and describes it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft7Validator

from spec.editor_controls import LOOP_MEANINGS, MEANINGS
from spec.editor_inputs import KEYWORD_MEANINGS, WORD_MEANINGS
from spec.editor_schema import TOP_MEANINGS, editor_schema
from spec.load import read
from spec.names import CONTROL_KEYS, LOOP_KEYS, WORKFLOW_KEYS
from spec.schema_words import KEYWORDS
from spec.types import WORDS
from spec.vocabulary import Signature, Vocabulary
from tests.spec.editor_pages import checked, refused, tree
from tests.spec.test_golden import ACCEPTED, source_of


@pytest.fixture(scope="module")
def schema(module_vocabulary: Vocabulary) -> dict[str, Any]:
    return editor_schema(module_vocabulary)


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_an_accepted_document_is_let_through(path, schema):
    assert refused(schema, read(source_of(path)).value) == []


def test_it_is_a_schema(schema):
    Draft7Validator.check_schema(schema)


def test_without_anything_to_call_it_is_a_schema_too():
    schema = editor_schema(Vocabulary())
    Draft7Validator.check_schema(schema)
    # Editors hold a schema to more than the metaschema that validators come with.
    assert '"enum": []' not in json.dumps(schema)


def test_where_no_flow_is_known_any_may_be_there_when_it_is_submitted():
    schema = editor_schema(Vocabulary())
    page = "workflow: w\nsteps: {x: {flow: any, question: 1}}\noutputs: {x: $x}"
    assert refused(schema, tree(page)) == []


def test_the_same_vocabulary_gives_the_same_text(schema, module_vocabulary):
    backwards = replace(
        module_vocabulary,
        modules=dict(reversed(module_vocabulary.modules.items())),
        ops=dict(reversed(module_vocabulary.ops.items())),
        flows=dict(reversed(module_vocabulary.flows.items())),
    )
    assert json.dumps(editor_schema(backwards)) == json.dumps(schema)


def test_it_names_no_place_to_fetch_from(schema):
    text = json.dumps({key: value for key, value in schema.items() if key != "$schema"})
    assert "://" not in text
    assert schema["$id"].startswith("urn:")


@pytest.mark.parametrize(
    ("meanings", "names"),
    [
        (MEANINGS, CONTROL_KEYS),
        (LOOP_MEANINGS, LOOP_KEYS),
        (TOP_MEANINGS, WORKFLOW_KEYS),
        (WORD_MEANINGS, WORDS),
    ],
)
def test_every_key_and_word_of_the_language_is_described(meanings, names):
    assert set(meanings) == set(names)
    assert all(meanings.values())


def test_no_keyword_is_described_that_the_language_does_not_have():
    assert set(KEYWORD_MEANINGS) <= {*KEYWORDS, "names"}


def test_the_keys_of_a_step_have_a_description_and_a_form(schema):
    for name in ("workflow_step", "module_step"):
        keys = schema["definitions"][name]["properties"]
        assert list(keys) == list(CONTROL_KEYS)
        for key, form in keys.items():
            if form is False:
                assert (name, key) == ("workflow_step", "op")
            else:
                assert form["description"]
                assert len(form) > 1


def test_an_input_of_a_module_says_what_it_is(module_vocabulary):
    document = checked(
        """module: m
description: Looks things up.
inputs:
  query: {type: string, description: What to look for.}
  top_k: {type: integer, default: 10, minimum: 1, maximum: 50}
  by: {enum: [one, two], default: one}
  prompt: {type: prompt, names: {docs: "doc[]"}}
  seed: integer?
steps: {x: {use: text, template: x}}
outputs: {text: $x, other: 1}
""",
        module_vocabulary,
    )
    schema = editor_schema(Vocabulary(modules={"look.up": Signature.of(document)}))
    known = schema["definitions"]["use:look.up"]
    inputs = known["properties"]
    assert known["description"] == "Looks things up."
    assert known["required"] == ["query", "prompt"]
    assert inputs["query"]["description"] == "What to look for. (string)"
    assert inputs["top_k"]["description"] == "(integer; default 10)"
    assert inputs["prompt"]["description"] == "(prompt; may name docs: doc[])"
    assert inputs["seed"]["description"] == "(integer?; may be left out)"
    top_k = {key: inputs["top_k"][key] for key in ("default", "minimum", "maximum")}
    assert top_k == {"default": 10, "minimum": 1, "maximum": 50}
    assert inputs["by"]["anyOf"][0] == {"enum": ["one", "two"]}
    assert inputs["collect"]["enum"] == ["text", "other"]
    use = schema["definitions"]["workflow_step"]["properties"]["use"]
    assert (use["enum"], use["enumDescriptions"]) == (["look.up"], ["Looks things up."])
