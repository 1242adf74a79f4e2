"""What the API description says beside signatures: bodies with examples, and problems by type."""

from collections.abc import Mapping
from typing import Any

from api.bodies import MEDIA
from api.problem_kinds import KINDS
from api.problems import MEDIA_TYPE
from api.wire import ProblemOut
from planner.passes.names import NAMES
from spec.load import read
from spec.source import Source

WORKFLOW_YAML = """\
workflow: ask-notes
inputs:
  documents: "file[]"
  question: string
steps:
  chunks: {use: chunk, text: $inputs.documents, size: 128, overlap: 16}
  index: {use: index, chunks: $chunks.items}
  hits: {use: search, index: $index, query: $inputs.question, top_k: 4}
  answer:
    use: llm
    prompt: |
      Answer from these passages.
      {{ hits.docs | numbered }}

      Question: {{ inputs.question }}
outputs: {answer: $answer.text, sources: $hits.docs}
stream: [answer]
"""

MODULE_YAML = """\
module: ask
description: One question about some passages.
inputs: {docs: "doc[]", question: string}
steps:
  answer:
    use: llm
    prompt: |
      {{ inputs.docs | numbered }}

      Question: {{ inputs.question }}
outputs: {text: $answer.text}
"""

RUN_YAML = """\
spec:
  workflow: greeting
  inputs: {name: string}
  steps:
    line: {use: text, template: "Hello, {{ inputs.name }}."}
  outputs: {greeting: $line.text}
inputs: {name: Ada}
"""

PASSES_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "description": "Passes of the planner to turn off and on for this, whatever the workflow says.",
    "properties": {
        key: {"type": "array", "items": {"type": "string", "enum": list(NAMES)}}
        for key in ("off", "on")
    },
    "example": {"off": ["split_prefill"]},
}

RUN_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "workflow": {
            "type": "string",
            "description": "A stored workflow: `name` or `name@version`.",
        },
        "spec": {"type": "object", "description": "A workflow, written here in place."},
        "inputs": {
            "type": "object",
            "description": "By input id. A file is `{id}` of an upload, or `{name, text}`.",
        },
        "priority": {"type": "integer", "minimum": -10, "maximum": 10, "default": 0},
        "plan": PASSES_SCHEMA,
    },
    "oneOf": [{"required": ["workflow"]}, {"required": ["spec"]}],
}

DOCUMENT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "A document of the language: inputs, steps, outputs.",
    "required": ["steps", "outputs"],
    "properties": {
        "workflow": {"type": "string"},
        "module": {"type": "string"},
        "description": {"type": "string"},
        "inputs": {"type": "object"},
        "steps": {"type": "object"},
        "outputs": {"type": "object"},
        "stream": {"type": "array", "items": {"type": "string"}},
    },
}


def document_body(schema: Mapping[str, Any], example: str) -> dict[str, Any]:
    """Describe a YAML or JSON body."""
    yaml = {"schema": {"type": "string"}, "example": example}
    content = {media: yaml for media, kind in MEDIA.items() if kind == "yaml"}
    tree = read(Source("example", example.encode(), "yaml")).value
    content["application/json"] = {"schema": dict(schema), "example": tree}
    return {"requestBody": {"required": True, "content": content}}


def file_body() -> dict[str, Any]:
    """Describe the body of an upload: the bytes of a file."""
    types = (
        "text/plain", "text/markdown", "text/html", "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    )  # fmt: skip
    binary = {"schema": {"type": "string", "format": "binary"}}
    text = {"schema": {"type": "string"}, "example": "The lighthouse at Eddystone is 49 m tall."}
    content = {media: text if media.startswith("text/") else binary for media in types}
    return {"requestBody": {"required": True, "content": content}}


def answers(by_status: Mapping[int, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """Describe answers that are no problems, beside the usual one."""
    return {status: answer for status, answer in by_status.items()}  # noqa: C416  # wider keys


def problems(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Describe the problems an operation may answer with."""
    by_status: dict[int | str, list[str]] = {}
    for slug in dict.fromkeys((*slugs, "invalid-parameter", "internal-error")):
        by_status.setdefault(KINDS[slug].status.value, []).append(slug)
    schema = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    return {
        status: {
            "description": " ".join(f"`{slug}`: {KINDS[slug].meaning}" for slug in found),
            "content": {
                MEDIA_TYPE: {"schema": schema, "example": _example(found[0])},
            },
        }
        for status, found in by_status.items()
    }


def events_content() -> dict[str, Any]:
    """Describe a stream of server-sent events, after the JSON that is the usual answer."""
    example = 'id: 1\nevent: run.queued\ndata: {"at":"…","workflow":"ask-notes","version":"…"}\n\n'
    stream = {"schema": {"type": "string"}, "example": example}
    return {"application/json": {}, "text/event-stream": stream}


def _example(slug: str) -> dict[str, Any]:
    kind = KINDS[slug]
    return {
        "type": f"/problems/{slug}",
        "title": kind.title,
        "status": kind.status.value,
        "detail": kind.meaning,
        "instance": "/v1/…",
        "cure": kind.cure,
    }
