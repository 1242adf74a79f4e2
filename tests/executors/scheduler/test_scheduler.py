"""The scheduler alone: events in, commands out, its laws after each."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.scheduler.commands import (
    Abort,
    Dispatch,
    Prepare,
    PrimitiveFinished,
    RunFinished,
    WakeAt,
)
from executors.scheduler.events import (
    BatchEnded,
    FirstTokenSeen,
    PieceDone,
    PieceFailed,
    Prepared,
    PrepareFailed,
    RunAccepted,
    RunCancelled,
    RunId,
    TaskId,
    Trouble,
    Woke,
)
from executors.scheduler.invariants import broken
from executors.scheduler.policies.table import POLICIES
from executors.scheduler.pool import Limits, Pool
from executors.scheduler.scheduler import Scheduler
from executors.usage import Usage

NO = Trouble("engine-error", "no")


class Chance:
    """Plays both driver and engines: performs what is ordered, in any order chance likes."""

    def __init__(self, scheduler, seed):
        self.scheduler = scheduler
        self.random = Random(seed)
        self.now = 0.0
        self.preparing = []
        self.travelling = {}
        self.aborted = set()
        self.finished = {}
        self.dispatched = {}
        self.ready_at = {}

    def feed(self, event):
        self.now += self.random.random()
        for command in self.scheduler.handle(event, self.now):
            match command:
                case Prepare(task):
                    self.preparing.append(task)
                    self.ready_at[task] = self.now
                case PrimitiveFinished(run, primitive, timing=timing):
                    self.check_time(run, primitive, timing)
                case Dispatch(batch, _, _, pieces):
                    self.travelling[batch] = dict(enumerate(pieces))
                    for piece in pieces:
                        rows = self.dispatched.setdefault(piece.task, set())
                        assert rows.isdisjoint(range(piece.start, piece.stop))
                        rows |= set(range(piece.start, piece.stop))
                case Abort(batch):
                    self.aborted.add(batch)
                case RunFinished(run, status, _):
                    assert run not in self.finished
                    self.finished[run] = status
        assert broken(self.scheduler) == []

    def check_time(self, run, primitive, timing):
        """Every second from ready to done is in exactly one part."""
        parts = (timing.queue_s, timing.batch_s, timing.execution_s)
        unit = "answer.prefill" if primitive == "answer.decode" else primitive
        task = TaskId(run, unit)
        assert min(parts) >= 0.0
        assert sum(parts) == pytest.approx(self.now - self.ready_at[task])
        self.ready_at[task] = self.now  # where what follows in the same call begins

    def step(self):
        choices = [self.prepare] * bool(self.preparing) + [self.answer] * bool(self.travelling)
        self.random.choice(choices)()

    def prepare(self):
        task = self.preparing.pop(self.random.randrange(len(self.preparing)))
        if self.random.random() < 0.02:
            self.feed(PrepareFailed(task, NO))
        else:
            self.feed(Prepared(task, self.random.randint(1, 9)))

    def answer(self):
        batch = self.random.choice(sorted(self.travelling))
        pieces = self.travelling[batch]
        if not pieces:
            del self.travelling[batch]
            self.feed(BatchEnded(batch))
            return
        position = self.random.choice(sorted(pieces))
        kind = self.random.random()
        if kind < 0.3 and batch not in self.aborted:
            self.feed(FirstTokenSeen(batch, position))
            return
        del pieces[position]
        fails = kind > 0.97 or batch in self.aborted
        self.feed(
            PieceFailed(batch, position, NO) if fails else PieceDone(batch, position, Usage(1, 1))
        )


def a_scheduler(replicas=2, slots=2, batch_rows=4, policy="throughput", runs_max=100, queue_max=9):
    limits = Limits(replicas, slots, batch_rows, queue_max)
    names = ("inline", "embedding", "vector", "llm")
    return Scheduler({name: Pool(name, limits, POLICIES[policy]) for name in names}, runs_max)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    replicas=st.integers(1, 3),
    slots=st.integers(1, 3),
    batch_rows=st.integers(1, 8),
    policy=st.sampled_from(sorted(POLICIES)),
    runs=st.integers(1, 6),
)
def test_whatever_happens_every_law_holds_and_every_run_ends_once(
    naive_rag, seed, replicas, slots, batch_rows, policy, runs
):
    here = Chance(a_scheduler(replicas, slots, batch_rows, policy), seed)
    for number in range(runs):
        deadline = here.random.uniform(5.0, 200.0)
        here.feed(RunAccepted(RunId(f"r{number}"), "local", naive_rag, deadline))
        for _ in range(here.random.randint(0, 10)):
            if here.preparing or here.travelling:
                here.step()
        if here.random.random() < 0.3:
            here.feed(RunCancelled(RunId(f"r{here.random.randint(0, number)}")))
        if here.random.random() < 0.2:
            here.feed(Woke())
    while here.preparing or here.travelling:
        here.step()
    assert len(here.finished) == runs
    assert not here.scheduler.runs
    assert not here.scheduler.batches


def test_a_batch_forms_when_a_slot_frees_and_takes_what_has_come_meanwhile(plan_of):
    plan = plan_of("""
