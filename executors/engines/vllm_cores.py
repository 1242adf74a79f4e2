"""The cores of a vLLM server on a CPU: the process that answers over HTTP has one to itself.

An engine and its workers spin while they wait for each other. On the core of one of them the
process that answers gets no turn, and a stream stands still for up to a second. vLLM binds its
workers on a CPU, and only there, and leaves a core free; but it keeps nothing off that core.
Linux only.
"""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def keep_apart(parent: int) -> None:
    """Give each server that `parent` has started a core that no other part of it uses.

    Nothing is changed where no worker has been bound, or no core is left beside the workers'.
    """
    children = _children()
    for server in children[parent]:
        for engine in children[server]:
            with suppress(FileNotFoundError, ProcessLookupError):  # one has ended meanwhile
                _keep_apart(server, engine, children[engine])


def _keep_apart(server: int, engine: int, workers: Sequence[int]) -> None:
    cores = os.sched_getaffinity(server)
    bound = {core for worker in workers for core in os.sched_getaffinity(worker)}
    free = cores - bound
    if bound and free and os.sched_getaffinity(engine) == cores:
        last = {max(free)}
        # A worker gets on beside an engine better than what answers does beside either.
        _bind(engine, free - last or cores - last)
        _bind(server, last)


def _bind(process: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def _children() -> Mapping[int, list[int]]:
    """Return which processes each process has started, as far as they are still there."""
    found: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            # The name in brackets may hold anything; the parent is the second field after it.
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            found[int(parent)].append(int(folder.name))
    return found
