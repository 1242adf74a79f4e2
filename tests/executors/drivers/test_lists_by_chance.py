"""Lists gone over while they come, under a driver that answers in whatever order chance likes.

An engine that was told to stop may answer long after what it was asked for was begun anew.
"""

import json
from collections import deque
from random import Random

import pytest

from executors.drivers.unanswered import Unanswered
from executors.engines.engine import Delta, Done, EngineFailed, Fault
from executors.scheduler.commands import Abort, Dispatch, WakeAt
from executors.scheduler.events import BatchEnded, RunAccepted, RunCancelled, RunId, Woke
from executors.scheduler.invariants import broken
from executors.usage import Usage
from tests.executors.conftest import World
from tests.executors.drivers.test_pipelining import page, plan  # noqa: F401

STOPPED = EngineFailed("aborted", "the work was abandoned")
ITEMS = ["a", "bad", "c", "d"]


class Chance(World):
    """Performs what is ordered at once, and lets engines say one thing at a time."""

    def begin(self, made, seed):
        self.random = Random(seed)
        self.performer = self.driver._performer
        self.travelling, self.aborted, self.failed = {}, set(), 0
        self.fails = self.random.choice((0.0, 0.05, 0.2))
        self.lists = {}
        self.at = 0.0
        self.submit(made, {"word": "mill"})
        self.feed(RunAccepted(RunId("r1"), "local", made, 1e9))

    def feed(self, first):
        events = deque([first])
        while events:
            self.at += 0.001
            for command in self.scheduler.handle(events.popleft(), self.at):
                match command:
                    case Dispatch():
                        self.dispatch(command)
                    case Abort(batch):
                        self.aborted.add(batch)
                    case WakeAt(when):
                        self.alarm = when
                    case _:
                        if (answer := self.performer.perform(command)) is not None:
                            events.append(answer)
            assert broken(self.scheduler) == []

    def dispatch(self, order):
        pieces = Unanswered(order, self.performer)
        said = [list(self.reply(request)) for request in pieces.requests()]
        self.travelling[order.batch] = (pieces, said)

    def reply(self, request):
        """Yield what is said: a list in pieces, an item, or half of it and a fault."""
        args = request.args
        if request.op == "select":
            yield Done(request.id, {"value": args["value"]})
            return
        if args["form"] == "text":
            if args["prompt"] == "bad":
                yield Fault(request.id, "engine-error", "no", transient=False)
            elif self.random.random() < self.fails and request.attempt < 2:
                yield Fault(request.id, "engine-busy", "not now", transient=True)
            yield Done(request.id, {"text": args["prompt"]})
            return
        items = [f"{word}{request.attempt}" if word != "bad" else word for word in ITEMS]
        text = json.dumps(items)
        at = 0
        while at < len(text):
            size = self.random.randint(1, 9)
            yield Delta(request.id, text[at : at + size])
            at += size
            if self.random.random() < self.fails and (
                args["prompt"] == "List" or request.attempt < 2
            ):
                yield Fault(request.id, "engine-busy", "not now", transient=True)
        yield Done(request.id, {"text": text})

    def say_more(self, pieces, said):
        """Say something to nobody, unless it would be the end."""
        if isinstance(said[0][0], Delta):
            assert pieces.take(said[0].pop(0)) is None

    def play(self):
        while self.travelling:
            batch = self.random.choice(sorted(self.travelling))
            pieces, said = self.travelling[batch]
            if batch in self.aborted:
                if self.random.random() < 0.8:  # an engine takes its time to stop
                    self.say_more(pieces, said)
                    continue
                del self.travelling[batch]
                for event in (*pieces.fail_rest(STOPPED), BatchEnded(batch)):
                    self.feed(event)
                continue
            ((*_, emission),) = [(each.pop(0),) for each in said]
            if (event := pieces.take(emission)) is not None:
                self.feed(event)
            if pieces.is_stopped or isinstance(emission, Done | Fault):
                del self.travelling[batch]
                self.feed(BatchEnded(batch))


