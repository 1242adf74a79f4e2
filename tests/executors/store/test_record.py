"""A record is what its events say."""

from datetime import UTC, datetime

import pytest

from executors.store.errors import RunOver
from executors.store.record import RunEvent, RunRecord, apply
from executors.usage import Usage

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
USAGE = {"tokens_in": 5, "tokens_out": 2, "tokens_cached": 1, "replies_cut": 0}


def a_run(*events: tuple[str, dict]) -> RunRecord:
    record = RunRecord("run_1", "local", "w", "v", {}, AT)
    for id, (kind, data) in enumerate(events, 1):
        record = apply(record, RunEvent(id, kind, AT, data))
    return record


QUEUED = ("run.queued", {"workflow": "w", "version": "v"})
STARTED = ("run.started", {})
FINISHED = (
    "run.finished",
    {"status": "succeeded", "outputs": {"a": 1}, "usage": USAGE, "duration_ms": 7, "problem": None},
)


def test_a_run_goes_from_queued_to_running_to_its_end():
    assert a_run(QUEUED).status == "queued"
    assert a_run(QUEUED, STARTED).started_at == AT
    ended = a_run(QUEUED, STARTED, FINISHED)
    assert (ended.status, ended.outputs, ended.usage) == ("succeeded", {"a": 1}, Usage(5, 2, 1))
    assert (ended.finished_at, ended.duration_ms, ended.live) == (AT, 7, False)


def test_nothing_follows_the_end():
    with pytest.raises(RunOver) as caught:
        a_run(QUEUED, STARTED, FINISHED, ("output.delta", {"output": "a", "text": "x"}))
    assert (caught.value.status, caught.value.kind) == ("succeeded", "output.delta")


def test_a_cancelling_run_is_not_cancelled_yet():
    record = a_run(QUEUED, STARTED, ("run.cancelling", {}))
    assert (record.status, record.cancelling, record.live) == ("running", True, True)


def test_steps_keep_the_order_in_which_they_started():
    def done(step: str) -> tuple[str, dict]:
        return ("step.finished", {"step": step, "status": "succeeded", "queue_ms": 1.5})

    record = a_run(
        QUEUED,
        ("step.started", {"step": "b", "pool": "llm"}),
        ("step.started", {"step": "a", "pool": "inline"}),
        done("a"),
        done("b"),
    )
    assert list(record.steps) == ["b", "a"]
    assert (record.steps["b"].pool, record.steps["b"].queue_ms) == ("llm", 1.5)


@pytest.mark.parametrize(
    ("status", "problem", "steps"),
    [
        ("failed", {"step": "b"}, ["succeeded", "failed", "cancelled"]),
        ("cancelled", None, ["succeeded", "cancelled", "cancelled"]),
        ("expired", {"code": "deadline-exceeded"}, ["succeeded", "cancelled", "cancelled"]),
    ],
)
def test_no_step_goes_on_after_its_run(status, problem, steps):
    record = a_run(
        QUEUED,
        *(("step.started", {"step": id, "pool": "llm"}) for id in "abc"),
        ("step.finished", {"step": "a", "status": "succeeded"}),
        ("run.finished", {"status": status, "problem": problem}),
    )
    assert [step.status for step in record.steps.values()] == steps


def test_usage_adds_up_while_a_run_goes_on():
    primitive = ("primitive.finished", {"usage": USAGE})
    assert a_run(QUEUED, primitive, primitive).usage == Usage(10, 4, 2)


def test_outputs_fill_up_one_by_one():
    record = a_run(QUEUED, ("output.finished", {"output": "a", "value": [1]}))
    assert record.outputs == {"a": [1]}


def test_a_gap_in_the_ids_is_refused():
    with pytest.raises(ValueError, match="cannot follow"):
        apply(a_run(QUEUED), RunEvent(3, "run.started", AT, {}))


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match=r"run\.exploded"):
        a_run(("run.exploded", {}))
