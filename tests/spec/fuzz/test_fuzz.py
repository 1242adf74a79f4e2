"""No bytes make the readers crash, hang, or fail otherwise than by saying what is wrong."""

import os
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from spec.source import Media
from tests.bad_inputs.catalogue import data_of, items
from tests.spec.fuzz.harness import Outcome, fuzz
from tests.spec.fuzz.inputs import corpus, first_inputs
from tests.spec.fuzz.targets import PLANTED

BOTH: tuple[tuple[str, Media], ...] = (("lexer", "yaml"), ("lexer", "json"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "300"))  # of processor time, for both together
SEED = int(os.environ.get("FUZZ_SEED", "7"))  # the same each time, so a change alone turns it red
WITHOUT_END = 1 << 60


def fail_at_faults(outcomes: list[Outcome]) -> None:
    found = [str(outcome) for outcome in outcomes if outcome.fault]
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)  # an input is long enough to be shown once


def test_two_thousand_inputs_for_each_reader_are_read_or_refused(tmp_path: Path):
    outcomes = fuzz(BOTH, tmp_path, seed=1, count=2_000, seconds=WITHOUT_END)
    fail_at_faults(outcomes)
    assert [outcome.tried for outcome in outcomes] == [2_000, 2_000]


@pytest.mark.slow
def test_whatever_is_tried_for_minutes_is_read_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcomes = fuzz(BOTH, tmp_path, seed=SEED, count=WITHOUT_END, seconds=SECONDS / 2)
    with capsys.disabled():
        sys.stdout.write(f" {', '.join(map(str, outcomes))} ")
    fail_at_faults(outcomes)
    assert all(outcome.tried for outcome in outcomes)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("crashing", "the process was ended by SIGSEGV"),
        ("hanging", "it took more than a second of processor time"),
        ("failing", "KeyError: 'missing'"),
        ("growing", "MemoryError"),
    ],
)
def test_a_planted_fault_is_noticed_with_its_input(target: str, fault: str, tmp_path: Path):
    (outcome,) = fuzz([(target, "yaml")], tmp_path, seed=1, count=100, seconds=WITHOUT_END)
    assert fault in (outcome.fault or "")
    _, _, written = str(outcome).rpartition("input = ")
    assert literal_eval(written) == outcome.data
    assert outcome.data.endswith(PLANTED)


def test_a_fault_fails_the_test_with_all_that_is_known_of_it():
    with pytest.raises(pytest.fail.Exception, match=r"yaml: it hung\ninput = b'a: \\xff'"):
        fail_at_faults(
            [Outcome("yaml", fault="it hung", data=b"a: \xff"), Outcome("json", tried=3)]
        )


@pytest.mark.parametrize("media", ["yaml", "json"])
def test_the_same_seed_gives_the_same_inputs(media: Media):
    once = first_inputs(media, 7, 50)
    assert once == first_inputs(media, 7, 50)
    assert once != first_inputs(media, 8, 50)
    assert len(set(once)) > 45


@pytest.mark.parametrize("media", ["yaml", "json"])
def test_the_inputs_are_made_of_every_page_and_of_the_bad_inputs(media: Media):
    pages = corpus(media)
    golden = b"".join(pages)
    for name in (b"fold_and_reduce", b"every-reference.of_all-kinds", b"naive-rag"):
        assert name in golden
    bad = [case for item in items() for case in item.page.cases if case.media == media]
    assert bad
    assert all(data_of(case.body) in pages for case in bad)
