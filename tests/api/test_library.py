"""What each tenant has, whoever changes it at the same time."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from spec.source import Source


@pytest.fixture
def eager_threads():
    """Let threads take turns far more often than they usually do."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager_threads")
def test_modules_registered_at_the_same_time_are_all_there(make_house):
    library = make_house().library

    def register(name: str) -> bool:
        page = f"module: {name}\nsteps: {{a: {{use: value, value: 1}}}}\noutputs: {{o: $a.value}}\n"
        return library.register("local", name, Source(name, page.encode(), "yaml"))

    names = [f"m{n}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(register, names))
    assert set(names) <= library.modules("local").keys()
