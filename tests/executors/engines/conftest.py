"""What tests of engines share."""

from collections.abc import Iterator

import pytest

from tests.executors.engines.openai_server import LocalServer


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server of OpenAI's API on loopback, well-behaved until told otherwise."""
    with LocalServer().up() as server:
        yield server
