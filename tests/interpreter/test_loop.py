"""`loop`: rounds of a block, from state to state."""

import pytest

from tests.interpreter.conftest import Plainly, breaks

COUNTED = """
  a:
    loop:
      max: {max}
      start: {{n: 0, seen: []}}
      next: {{n: $more.value, seen: "$loop.seen + [loop.n]"}}
      {until}
    steps:
      more: {{use: value, value: $loop.n + 1}}"""
FIELDS = "{n: $a.n, seen: $a.seen, rounds: $a.rounds, done: $a.done}"


def test_without_until_it_makes_all_its_rounds_and_is_done(plainly: Plainly):
    outcome = plainly(COUNTED.format(max=3, until=""), FIELDS)
    assert outcome.outputs == {"n": 3, "seen": [0, 1, 2], "rounds": 3, "done": True}


def test_until_sees_the_new_state_and_the_steps_of_the_round(plainly: Plainly):
    until = "until: $loop.n == 2 and more.value == 2"
    outcome = plainly(COUNTED.format(max=9, until=until), FIELDS)
    assert outcome.outputs == {"n": 2, "seen": [0, 1], "rounds": 2, "done": True}


def test_until_is_asked_after_the_first_round_at_the_earliest(plainly: Plainly):
    outcome = plainly(COUNTED.format(max=9, until="until: $loop.n >= 0"), FIELDS)
    assert outcome.outputs == {"n": 1, "seen": [0], "rounds": 1, "done": True}


def test_it_is_not_done_when_until_never_held(plainly: Plainly):
    outcome = plainly(COUNTED.format(max="$inputs.k", until="until: $loop.n > 5"), FIELDS, k=2)
    assert outcome.outputs == {"n": 2, "seen": [0, 1], "rounds": 2, "done": False}


def test_next_makes_all_of_the_new_state_from_the_old(plainly: Plainly):
    steps = """
  a:
    loop: {max: 3, start: {p: 1, q: 2}, next: {q: $loop.p, p: $loop.q}}
    steps: {s: {use: value, value: 0}}"""
    outcome = plainly(steps, "{p: $a.p, q: $a.q}")
    assert outcome.outputs == {"p": 2, "q": 1}


def test_start_sees_what_is_around_and_the_state_is_an_object_in_its_order(plainly: Plainly):
    steps = """
  b: {use: text, template: hello}
  a:
    loop: {max: 1, start: {w: $b.text, l: $inputs.l}, next: {l: $loop.l, w: $whole.value.w}}
    steps: {whole: {use: value, value: $loop}}
  c: {for_each: [$a.w], use: value, value: $item}"""
    assert plainly(steps, "{x: $c.value, l: $a.l}", l=["p"]).outputs == {"x": ["hello"], "l": ["p"]}


@pytest.mark.parametrize("most", [0, 101, "3", None])
def test_a_number_of_rounds_out_of_range_fails_the_step(plainly: Plainly, most: object):
    failure = plainly(COUNTED.format(max="$inputs.o.k", until=""), FIELDS, o={"k": most}).failure
    assert failure is not None
    assert failure.place.step == "a"


def test_a_step_that_fails_in_a_round_is_named(plainly: Plainly):
    steps = """
  a:
    loop: {max: 5, start: {n: 0}, next: {n: $loop.n + 1}}
    steps: {ask: {use: llm, prompt: "round {{ loop.n }}"}}"""
    failure = plainly(steps, "{n: $a.n}", breaks("round 3")).failure
    assert failure is not None
    assert failure.place.step == "a.ask"


def test_an_inner_loop_has_its_own_state(plainly: Plainly):
    steps = """
  a:
    loop: {max: 2, start: {l: []}, next: {l: "$loop.l + [b.n]"}}
    steps:
      b:
        loop: {max: 3, start: {n: $len(loop.l)}, next: {n: $loop.n + 10}}
        steps: {s: {use: value, value: $loop.n}}"""
    assert plainly(steps, "{l: $a.l}").outputs == {"l": [30, 31]}


def test_a_loop_in_a_for_each_starts_anew_for_each_element(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    steps:
      b:
        loop: {max: 2, start: {t: $item}, next: {t: $s.text}}
        steps: {s: {use: text, template: "<{{ loop.t }}{{ position }}>"}}
    outputs: {t: $b.t}"""
    assert plainly(steps, "{x: $a.t}", l=["p", "q"]).outputs == {"x": ["<<p0>0>", "<<q1>1>"]}
