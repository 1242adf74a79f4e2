"""From the inputs a caller gives to those a run gets: checked, defaults in, files opened.

An input of type `file` is `{id}` of an upload or `{name, text}`; a run is given the whole file.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from api.problems import from_spec
from executors.store.errors import Unknown
from executors.store.files import File, Files
from spec.inputs import check_inputs
from spec.model import Input
from spec.problems import SpecError, quoted
from spec.report import Report
from spec.source import Pointer, Tree


def resolve(
    declared: Iterable[Input], given: Tree, at: Pointer, files: Files, tenant: str
) -> dict[str, Any]:
    """Return what the run gets. Raise `invalid-input` with every place that is wrong."""
    declared = tuple(declared)
    try:
        values = check_inputs(declared, given, at)
        return _Opening(given, files, tenant).open_all(declared, values, at)
    except SpecError as error:
        raise from_spec("invalid-input", error) from None


def file_value(file: File) -> dict[str, Any]:
    """Return an uploaded file as the language sees it."""
    return {
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "text": file.text,
    }


def inline_file(name: str, text: str) -> dict[str, Any]:
    """Return a file that came with the run itself; its id is the hash of what it says."""
    data = text.encode()
    id = f"file_{sha256(name.encode() + bytes(1) + data).hexdigest()[:24]}"
    return {"id": id, "name": name, "media_type": "text/plain", "size": len(data), "text": text}


class _Opening:
    """One set of inputs, and what is wrong with the files it names."""

    def __init__(self, page: Tree, files: Files, tenant: str) -> None:
        self.report = Report(page, [])
        self.files = files
        self.tenant = tenant

    def open_all(
        self, declared: Iterable[Input], values: Mapping[str, Any], at: Pointer
    ) -> dict[str, Any]:
        opened = {
            input.id: self.open(values[input.id], (*at, input.id))
            if input.type.word == "file"
            else values[input.id]
            for input in declared
        }
        if self.report.problems:
            raise SpecError(self.report.problems, self.report.tree.page.name)
        return opened

    def open(self, value: Any, pointer: Pointer) -> Any:
        if isinstance(value, list):
            return [self.open(item, (*pointer, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "id" not in value:
            return inline_file(value["name"], value["text"])
        try:
            return file_value(self.files.get(self.tenant, value["id"]))
        except Unknown:
            detail = f"there is no file {quoted(value['id'])}; upload it first"
            self.report.at_value("unknown-reference", (*pointer, "id"), detail)
            return None
