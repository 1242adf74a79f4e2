"""`fold`: one element after another, each seeing what the one before gave."""

from tests.interpreter.conftest import Plainly, breaks

ADDED = "  a: {fold: $inputs.l, start: s, use: text, template: '{{ acc }}{{ position }}{{ item }}'}"


def test_the_value_of_the_body_is_the_next_acc_and_the_field_is_the_last(plainly: Plainly):
    assert plainly(ADDED, "{x: $a}", l=["p", "q"]).outputs == {"x": "s0p1q"}


def test_an_empty_list_gives_the_start_and_asks_nobody(plainly: Plainly):
    steps = "  a: {fold: $inputs.o.l, start: $inputs.s, use: llm, prompt: p}"
    outcome = plainly(steps, "{x: $a}", o={"l": []}, s="first")
    assert (outcome.outputs, outcome.calls) == ({"x": "first"}, ())


def test_a_refused_element_leaves_acc_whatever_else_says(plainly: Plainly):
    steps = """
  a:
    fold: $inputs.l
    start: s
    if: $item != 'q'
    else: {text: another}
    use: text
    template: "{{ acc }}{{ item }}\""""
    assert plainly(steps, "{x: $a}", l=["p", "q", "r"]).outputs == {"x": "spr"}


def test_a_condition_may_stop_at_what_came_before(plainly: Plainly):
    steps = """
  a: {fold: $inputs.l, start: 0, if: $acc < 5, use: value, value: $acc + item}"""
    assert plainly(steps, "{x: $a}", l=[2, 4, 8]).outputs == {"x": 6}


def test_the_state_may_be_any_value(plainly: Plainly):
    steps = "  a: {fold: $inputs.l, start: null, use: value, value: {last: $item, before: $acc}}"
    outcome = plainly(steps, "{x: $a}", l=["p", "q"])
    assert outcome.outputs == {"x": {"last": "q", "before": {"last": "p", "before": None}}}


ASKED = """
  a:
    fold: $inputs.l
    start: ""
    fallback: {{{}}}
    steps:
      s: {{use: llm, prompt: "{{{{ item }}}}"}}
      t: {{use: text, template: "{{{{ acc }}}}{{{{ item }}}}", after: [s]}}
    outputs: {{text: $t}}"""


def test_fallback_acts_on_each_element_and_is_the_next_acc(plainly: Plainly):
    steps = ASKED.format('text: "{{ acc }}!"')
    outcome = plainly(steps, "{x: $a}", breaks("q"), l=["p", "q", "r"])
    assert outcome.outputs == {"x": "p!r"}


def test_a_fallback_without_the_field_makes_acc_null(plainly: Plainly):
    steps = "  a: {fold: $inputs.l, start: '', use: llm, prompt: '{{ item }}', fallback: {}}"
    assert plainly(steps, "{x: $a}", breaks("q"), l=["p", "q"]).outputs == {"x": None}


def test_an_element_that_fails_fails_the_step_and_is_named(plainly: Plainly):
    steps = "  a: {fold: $inputs.l, start: '', use: llm, prompt: '{{ item }}'}"
    failure = plainly(steps, "{x: $a}", breaks("q"), l=["p", "q", "r"]).failure
    assert failure is not None
    assert (failure.place.step, failure.place.positions) == ("a", (1,))


def test_a_for_each_inside_a_block_inside_a_fold_sees_them_all(plainly: Plainly):
    steps = """
  a:
    fold: $inputs.o.rows
    start: []
    steps:
      outer: {use: value, value: $position}
      b:
        steps:
          c:
            for_each: $item
            use: text
            template: "{{ outer.value }}{{ position }}{{ item }}{{ acc | json }}"
        outputs: {t: $c.text}
    outputs: {acc: $acc + b.t}"""
    outcome = plainly(steps, "{x: $a}", o={"rows": [["p", "q"], [], ["r"]]})
    first = ["00p[]", "01q[]"]
    assert outcome.outputs == {"x": [*first, '20r["00p[]","01q[]"]']}
