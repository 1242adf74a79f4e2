"""The lock between searches and what they search."""

import threading
from concurrent.futures import ThreadPoolExecutor

from executors.engines.shared_lock import SharedLock


def test_readers_share_the_lock():
    lock, inside = SharedLock(), threading.Barrier(2, timeout=10)

    def read(_: int) -> None:
        with lock.reading():
            inside.wait()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(read, range(2)))


def test_a_writer_is_alone():
    lock, shared = SharedLock(), {"left": 0, "right": 0}

    def write(_: int) -> None:
        with lock.writing():
            shared["left"] += 1
            shared["right"] += 1

    def read(_: int) -> bool:
        with lock.reading():
            return shared["left"] == shared["right"]

    with ThreadPoolExecutor(4) as threads:
        written = [threads.submit(write, at) for at in range(200)]
        assert all(threads.map(read, range(200)))
        for one in written:
            one.result()
    assert shared == {"left": 200, "right": 200}


def test_a_failure_inside_gives_the_lock_back():
    lock = SharedLock()
    for take in (lock.reading, lock.writing, lock.reading):
        try:
            with take():
                raise KeyError
        except KeyError:
            pass
    with lock.writing():
        pass
