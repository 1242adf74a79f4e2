"""A server has a core to itself where its workers are bound and leave one, and nowhere else."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from executors.engines.vllm_cores import keep_apart

CORES = os.sched_getaffinity(0)
#: A server that starts an engine that starts a worker, each telling its process; the worker is
#: bound to the cores that are named.
FAMILY = """
import os, sys
def told(): os.write(1, f"{os.getpid()}\\n".encode())
told()
if not os.fork():
    told()
    if not os.fork():
        if sys.argv[1:]:
            os.sched_setaffinity(0, set(map(int, sys.argv[1:])))
        told()
sys.stdin.read()
"""
Family = tuple[int, int, int]


@pytest.fixture
def family() -> Iterator[Callable[[set[int]], Family]]:
    """A server, its engine and its worker, which ends up on the cores that are given."""
    started = []

    def start(cores: set[int]) -> Family:
        command = [sys.executable, "-c", FAMILY, *map(str, cores)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        server, engine, worker = (int(process.stdout.readline()) for _ in range(3))
        return server, engine, worker

    yield start
    for process in started:
        process.communicate()  # the end of the input is the end of all three


def where(family: Family) -> list[set[int]]:
    return [os.sched_getaffinity(pid) for pid in family]


def test_the_server_gets_the_core_that_its_worker_leaves_and_the_engine_none_of_it(family):
    last = {max(CORES)}
    others = CORES - last
    apart = [last, others, others] if others else [CORES, CORES, CORES]
    started = family(others or CORES)
    for _ in range(2):
        keep_apart(os.getpid())
        assert where(started) == apart


@pytest.mark.parametrize("bound", [CORES, set()], ids=["to all there are", "not at all"])
def test_where_no_core_is_left_or_nothing_is_bound_all_stay_where_they_were(family, bound):
    started = family(bound)
    keep_apart(os.getpid())
    assert where(started) == [CORES, CORES, CORES]


def test_what_others_have_started_is_left_alone(family):
    started = family({min(CORES)})
    before = where(started)
    keep_apart(1)
    assert where(started) == before
