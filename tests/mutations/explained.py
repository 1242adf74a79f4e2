"""Mutants that nothing can notice, and why: they come to the same, or only cost time."""

from collections.abc import Mapping

EXPLAINED: Mapping[str, str] = {}
