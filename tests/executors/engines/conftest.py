"""Assertions of the contract explain themselves as those of a test file do."""

import pytest

pytest.register_assert_rewrite("tests.executors.engines.contract")