PAGES = {
    "asked again": (
        "  l: {use: llm.list, prompt: List, items: 4, retry: 3, fallback: {items: [z0, bad]}}\n"
        '  s: {for_each: $l.items, on_error: null, retry: 3, use: llm, prompt: "{{ item }}"}\n'
    ),
    "in a block": (
        "  b:\n    retry: 2\n    fallback: {l: [z0, bad], x: [z0, null]}\n    steps:\n"
        "      l: {use: llm.list, prompt: List, items: 4, retry: 1}\n"
        '      s: {for_each: $l.items, on_error: null, retry: 3, use: llm, prompt: "{{ item }}"}\n'
        "    outputs: {l: $l.items, x: $s.text}\n"
    ),
    "one inside another": (
        "  l: {use: llm.list, prompt: List, retry: 3, fallback: {items: [z0, bad]}}\n"
        "  s:\n    for_each: $l.items\n    on_error: null\n    retry: 3\n    steps:\n"
        "      i: {use: llm.list, prompt: Inner, retry: 3}\n"
        '      e: {for_each: $i.items, on_error: null, use: llm, prompt: "{{ item }}"}\n'
        '      t: {use: llm, prompt: "{{ item }}"}\n'
        "    outputs: {text: $t.text}\n"
    ),
}


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("name", PAGES)
def test_whatever_is_late_or_fails_each_item_comes_to_what_it_is(tmp_path, plan, name, seed):  # noqa: F811
    world = Chance(seed, tmp_path / "values", {}, "throughput", 4, 8, 10, 1000)
    outputs = "{l: $b.l, x: $b.x}" if name == "in a block" else "{l: $l.items, x: $s.text}"
    world.begin(plan(page(PAGES[name], outputs)), seed)
    world.play()
    record = world.record()
    assert record.status == "succeeded", record.problem
    assert record.outputs["x"] == [None if each == "bad" else each for each in record.outputs["l"]]
    assert not world.values.held
    assert not world.scheduler.runs


def test_the_end_of_what_was_stopped_is_not_taken_for_that_of_what_was_begun_anew(tmp_path, plan):  # noqa: F811
    world = Chance(1, tmp_path / "values", {}, "throughput", 8, 8, 10, 1000)
    steps = (
        "  l: {use: llm.list, prompt: List, retry: 1}\n"
        '  s: {for_each: $l.items, use: llm, prompt: "{{ item }}"}\n'
    )
    world.begin(plan(page(steps, "{x: $s.text}")), 1)
    (first,) = world.travelling
    asked = world.travelling.pop(first)[0]
    world.feed(asked.take(Delta(0, '["old", ')))
    (stale,) = world.travelling
    late = world.travelling.pop(stale)[0]
    world.feed(asked.take(Fault(0, "engine-busy", "not now", transient=True)))
    world.feed(BatchEnded(first))
    assert world.aborted == {stale}
    (again,) = world.travelling
    anew = world.travelling.pop(again)[0]
    world.feed(anew.take(Delta(0, '["new", ')))
    world.feed(late.take(Done(0, {"text": "old"})))
    world.feed(BatchEnded(stale))
    world.feed(anew.take(Delta(0, '"one"]', Usage(1, 1))))
    world.feed(BatchEnded(again))
    world.play()
    assert world.record().outputs == {"x": ["new", "one"]}


def test_nothing_is_woken_that_was_taken_back(tmp_path, plan):  # noqa: F811
    """An item is put off by its engine, and then its list is asked for again."""
    world = Chance(1, tmp_path / "values", {}, "throughput", 8, 8, 10, 1000)
    steps = (
        "  l: {use: llm.list, prompt: List, retry: 1}\n"
        '  s: {for_each: $l.items, retry: 1, use: llm, prompt: "{{ item }}"}\n'
    )
    world.begin(plan(page(steps, "{x: $s.text}")), 1)
    (first,) = world.travelling
    asked = world.travelling.pop(first)[0]
    world.feed(asked.take(Delta(0, '["old", ')))
    (item,) = world.travelling
    world.feed(world.travelling.pop(item)[0].take(Fault(0, "engine-busy", "", True, wait_s=9.0)))
    world.feed(BatchEnded(item))
    world.feed(asked.take(Fault(0, "engine-busy", "not now", transient=True)))
    world.feed(BatchEnded(first))
    world.at = 20.0
    world.feed(Woke())
    (again,) = world.travelling
    anew = world.travelling.pop(again)[0]
    world.feed(anew.take(Delta(0, '["new"]', Usage(1, 1))))
    world.feed(BatchEnded(again))
    world.play()
    assert world.record().outputs == {"x": ["new"]}


def test_of_a_run_that_is_cancelled_nothing_more_is_begun(tmp_path, plan):  # noqa: F811
    world = Chance(1, tmp_path / "values", {}, "throughput", 8, 8, 10, 1000)
    world.begin(plan(page(PAGES["asked again"], "{x: $s.text}")), 1)
    (first,) = world.travelling
    asked = world.travelling.pop(first)[0]
    world.feed(asked.take(Delta(0, '["old", ')))
    world.feed(RunCancelled(RunId("r1")))
    world.feed(asked.take(Delta(0, '"more", ')))
    for event in (*asked.fail_rest(STOPPED), BatchEnded(first)):
        world.feed(event)
    world.play()
    assert world.record().status == "cancelled"
    assert not world.travelling
    assert not world.values.held
