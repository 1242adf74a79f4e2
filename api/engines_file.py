"""The operator's engines.yaml: read, held against our own schema, every problem with its place.

It says which pools there are. What they are made of is for `api.pools`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spec.codes import Code
from spec.load import read
from spec.problems import SpecError, echo, nearest, quoted
from spec.report import Report
from spec.source import Media, Pointer, Source, Tree

SCHEMA = Path(__file__).with_name("engines.schema.json")
BYTES_MAX = 1 << 20


class BadEngines(Exception):
    """The file cannot be used; the message is the page for a terminal."""


@dataclass(frozen=True, slots=True)
class PoolSetting:
    """One pool as it was declared. `options` are what only its adapter understands."""

    name: str
    kind: str
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    default: bool = False


@dataclass(frozen=True, slots=True)
class EnginesFile:
    """The pools that a file declares, in its order, and where each thing stands."""

    pools: tuple[PoolSetting, ...]
    tree: Tree

    def problem(self, pool: str, key: str, detail: str) -> BadEngines:
        """Return a problem with what stands under `key` of a pool."""
        report = Report(self.tree, [])
        report.at_value("bad-value", ("pools", pool, key), detail)
        return BadEngines(str(SpecError(report.problems, self.tree.page.name)))


def read_engines(path: Path) -> EnginesFile:
    """Read the file at `path`. Raise `BadEngines` with everything that is wrong with it."""
    try:
        with path.open("rb") as opened:
            data = opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise BadEngines(f"TEOLA_ENGINES: cannot read {path}: {error.strerror}") from None
    if len(data) > BYTES_MAX:
        raise BadEngines(f"TEOLA_ENGINES: {path} is longer than {BYTES_MAX} bytes")
    media: Media = "json" if path.suffix == ".json" else "yaml"
    try:
        tree = read(Source(str(path), data, media))
        _check(tree)
    except SpecError as error:
        raise BadEngines(str(error)) from None
    return EnginesFile(tuple(_settings(tree.value["pools"])), tree)


def _settings(pools: Mapping[str, Mapping[str, Any]]) -> Iterator[PoolSetting]:
    for name, body in pools.items():
        options = {
            key: value for key, value in body.items() if key not in ("kind", "adapter", "default")
        }
        default = body.get("default", False)
        yield PoolSetting(name, body["kind"], body["adapter"], options, default)


def _check(tree: Tree) -> None:
    """Raise `SpecError` with every problem there is."""
    schema = json.loads(SCHEMA.read_text())
    report = Report(tree, [])
    _hold_against(report, schema, ())
    if not report.problems:
        for name, body in tree.value["pools"].items():
            _check_pool(report, schema, name, body)
        _check_defaults(report, tree.value["pools"])
    if report.problems:
        raise SpecError(report.problems, tree.page.name)


def _check_pool(report: Report, schema: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    kind, adapter = body["kind"], body["adapter"]
    known = [key.partition(".")[2] for key in schema["$defs"] if key.startswith(f"{kind}.")]
    if adapter not in known:
        detail = f"{quoted(adapter)} is no adapter of {kind}; there are {', '.join(sorted(known))}"
        report.at_value("bad-value", ("pools", name, "adapter"), detail, nearest(adapter, known))
        return
    part = {"$ref": f"#/$defs/{kind}.{adapter}", "$defs": schema["$defs"]}
    _hold_against(report, part, ("pools", name))
    taken = {"inline", *schema["$defs"]["pool"]["properties"]["kind"]["enum"]} - {kind}
    if name in taken:
        detail = f"{quoted(name)} is what the pool of that kind is called where none is declared"
        report.at_key("bad-name", ("pools", name), detail)


def _check_defaults(report: Report, pools: Mapping[str, Mapping[str, Any]]) -> None:
    found: dict[str, str] = {}
    for name, body in pools.items():
        if not body.get("default", False):
            continue
        if body["kind"] in found:
            detail = f"{quoted(found[body['kind']])} is the default of {body['kind']} already"
            report.at_key("conflicting-keys", ("pools", name, "default"), detail)
        found.setdefault(body["kind"], name)


def _hold_against(report: Report, schema: Mapping[str, Any], pointer: Pointer) -> None:
    import jsonschema

    value = report.tree.at(pointer)
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        _tell(report, (*pointer, *error.absolute_path), error)


def _tell(report: Report, pointer: Pointer, error: Any) -> None:
    """Report one refusal of the schema in our words."""
    match error.validator:
        case "additionalProperties":
            _tell_unknown(report, pointer, error)
        case "required":
            for key in set(error.validator_value) - error.instance.keys():
                report.at_key("missing-key", pointer, f"{quoted(key)} is missing")
        case "enum":
            known = error.validator_value
            hint = nearest(error.instance, known) if isinstance(error.instance, str) else None
            detail = f"{echo(error.instance)} is none of {', '.join(known)}"
            report.at_value("bad-value", pointer, detail, hint)
        case _ if "propertyNames" in error.absolute_schema_path:
            detail = f"{quoted(error.instance)} is not {error.schema['description']}"
            report.at_key("bad-name", (*pointer, error.instance), detail)
        case validator:
            code: Code = "wrong-type" if validator == "type" else "bad-value"
            wanted = error.schema.get("description", "an object")
            # An address may hold a password by mistake; it is shown where it stands, not again.
            shown = "this" if pointer[-1:] == ("endpoint",) else echo(error.instance)
            report.at_value(code, pointer, f"{shown} is not {wanted}")


def _tell_unknown(report: Report, pointer: Pointer, error: Any) -> None:
    known = list(error.schema["properties"])
    for key in error.instance.keys() - set(known):
        detail = f"{quoted(key)} is no key here; there are {', '.join(sorted(known))}"
        report.at_key("unknown-key", (*pointer, key), detail, nearest(key, known))