workflow: one
inputs: {q: string}
steps: {a: {use: llm, prompt: $inputs.q}}
outputs: {a: $a.text}
""")
    scheduler = a_scheduler(replicas=1, slots=1, batch_rows=4)
    tasks = []
    for run in ("r1", "r2", "r3"):
        commands = scheduler.handle(RunAccepted(RunId(run), "local", plan, 99.0), 0.0)
        tasks += [command.task for command in commands if isinstance(command, Prepare)]
    (_, first) = scheduler.handle(Prepared(tasks[0], 1), 0.0)
    assert [piece.task for piece in first.pieces] == tasks[:1]
    assert scheduler.handle(Prepared(tasks[1], 1), 0.1) == []
    assert scheduler.handle(Prepared(tasks[2], 1), 0.2) == []
    scheduler.handle(PieceDone(first.batch, 0, Usage()), 1.0)
    orders = scheduler.handle(BatchEnded(first.batch), 1.0)
    (second,) = [order for order in orders if isinstance(order, Dispatch)]
    assert [piece.task for piece in second.pieces] == tasks[1:]


def test_a_batch_that_others_still_want_is_not_aborted(plan_of):
    plan = plan_of("""
workflow: two
inputs: {text: string}
steps: {chunks: {use: chunk, text: $inputs.text}, index: {use: index, chunks: $chunks.items}}
outputs: {n: $chunks.items}
""")
    scheduler = a_scheduler(replicas=1, slots=1)
    tasks = []
    for run in ("r0", "r1", "r2"):
        commands = scheduler.handle(RunAccepted(RunId(run), "local", plan, 99.0), 0.0)
        (chunk,) = [command.task for command in commands if isinstance(command, Prepare)]
        (_, order) = scheduler.handle(Prepared(chunk, 1), 0.0)
        done = scheduler.handle(PieceDone(order.batch, 0, Usage()), 0.0)
        tasks += [c.task for c in done if isinstance(c, Prepare) and c.task.unit == "index.vectors"]
        scheduler.handle(BatchEnded(order.batch), 0.0)
    (_, first) = scheduler.handle(Prepared(tasks[0], 4), 0.0)
    scheduler.handle(Prepared(tasks[1], 2), 0.0)
    scheduler.handle(Prepared(tasks[2], 2), 0.0)
    scheduler.handle(PieceDone(first.batch, 0, Usage()), 1.0)
    orders = scheduler.handle(BatchEnded(first.batch), 1.0)
    (shared,) = [order for order in orders if isinstance(order, Dispatch)]
    assert [piece.task for piece in shared.pieces] == tasks[1:]
    assert scheduler.handle(RunCancelled(RunId("r1")), 1.0) == []
    assert Abort(shared.batch) in scheduler.handle(RunCancelled(RunId("r2")), 1.0)


def test_full_is_an_answer_before_anything_is_accepted(naive_rag):
    scheduler = a_scheduler(runs_max=2)
    assert scheduler.admits(naive_rag) is None
    for run in ("r1", "r2"):
        scheduler.handle(RunAccepted(RunId(run), "local", naive_rag, 99.0), 0.0)
    assert scheduler.admits(naive_rag).code == "too-many-runs"


def test_a_full_queue_refuses_new_runs_and_keeps_the_old(plan_of):
    plan = plan_of("""
workflow: one
inputs: {q: string}
steps: {a: {use: llm, prompt: $inputs.q}}
outputs: {a: $a.text}
""")
    scheduler = a_scheduler(replicas=1, slots=1, batch_rows=1, queue_max=1)
    for run in ("r1", "r2"):
        commands = scheduler.handle(RunAccepted(RunId(run), "local", plan, 99.0), 0.0)
        (task,) = [command.task for command in commands if isinstance(command, Prepare)]
        scheduler.handle(Prepared(task, 1), 0.0)
    full = scheduler.admits(plan)
    assert full.code == "queue-full"
    assert "llm" in full.detail
    assert len(scheduler.runs) == 2


def test_a_batch_that_ends_with_work_unanswered_is_refused(naive_rag):
    scheduler = a_scheduler()
    commands = scheduler.handle(RunAccepted(RunId("r"), "local", naive_rag, 99.0), 0.0)
    task = next(command.task for command in commands if isinstance(command, Prepare))
    order = scheduler.handle(Prepared(task, 1), 0.0)[-1]
    with pytest.raises(ValueError, match="unanswered"):
        scheduler.handle(BatchEnded(order.batch), 1.0)


def test_one_alarm_is_set_for_the_earliest_deadline(naive_rag):
    scheduler = a_scheduler()
    first = scheduler.handle(RunAccepted(RunId("r1"), "local", naive_rag, 50.0), 0.0)
    later = scheduler.handle(RunAccepted(RunId("r2"), "local", naive_rag, 60.0), 0.0)
    sooner = scheduler.handle(RunAccepted(RunId("r3"), "local", naive_rag, 40.0), 0.0)
    alarms = [[c.when for c in each if isinstance(c, WakeAt)] for each in (first, later, sooner)]
    assert alarms == [[50.0], [], [40.0]]
    woken = scheduler.handle(Woke(), 40.0)
    assert RunFinished in {type(command) for command in woken}
    assert WakeAt(50.0) in woken


def test_a_policy_may_pick_from_the_middle_of_a_queue():
    def second_then_part_of_the_third(queue, room):
        return [(queue[1], queue[1].rows), (queue[2], 2)]

    pool = Pool("llm", Limits(1, 1, 9, 9), second_then_part_of_the_third)
    for arrival, task in enumerate("abcd"):
        pool.join(task, 3, arrival, 0)
    (order,) = pool.form(1)
    assert [(piece.task, piece.start, piece.stop) for piece in order.pieces] == [
        ("b", 0, 3),
        ("c", 0, 2),
    ]
    left = [(entry.task, entry.start, entry.rows) for entry in pool.waiting]
    assert left == [("a", 0, 3), ("c", 2, 1), ("d", 0, 3)]
