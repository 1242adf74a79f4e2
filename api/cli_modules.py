"""`teola modules`: what the steps of a workflow may use, and what each takes and gives."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli_validate import TENANT, declared_library
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.settings import Settings
from spec.model import Document, Input
from spec.problems import nearest


def list_modules(settings: Settings, *, as_json: bool) -> Exit:
    """Show every module; return what to say at the end."""
    try:
        modules = declared_library(settings).modules(TENANT)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    found = [modules[name] for name in sorted(modules)]
    if as_json:
        _print_json({"items": [_facts(document) for document in found]})
    else:
        _show_all(found)
    return Exit.OK


def show_module(settings: Settings, name: str, *, as_json: bool) -> Exit:
    """Show one module with its page; return what to say at the end."""
    try:
        library = declared_library(settings)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    modules = library.modules(TENANT)
    if name not in modules:
        near = nearest(name, modules)
        cure = f"did you mean {near}?" if near else "`teola modules` lists them all."
        sys.stderr.write(f"teola: there is no module '{name}'; {cure}\n")
        return Exit.NOT_VALID
    page = library.module_text(TENANT, name)
    if as_json:
        _print_json({**_facts(modules[name]), "source": page})
    else:
        _show_one(modules[name], page)
    return Exit.OK


def _facts(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "version": document.version,
        "description": document.description,
        "inputs": [_input(each) for each in document.inputs],
        "outputs": {output.id: str(output.type) for output in document.outputs},
    }


def _input(each: Input) -> dict[str, Any]:
    return {
        "id": each.id,
        "type": str(each.type),
        "required": each.required,
        "default": each.default,
        "description": each.description,
    }


def _show_all(modules: list[Document]) -> None:
    table = Table("module", "takes", "gives", "what it does")
    for document in modules:
        takes = ", ".join(each.id if each.required else f"{each.id}?" for each in document.inputs)
        gives = ", ".join(output.id for output in document.outputs)
        table.add_row(document.name, takes, gives, document.description)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print("? may be left out; `teola modules NAME` shows one with its types")


def _show_one(document: Document, page: str) -> None:
    console = Console(highlight=False, markup=False)
    console.print(f"{document.name}: {document.description}\n")
    table = Table("input", "type", "if left out", "what it is")
    for each in document.inputs:
        absent = "required" if each.required else json.dumps(each.default, ensure_ascii=False)
        table.add_row(each.id, str(each.type), absent, each.description)
    console.print(table)
    table = Table("output", "type")
    for output in document.outputs:
        table.add_row(output.id, str(output.type))
    console.print(table)
    console.print(page, soft_wrap=True)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
