"""Calls of one replica: which of them tell what a prompt or a step takes."""

from dataclasses import dataclass, field

import pytest

from executors.replica_calls import ReplicaCalls
from executors.usage import Usage


@dataclass
class Heard:
    """Hears what is learned, in the place of what learns."""

    read: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    def prompts(self, read, ms):
        self.read.append((list(read), pytest.approx(ms)))

    def step(self, sequences, held, ms):
        self.steps.append(tuple(map(pytest.approx, (sequences, held, ms))))


def heard(*happened):
    """Let calls leave, be read, be answered and end, at times in seconds; return what is heard."""
    calls, found = ReplicaCalls(), Heard()
    for now, what, number, *usage in happened:
        batch = (1, number)
        match what:
            case "leaves":
                calls.begin(batch, now)
            case "read":
                calls.first_token(batch, now)
            case "done":
                calls.tell(batch, Usage(*usage), now, found)
                calls.end(batch, now)
            case "lost":
                calls.end(batch, now)
    return found


def test_a_call_that_is_alone_tells_both():
    found = heard((1.0, "leaves", 1), (1.2, "read", 1), (2.2, "done", 1, 100, 11, 60))
    assert found.read == [([(100, 60)], 200.0)]
    assert found.steps == [(1.0, 105.5, 100.0)]


def test_prompts_that_came_together_tell_together():
    found = heard(
        (0.0, "leaves", 1), (0.0, "leaves", 2), (0.1, "read", 1), (0.3, "read", 2),
        (1.3, "done", 1, 10, 11), (1.3, "done", 2, 20, 11),
    )  # fmt: skip
    assert found.read == [([(10, 0), (20, 0)], 300.0)]


def test_a_reply_tells_only_if_no_prompt_was_read_while_it_was_said():
    found = heard(
        (0.0, "leaves", 1), (0.1, "read", 1), (0.2, "leaves", 2), (0.4, "read", 2),
        (1.1, "done", 1, 10, 11), (1.4, "done", 2, 20, 11),
    )  # fmt: skip
    assert found.steps == [(1.7, 1.7 * 25.5, 100.0)]


def test_a_prompt_that_others_spoke_beside_tells_nothing():
    found = heard(
        (0.0, "leaves", 1), (0.1, "read", 1), (0.2, "leaves", 2), (0.4, "read", 2),
        (0.5, "done", 1, 10, 5), (0.6, "done", 2, 20, 3),
    )  # fmt: skip
    assert found.read == [([(10, 0)], 100.0)]


def test_a_prompt_that_came_once_another_was_read_spoils_what_both_tell():
    found = heard(
        (0.0, "leaves", 1), (0.0, "leaves", 2), (0.1, "read", 1), (0.2, "leaves", 3),
        (0.3, "read", 2), (0.4, "read", 3),
        (1.0, "done", 1, 9, 3), (1.0, "done", 2, 9, 3), (1.0, "done", 3, 9, 3),
    )  # fmt: skip
    assert found.read == []


def test_of_prompts_that_are_read_without_a_pause_nothing_is_kept():
    calls, found = ReplicaCalls(), Heard()
    calls.begin((1, 0), 0.0)
    for number in range(100):
        calls.begin((1, number + 1), number)  # it comes before the one before it is read
        calls.first_token((1, number), number + 0.5)
        calls.tell((1, number), Usage(9, 3), number + 0.6, found)
        calls.end((1, number), number + 0.6)
    assert found.read == []
    assert calls._reading is not None
    assert len(calls._reading.read) <= 2


@pytest.mark.parametrize("moment", [0.05, 0.2])
def test_a_call_that_was_lost_spoils_what_was_read_with_it(moment):
    happened = [
        (0.0, "leaves", 1), (0.0, "leaves", 2), (0.1, "read", 1), (moment, "lost", 2),
        (0.5, "done", 1, 9, 3), (1.0, "leaves", 3), (1.1, "read", 3), (1.5, "done", 3, 7, 3),
    ]  # fmt: skip
    found = heard(*sorted(happened, key=lambda each: each[0]))
    assert found.read == [([(7, 0)], 100.0)]


def test_an_engine_that_counts_no_tokens_tells_nothing():
    found = heard((0.0, "leaves", 1), (0.1, "read", 1), (0.2, "done", 1, 0, 0))
    assert (found.read, found.steps) == ([], [])


def test_a_reply_of_one_token_has_no_steps():
    found = heard((0.0, "leaves", 1), (0.1, "read", 1), (0.1, "done", 1, 5, 1))
    assert found.steps == []
