"""The policies an operator may name."""

from collections.abc import Mapping
from types import MappingProxyType

from executors.scheduler.policies.fifo import fifo
from executors.scheduler.policies.policy import Policy
from executors.scheduler.policies.throughput import throughput

POLICIES: Mapping[str, Policy] = MappingProxyType({"fifo": fifo, "throughput": throughput})
