"""Builders: the shipped registry, and graphs from a page of YAML."""

from pathlib import Path

import pytest

from planner.expand import make_plan
from planner.graph import PoolName
from planner.pools import Pools
from planner.registry import Registry
from spec.load import load
from spec.source import Source

MODULES = Path(__file__).parents[2] / "workflows/modules"
KINDS = {PoolName(name): name for name in ("inline", "embedding", "vector", "llm", "rerank", "web")}
POOLS = Pools(
    kinds={**KINDS, PoolName("large"): "llm"},
    default={kind: name for name, kind in KINDS.items()},
)


@pytest.fixture(scope="session")
def registry():
    return Registry.from_folder(MODULES, frozenset(POOLS.kinds))


@pytest.fixture(scope="session")
def pools():
    return POOLS


@pytest.fixture(scope="session")
def read():
    return lambda page: Source("page.yaml", page.encode(), "yaml")


@pytest.fixture(scope="session")
def plan_of(registry, read):
    def build(page, modules=registry):
        return make_plan(load(read(page), modules.vocabulary()), modules.modules, POOLS)

    return build
