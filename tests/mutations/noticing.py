"""Whether anything notices a mutant: the tests of the passes, and made-up workflows compared.

Each mutant lives in a process of its own, forked from one that has everything loaded: its functions
get the code of the mutant, so that whoever imported them before has the mutant too.
"""

import contextlib
import importlib
import io
import os
import signal
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equivalence.comparison import Comparison
from tests.mutations.mutants import Mutant

ROOT = Path(__file__).parents[2]
TESTS = ("tests/planner/passes", "planner/passes")
WORKFLOWS = 150
#: A mutant may go on for ever; that is noticed too.
SECONDS_MAX = 240


def noticed(mutant: Mutant | None, comparison: Comparison) -> str | None:
    """Return what noticed `mutant`, or None if nothing did; of None, what is wrong without one."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        said = _in_child(mutant, comparison)
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "it goes on for ever"
    return said or None


def _in_child(mutant: Mutant | None, comparison: Comparison) -> str:
    signal.alarm(SECONDS_MAX)  # ends the process
    try:
        if mutant is not None:
            install(mutant)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            failed = pytest.main(["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", *TESTS])
        if failed:
            return "a test"
        for first in range(0, WORKFLOWS, 10):
            if comparison.report(range(first, first + 10)).differences:
                return "a made-up workflow"
    except Exception as error:  # whatever a mutant does, it has been noticed
        return type(error).__name__
    return ""


def install(mutant: Mutant) -> None:
    """Give every function of the module of `mutant` the code that it has in the mutant."""
    name = ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)
    module = importlib.import_module(name)
    changed = types.ModuleType(name)
    changed.__file__ = str(mutant.path)
    exec(compile(mutant.source, str(mutant.path), "exec"), changed.__dict__)
    for here, there in _pairs(module, changed):
        here.__code__ = there.__code__
        here.__defaults__ = there.__defaults__
    for key, value in vars(changed).items():
        if not isinstance(value, types.FunctionType | type) and not key.startswith("__"):
            setattr(module, key, value)


def _pairs(here: object, there: object) -> Iterator[tuple[types.FunctionType, types.FunctionType]]:
    """Yield the functions of two modules or classes that stand under one name."""
    for key, value in vars(there).items():
        mine = vars(here).get(key)
        mine, value = (
            each.__func__ if isinstance(each, staticmethod) else each for each in (mine, value)
        )
        if isinstance(value, types.FunctionType) and isinstance(mine, types.FunctionType):
            if value.__code__.co_filename == str(
                getattr(there, "__file__", value.__code__.co_filename)
            ):
                yield mine, value
        elif (
            isinstance(value, type)
            and isinstance(mine, type)
            and value.__module__ == mine.__module__
        ):
            yield from _pairs(mine, value)
