"""What holds for every test: nothing is skipped. A test that cannot run has failed."""

from collections.abc import Generator

import pytest
from hypothesis import settings

# Before any test imports them: the assertions that tests share explain themselves too.
pytest.register_assert_rewrite(
    "tests.golden",
    "tests.executors.engines.contract",
    "tests.executors.engines.official_client",
)

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class SkippingIsFailing:
    """Turns every skip, of a test or of a whole file, into a failure that tells the reason."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        # An expected failure is reported as skipped too, but it did run.
        if report.skipped and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped: {reason(report.longrepr)}"
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped:
            report.outcome = "failed"
            report.longrepr = f"{collector.nodeid} was skipped: {reason(report.longrepr)}"
        return report


def reason(longrepr: object) -> object:
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr


def pytest_configure(config: pytest.Config) -> None:
    # By hand, so that it also sees the doctests of the rooms, which lie outside this folder.
    config.pluginmanager.register(SkippingIsFailing(), "skipping-is-failing")
