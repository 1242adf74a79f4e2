"""The patterns of one page are compiled once each and are bounded together."""

from spec.limits import REGEX_BYTES_MAX, REGEXES_BYTES_MAX
from spec.regexes import Regexes


def test_all_patterns_of_a_page_together_are_bounded():
    regexes = Regexes()
    large = [
        rf"\p{{L}}{{15}}a{{{number}}}" for number in range(REGEXES_BYTES_MAX // REGEX_BYTES_MAX)
    ]
    assert [regexes.fault(pattern) for pattern in large] == [None] * len(large)
    code, detail = regexes.fault("a") or ("", "")
    assert (code, "`regexes_bytes_max`" in detail) == ("too-large", True)


def test_a_pattern_written_again_costs_nothing():
    regexes = Regexes()
    for _ in range(10_000):
        assert regexes.fault("^[a-z]+$") is None
    assert regexes.spent < REGEX_BYTES_MAX


def test_a_thousand_small_patterns_are_few_enough():
    regexes = Regexes()
    assert not any(regexes.fault(f"^[a-z]+-{number}$") for number in range(1000))
