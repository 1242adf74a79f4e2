"""A small vocabulary: primitives written out, and modules read from documents on top of them."""

from dataclasses import replace

import pytest

from spec.load import load
from spec.model import Follows, Input, Origin
from spec.source import Source
from spec.types import ANY, parse_type
from spec.vocabulary import Signature, StoredFlow, Vocabulary

_NOWHERE = Origin("primitives", "", 1, 1)
_OPS = {
    "chunk": ("text: any, size: integer?, overlap: integer?", "items: doc[]"),
    "embed": ("texts: any?", "vectors: vector[]"),
    "ingest": ("chunks: doc[]?, vectors: vector[]?, name: string?", "index: index"),
    "search": ("index: index, vectors: vector[], top_k: integer", "docs: doc[][]"),
    "prefill": ("prompt: prompt, system: prompt?, names: object?", "call: call"),
    "decode": (
        "call: call, temperature: number?, max_tokens: integer?, stop: string[]?, seed: integer?, "
        "form: string?, schema: schema?",
        "text: string, items: string[], value: object",
    ),
    "format": ("template: string", "text: string"),
    "aggregate": ("value: any", "value: any"),
    "http": ("target: string, auth: secret?", "text: string"),
    "two": ("x: integer", "left: string, right: string"),
}
_FOLLOWS = {
    "aggregate": {"value": Follows("value", "given")},
    "decode": {"value": Follows("schema", "described"), "items": Follows("schema", "listed")},
}

MODULES = {
    "chunk": """
module: chunk
inputs:
  text: any
  size: {type: integer, default: 512, minimum: 1}
  overlap: {type: integer, default: 0, minimum: 0}
steps:
  cut: {op: chunk, text: $inputs.text, size: $inputs.size, overlap: $inputs.overlap}
outputs: {items: $cut.items}
""",
    "index": """
module: index
inputs: {chunks: "doc[]?", name: string?}
steps:
  vectors: {op: embed, texts: $inputs.chunks}
  put: {op: ingest, chunks: $inputs.chunks, vectors: $vectors.vectors, name: $inputs.name}
outputs: {index: $put.index}
""",
    "search": """
module: search
inputs:
  index: index
  query: string
  top_k: {type: integer, default: 10, minimum: 1, maximum: 1000}
  by: {enum: [vector, lexical], default: vector}
steps:
  query: {op: embed, texts: [$inputs.query]}
  hits: {op: search, index: $inputs.index, vectors: $query.vectors, top_k: $inputs.top_k}
outputs: {docs: "$hits.docs[0]"}
""",
    "llm": """
module: llm
inputs:
  prompt: prompt
  system: prompt?
  names: object?
  temperature: {type: number, default: 0, minimum: 0, maximum: 2}
  max_tokens: "integer?"
  stop: "string[]?"
  seed: "integer?"
steps:
  prefill: {op: prefill, prompt: $inputs.prompt, system: $inputs.system, names: $inputs.names}
  decode: {op: decode, call: $prefill.call, temperature: $inputs.temperature}
outputs: {text: $decode.text}
""",
    "llm.json": """
module: llm.json
inputs: {prompt: prompt, schema: schema}
steps:
  prefill: {op: prefill, prompt: $inputs.prompt}
  decode: {op: decode, call: $prefill.call, form: json, schema: $inputs.schema}
outputs: {value: $decode.value}
""",
    "llm.list": """
module: llm.list
inputs: {prompt: prompt, schema: "schema?"}
steps:
  prefill: {op: prefill, prompt: $inputs.prompt}
  decode: {op: decode, call: $prefill.call, form: list, schema: $inputs.schema}
outputs: {items: $decode.items}
""",
    "stuff": """
module: stuff
inputs: {docs: "doc[]", prompt: {type: prompt, names: {docs: "doc[]"}}}
steps:
  answer: {use: llm, prompt: $inputs.prompt, names: {docs: $inputs.docs}}
outputs: {text: $answer.text}
""",
    "text": """
module: text
inputs: {template: string}
steps:
  filled: {op: format, template: $inputs.template}
outputs: {text: $filled.text}
""",
    "http": """
module: http
inputs: {target: string, auth: secret?}
steps:
  got: {op: http, target: $inputs.target, auth: $inputs.auth}
outputs: {text: $got.text}
""",
    "value": """
module: value
inputs: {value: any}
steps:
  kept: {op: aggregate, value: $inputs.value}
outputs: {value: $kept.value}
""",
}


def signature(takes: str, gives: str) -> Signature:
    """Read a signature written as `name: type, …`; an optional input may be left out."""
    inputs = {}
    for name, word in (pair.split(": ") for pair in takes.split(", ")):
        type = parse_type(word) or ANY
        inputs[name] = Input(name, type, not type.optional, None, {}, "", _NOWHERE)
    outputs = {
        name: parse_type(word) or ANY for name, word in (p.split(": ") for p in gives.split(", "))
    }
    return Signature(inputs, outputs)


def ops() -> dict[str, Signature]:
    """Return the primitives."""
    return {
        name: replace(signature(*ports), follows=_FOLLOWS.get(name, {}))
        for name, ports in _OPS.items()
    }


def modules() -> dict[str, Signature]:
    """Return the signatures of all the modules, each loaded with those before it in force."""
    found: dict[str, Signature] = {}
    for name in MODULES:
        source = Source(f"{name}.yaml", MODULES[name].encode(), "yaml")
        document = load(source, Vocabulary(modules=dict(found), ops=ops()))
        found[name] = Signature.of(document)
    return found


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Return what the workflows of these tests may call."""
    return Vocabulary(
        modules=modules(),
        flows={
            "answer": StoredFlow(
                "b2", signature("question: string, hint: string?", "text: string")
            ),
            "answer@b2": StoredFlow(
                "b2", signature("question: string, hint: string?", "text: string")
            ),
            "answer@a1": StoredFlow("a1", signature("question: string", "text: string, more: any")),
        },
        engines=frozenset({"small", "large"}),
        passes=frozenset({"prune_dependencies", "split_prefill", "speculate"}),
    )


@pytest.fixture(scope="session")
def module_vocabulary(vocabulary: Vocabulary) -> Vocabulary:
    """Return what the modules of these tests may call, and which names are not theirs to take."""
    callers = frozenset({"looping", "through_another"})
    return replace(vocabulary, ops=ops(), callers=callers, reserved=frozenset({"search"}))
