"""One version, wherever it is shown."""

import tomllib
from pathlib import Path

from api.app import VERSION


def test_the_service_shows_the_version_of_the_distribution():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
