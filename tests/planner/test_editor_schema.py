"""The schema for editors, over everything that ships: no file is refused, every module is told."""

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bench.language_pages import workflow
from planner.primitives import OPS
from spec.editor_schema import editor_schema
from spec.load import load, read
from spec.source import Source

WORKFLOWS = Path(__file__).parents[2] / "workflows"
FILES = sorted(WORKFLOWS.rglob("*.yaml"))
USES = sorted(path.stem for path in (WORKFLOWS / "modules").iterdir())


@pytest.fixture(scope="module")
def schema(registry):
    return editor_schema(registry.module_vocabulary())


def refused(schema, source: Source) -> list[str]:
    return [error.message for error in Draft7Validator(schema).iter_errors(read(source).value)]


def test_it_is_a_schema(schema):
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_is_let_through(schema, path):
    assert refused(schema, Source(path.name, path.read_bytes(), "yaml")) == []


def test_a_long_page_is_let_through(schema, registry):
    page = workflow(8)
    assert load(page, registry.vocabulary())
    assert refused(schema, page) == []


@pytest.mark.parametrize("name", USES)
def test_a_shipped_module_is_told_with_everything_it_takes(schema, registry, name):
    told = schema["definitions"][f"use:{name}"]
    module = registry.modules[name]
    assert told["description"] == module.description != ""
    for input in module.inputs:
        assert told["properties"][input.id]["description"].startswith(f"{input.description} (")
        assert (input.id in told["required"]) == input.required
    use = schema["definitions"]["workflow_step"]["properties"]["use"]
    assert use["enumDescriptions"][use["enum"].index(name)] == module.description


def test_every_primitive_is_there_for_modules(schema):
    assert schema["definitions"]["module_step"]["properties"]["op"]["enum"] == sorted(
        op.name for op in OPS.values() if op.authored
    )
