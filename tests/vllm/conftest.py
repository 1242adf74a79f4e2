"""Three servers of vLLM, started once for all tests of this folder, ended with them."""

from collections.abc import Iterator

import pytest

from tests.vllm.servers import Servers, running

#: Looked into for doctests otherwise; it runs in vLLM's environment, not in this one.
collect_ignore = ["checkpoints.py"]
VERSION = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Servers]:
    """All three, each having answered once."""
    with running(tmp_path_factory.mktemp("servers")) as servers:
        pytestconfig.stash[VERSION] = servers.version()
        yield servers


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if VERSION in config.stash:
        terminalreporter.write_line(f"on vLLM {config.stash[VERSION]}")
