"""What is read off calls that overlap, are cut into pieces by a server, or hardly meet at all."""

import pytest

from executors.profiling.readings import Heard, decode_reading, prefill_reading
from executors.profiling.texts import Texts
from executors.usage import Usage


def spoken(first: float, step: float, tokens: int, said: int = 100, every: int = 1) -> Heard:
    """A call that says a token every `step` seconds from `first` on, `every` of them in a piece."""
    pieces = [first + step * at for at in range(0, said, every)]
    return Heard(0.0, tokens, first, pieces, pieces[-1], Usage(tokens, said))


def test_a_cached_beginning_is_not_counted_as_read():
    call = Heard(1.0, 9, first=1.5, usage=Usage(tokens_in=100, tokens_cached=40))
    reading = prefill_reading(call)
    assert reading.features == (1.0, 60.0, 100**2 - 40**2)
    assert reading.ms == pytest.approx(500.0)


def test_an_engine_that_counts_nothing_is_read_by_our_own_estimate():
    assert prefill_reading(Heard(0.0, 9, first=1.0)).features == (1.0, 9.0, 81.0)


def test_a_step_is_timed_while_all_speak():
    slow_alone = spoken(0.0, 0.010, 64)
    late = spoken(0.5, 0.010, 64)
    reading = decode_reading([slow_alone, late])
    assert reading is not None
    assert reading.ms == pytest.approx(10.0)
    assert reading.features[:2] == (1.0, 2.0)
    # One has said 50 tokens before the other began, and both some 25 more on average.
    assert reading.features[2] == pytest.approx(64 + 50 + 25 + 64 + 25, abs=2)


def test_tokens_that_come_joined_are_counted_one_by_one():
    reading = decode_reading([spoken(0.0, 0.010, 64, every=4)])
    assert reading is not None
    assert reading.ms == pytest.approx(10.0)


def test_those_that_end_early_are_left_out_of_what_is_timed():
    late, early, silent = spoken(0.2, 0.010, 64), spoken(0.0, 0.010, 64, said=5), Heard(0.0, 64)
    reading = decode_reading([late, late, late, early, silent])
    assert reading is not None
    assert reading.features[:2] == (1.0, 3.0)
    assert reading.ms == pytest.approx(10.0)


def test_the_stretch_in_which_most_speak_is_taken():
    """Four end one after another, each stretch quicker than the one before."""
    calls = [Heard(0.0, 10, pieces=[0.0]) for _ in range(4)]
    for number, call in enumerate(calls, 1):
        at = 0.0
        for stretch in range(number):
            for _ in range(30):
                at += 0.004 * (4 - stretch)
                call.pieces.append(at)
    reading = decode_reading(calls)
    assert reading is not None
    assert reading.features[:2] == (1.0, 4.0)
    assert reading.ms == pytest.approx(16.0)


def test_calls_that_hardly_overlap_say_nothing():
    assert decode_reading([spoken(0.0, 0.01, 64), spoken(0.98, 0.01, 64)]) is None
    assert decode_reading([spoken(0.0, 0.01, 64), Heard(0.0, 64)]) is None


@pytest.mark.parametrize("tokens", [1, 16, 64, 2048])
def test_texts_are_as_long_as_asked_and_begin_apart(tokens):
    texts = Texts("seed", 3.5)
    every = [make(tokens) for make in (texts.prompt, texts.passage) for _ in range(20)]
    assert {len(text) for text in every} == {round(3.5 * tokens)}
    if tokens >= 16:
        assert len({text[:12] for text in every}) == len(every)


def test_another_seed_says_something_else():
    assert Texts("a").prompt(64) != Texts("b").prompt(64)
    assert Texts("a").prompt(64) == Texts("a").prompt(64)
