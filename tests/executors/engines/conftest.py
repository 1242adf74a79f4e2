"""What tests of engines share; assertions of the contract explain themselves there too."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.executors.engines.contract")

from tests.executors.engines.openai_server import LocalServer  # noqa: E402  # after the rewrite


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server of OpenAI's API on loopback, well-behaved until told otherwise."""
    with LocalServer().up() as server:
        yield server
