"""The modules that ship take and give exactly what the reference of the language says."""

import json

import pytest

from spec.model import Input
from spec.vocabulary import Signature

_SAMPLING = ["temperature: number = 0", "max_tokens: integer?", "stop: string[]?", "seed: integer?"]
_LLM = ["prompt: prompt", "system: prompt?", "names: object?"]
STANDARD = {
    "text": (["template: string"], ["text: string"]),
    "value": (["value: any"], ["value: any"]),
    "chunk": (["text: any", "size: integer = 512", "overlap: integer = 0"], ["items: doc[]"]),
    "index": (["chunks: doc[]?", "name: string?"], ["index: index"]),
    "search": (
        ["index: index", "query: string", "top_k: integer = 10", 'by: string = "vector"',
         "where: object?"],
        ["docs: doc[]"],
    ),
    "rerank": (["query: string", "docs: doc[]", "top_k: integer?"], ["docs: doc[]"]),
    "merge": (
        ["lists: doc[]?[]", 'by: string = "rrf"', "k: integer = 60", "top_k: integer?"],
        ["docs: doc[]"],
    ),
    "llm": ([*_LLM, *_SAMPLING], ["text: string"]),
    "llm.list": (
        [*_LLM, "items: integer?", "min_items: integer = 0", "schema: schema?", *_SAMPLING],
        ["items: string[]"],
    ),
    "llm.json": ([*_LLM, "schema: schema", *_SAMPLING], ["value: object"]),
    "llm.chat": (
        ["messages: message[] = []", "system: prompt?", "user: prompt?", "tools: string[] = []",
         *_SAMPLING],
        ["text: string", "message: message", "messages: message[]", "tool_calls: object[]"],
    ),
    "synthesize.stuff": (["docs: doc[]", "prompt[docs: doc[]]", *_SAMPLING], ["text: string"]),
    "synthesize.refine": (
        ["docs: doc[]", "prompt[doc: doc, draft: string]", *_SAMPLING], ["text: string"],
    ),
    "synthesize.tree": (
        ["docs: doc[]", "prompt[texts: string[]]", "width: integer = 4", *_SAMPLING],
        ["text: string"],
    ),
    "contextualize": (
        ["document: any", "chunks: doc[]", "prompt[document: string, chunk: doc] = …", *_SAMPLING],
        ["items: doc[]"],
    ),
    "web_search": (["query: string", "top_k: integer = 5"], ["docs: doc[]"]),
    "http": (
        ["target: string", 'method: string = "GET"', 'path: string = ""', "query: object?",
         "body: any?", "auth: secret?"],
        ["status: integer", "body: any", "text: string"],
    ),
    "tool": (
        ["name: string", "arguments: object = {}"],
        ["value: any", "text: string", "error: string?"],
    ),
    "agent": (
        ["prompt: prompt", "system: prompt?", "tools: string[]", "rounds: integer = 6", *_SAMPLING],
        ["text: string", "messages: message[]", "rounds: integer"],
    ),
}  # fmt: skip


def written(input: Input) -> str:
    names = ", ".join(f"{name}: {type}" for name, type in input.names.items())
    shown = f"{input.id}[{names}]" if names else f"{input.id}: {input.type}"
    if input.required or input.default is None:
        return shown
    return f"{shown} = {'…' if names else json.dumps(input.default)}"


def test_every_standard_module_ships_and_no_other(registry):
    assert set(registry.modules) == set(STANDARD)


@pytest.mark.parametrize("name", STANDARD)
def test_a_standard_module_takes_and_gives_what_is_promised(name, registry):
    signature = Signature.of(registry.modules[name])
    takes, gives = STANDARD[name]
    assert [written(each) for each in signature.inputs.values()] == takes
    assert [f"{id}: {type}" for id, type in signature.outputs.items()] == gives


@pytest.mark.parametrize("name", STANDARD)
def test_everything_a_standard_module_takes_is_described(name, registry):
    module = registry.modules[name]
    assert module.description
    assert [each.id for each in module.inputs if not each.description] == []
