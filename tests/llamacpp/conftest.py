"""Two servers of llama.cpp, started once for all tests of this folder, ended with them."""

from collections.abc import Iterator

import pytest

from tests.llamacpp.servers import Servers, running

#: Looked into for doctests otherwise; it runs in llama.cpp's environment, not in this one.
collect_ignore = ["model.py"]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, each having answered once."""
    with running(tmp_path_factory.mktemp("servers")) as servers:
        yield servers
