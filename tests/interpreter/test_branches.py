"""`if` and `else`: what is refused gives null, or what stands for it."""

from tests.interpreter.conftest import Plainly


def test_a_step_whose_condition_holds_runs(plainly: Plainly):
    assert plainly("  a: {if: $inputs.b, use: text, template: t}", "{x: $a}", b=True).outputs == {
        "x": "t"
    }


def test_each_field_of_a_refused_step_is_null(plainly: Plainly):
    steps = "  a: {if: $inputs.b, use: llm.chat, user: u}"
    outcome = plainly(steps, "{x: $a.text, y: $a.tool_calls}", b=False)
    assert outcome.outputs == {"x": None, "y": None}
    assert not outcome.calls


def test_null_counts_as_false(plainly: Plainly):
    steps = "  a: {if: $inputs.o.missing, use: text, template: t}"
    assert plainly(steps, "{x: $a}", o={}).outputs == {"x": None}


def test_a_condition_that_is_no_boolean_fails_the_step(plainly: Plainly):
    failure = plainly(
        "  a: {if: $inputs.o.k, use: text, template: t}", "{x: $a}", o={"k": 1}
    ).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("wrong-type", "a")


def test_a_field_that_else_does_not_name_is_null(plainly: Plainly):
    steps = "  a: {if: $inputs.b, else: {text: '{{ inputs.s }}?'}, use: tool, name: t}"
    outcome = plainly(steps, "{x: $a.text, y: $a.value}", b=False, s="so")
    assert outcome.outputs == {"x": "so?", "y": None}


def test_several_branches_end_in_coalesce(plainly: Plainly):
    steps = """
  a: {if: $inputs.b, use: text, template: yes it is}
  b: {if: $not inputs.b, use: text, template: no it is not}"""
    for answer, text in ((True, "yes it is"), (False, "no it is not")):
        outcome = plainly(steps, "{x: '$coalesce(a.text, b.text)'}", b=answer)
        assert outcome.outputs == {"x": text}


def test_what_reads_a_refused_step_runs_all_the_same(plainly: Plainly):
    steps = """
  a: {if: $inputs.b, use: text, template: t}
  b: {use: text, template: "{{ a.text | default('none') }}", after: [a]}"""
    assert plainly(steps, "{x: $b}", b=False).outputs == {"x": "none"}


def test_a_refused_block_runs_none_of_its_steps(plainly: Plainly):
    steps = "  a: {if: $inputs.b, steps: {s: {use: llm, prompt: p}}, outputs: {o: $s, p: $s.text}}"
    outcome = plainly(steps, "{x: $a.o, y: $a.p}", b=False)
    assert (outcome.outputs, outcome.calls) == ({"x": None, "y": None}, ())


def test_a_condition_of_a_for_each_that_reads_no_element_is_asked_once(plainly: Plainly):
    steps = "  a: {for_each: $inputs.l, if: $inputs.b, use: text, template: '{{ item }}'}"
    assert plainly(steps, "{x: $a.text}", b=False, l=["p"]).outputs == {"x": None}
    assert plainly(steps, "{x: $a.text}", b=True, l=["p"]).outputs == {"x": ["p"]}


def test_else_of_a_whole_for_each_stands_for_its_lists(plainly: Plainly):
    steps = """
  a: {for_each: $inputs.l, if: $inputs.b, else: {text: [$inputs.s]}, use: text, template: t}"""
    assert plainly(steps, "{x: $a.text}", b=False, l=["p", "q"], s="z").outputs == {"x": ["z"]}


def test_a_refused_fold_is_null_as_a_whole(plainly: Plainly):
    steps = "  a: {fold: $inputs.l, start: s, if: $inputs.b, use: text, template: t}"
    assert plainly(steps, "{x: $a}", b=False, l=["p"]).outputs == {"x": None}


def test_a_refused_loop_has_null_for_its_state_rounds_and_done(plainly: Plainly):
    steps = """
  a:
    if: $inputs.b
    loop: {max: 2, start: {n: 0}, next: {n: $loop.n + 1}}
    steps: {s: {use: text, template: t}}"""
    outcome = plainly(steps, "{n: $a.n, r: $a.rounds, d: $a.done}", b=False)
    assert outcome.outputs == {"n": None, "r": None, "d": None}
