"""Documents that were read, written again: as the data of a page, and that as YAML."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from spec import model
from spec.schemas import type_of_schema
from spec.values import Literal, Value
from spec.vocabulary import Vocabulary
from tests.spec.rendered import node

_PLAIN = re.compile(r"[a-z$][a-z_.]*")
_WORDS = ("null", "true", "false", "yes", "no", "on", "off")
_UNSEEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def page(document: model.Document, vocabulary: Vocabulary) -> dict[str, Any]:
    """Write a document as the data of its page."""
    written = {
        document.kind: document.name,
        "description": document.description,
        "inputs": {input.id: _declared(input) for input in document.inputs},
        "steps": _steps(document.steps, vocabulary),
        "outputs": _outputs(document.outputs),
        "stream": list(document.stream),
        "plan": {"off": list(document.passes_off), "on": list(document.passes_on)},
    }
    if document.kind == "module":
        del written["stream"], written["plan"]
    return written


def as_yaml(data: Any, *, block: bool) -> str:
    """Write data as YAML, each object and list on lines of its own or all between brackets."""
    return _lines(data, "").lstrip("\n") + "\n" if block else _flow(data) + "\n"


def _declared(input: model.Input) -> Any:
    schema = {key: part for key, part in input.schema.items() if key != "type"}
    by_schema = "type" in input.schema and type_of_schema(input.schema) == input.type
    written = {"type": input.schema["type"] if by_schema else str(input.type), **schema}
    if input.description:
        written["description"] = input.description
    if not input.required and not (input.type.optional and input.default is None):
        written["default"] = input.default
    if input.names:
        written["names"] = {name: str(type) for name, type in input.names.items()}
    return written if len(written) > 1 or by_schema else written["type"]


def _outputs(outputs: Iterable[model.Output]) -> dict[str, Any]:
    return {output.id: node(output.value) for output in outputs}


def _fields(fields: Iterable[tuple[str, Value]]) -> dict[str, Any]:
    return {name: node(value) for name, value in fields}


def _steps(steps: Iterable[model.Step], vocabulary: Vocabulary) -> dict[str, Any]:
    return {step.id: _step(step, vocabulary) for step in steps}


def _step(step: model.Step, vocabulary: Vocabulary) -> dict[str, Any]:
    everything = {
        **_body(step.body, vocabulary),
        "engine": step.engine,
        "priority": step.priority,
        "after": list(step.after),
        **_control(step.control),
    }
    written = {key: everything[key] for key in step.control.places}
    for parameter in step.parameters:
        literal = _takes_schema(step.body, parameter.name, vocabulary)
        value = parameter.value
        raw = literal and isinstance(value, Literal)
        written[parameter.name] = value.value if raw else node(value)
    return written


def _body(body: Any, vocabulary: Vocabulary) -> dict[str, Any]:
    match body:
        case model.Use(name):
            return {"use": name}
        case model.Op(name):
            return {"op": name}
        case model.Flow(name, version):
            return {"flow": f"{name}@{version}"}
    loop = body.loop
    return {
        "steps": _steps(body.steps, vocabulary),
        "outputs": _outputs(body.outputs),
        "loop": loop and _loop(loop),
    }


def _loop(loop: model.Loop) -> dict[str, Any]:
    written = {"max": node(loop.max), "start": _fields(loop.start), "next": _fields(loop.next)}
    return written if loop.until is None else {**written, "until": node(loop.until)}


def _control(control: model.Control) -> dict[str, Any]:
    over = control.over
    written = {
        "if": control.condition and node(control.condition),
        "else": control.otherwise and node(control.otherwise),
        "fallback": control.fallback and node(control.fallback),
        "retry": control.retry,
        "timeout": f"{control.timeout_ms}ms",
        "cache": f"{control.cache_ms}ms",
    }
    match over:
        case model.ForEach(items, parallel, on_error, collect):
            mode = None if on_error == "null" else on_error
            written |= {"for_each": node(items), "max_parallel": parallel, "on_error": mode}
            written |= {"collect": collect}
        case model.Fold(items, start):
            written |= {"fold": node(items), "start": node(start)}
        case model.Reduce(items, fan_in, start):
            written |= {
                "reduce": node(items),
                "fan_in": node(fan_in),
                "start": start and node(start),
            }
    return written


def _takes_schema(body: Any, name: str, vocabulary: Vocabulary) -> bool:
    known: Mapping[str, Any] = {}
    if isinstance(body, model.Use):
        known = vocabulary.modules[body.module].inputs
    if isinstance(body, model.Op):
        known = vocabulary.ops[body.name].inputs
    return name in known and known[name].type.word == "schema"


def _lines(data: Any, indent: str) -> str:
    if isinstance(data, dict) and data:
        return "".join(
            f"\n{indent}{_scalar(key)}:{_below(value, indent)}" for key, value in data.items()
        )
    if isinstance(data, list) and data:
        return "".join(f"\n{indent}-{_below(item, indent)}" for item in data)
    return _flow(data)


def _below(data: Any, indent: str) -> str:
    deeper = f"{indent}  "
    if isinstance(data, str) and _fits_block(data):
        keep = "+" if data.endswith("\n") else "-"
        rows = data.removesuffix("\n").split("\n")
        return f" |{keep}" + "".join(f"\n{deeper}{row}" if row else "\n" for row in rows)
    written = _lines(data, deeper)
    return written if written.startswith("\n") else f" {written}"


def _fits_block(text: str) -> bool:
    """Whether `text` reads the same as a literal block whose indentation its first row shows."""
    return (
        "\n" in text.rstrip("\n")
        and not text.startswith((" ", "\n", "\t"))
        and not (_UNSEEN.search(text) or text.endswith("\n\n"))
    )


def _flow(data: Any) -> str:
    if isinstance(data, list):
        return f"[{', '.join(map(_flow, data))}]"
    if isinstance(data, dict):
        return f"{{{', '.join(f'{_scalar(key)}: {_flow(data[key])}' for key in data)}}}"
    return _scalar(data)


def _scalar(data: Any) -> str:
    if not isinstance(data, str):
        return json.dumps(data)
    if _PLAIN.fullmatch(data) and data not in _WORDS:
        return data
    quoted = json.dumps(data, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\U{ord(match.group()):08X}", quoted)
