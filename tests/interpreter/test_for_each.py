"""`for_each`: lists in the order of the input, whatever becomes of the elements."""

from tests.interpreter.conftest import Plainly, breaks, slow


def doc(id: str, text: str) -> dict[str, object]:
    return {"id": id, "text": text, "meta": {}}


def test_each_field_becomes_the_list_of_its_values_in_order(plainly: Plainly):
    steps = "  a: {for_each: $inputs.l, use: text, template: '{{ position }}{{ item }}'}"
    assert plainly(steps, "{x: $a.text}", l=["p", "q", "p"]).outputs == {"x": ["0p", "1q", "2p"]}


def test_an_empty_list_gives_empty_lists(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.o.l
    steps: {s: {use: text, template: t}}
    outputs: {m: $s, n: [$s]}
    collect: n"""
    outcome = plainly(steps, "{m: $a.m, n: $a.n}", o={"l": []})
    assert (outcome.outputs, outcome.calls) == ({"m": [], "n": []}, ())


def test_what_is_no_list_fails_the_step(plainly: Plainly):
    steps = "  a: {for_each: $inputs.o.l, use: text, template: t, on_error: null}"
    failure = plainly(steps, "{x: $a.text}", o={"l": "xy"}).failure
    assert failure is not None
    assert (failure.code, failure.place.positions) == ("wrong-type", ())


def test_a_refused_element_is_null_in_every_field(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    if: $item != 'q'
    steps: {s: {use: text, template: "{{ item }}"}}
    outputs: {m: $s, n: $position}"""
    outcome = plainly(steps, "{m: $a.m, n: $a.n}", l=["p", "q", "r"])
    assert outcome.outputs == {"m": ["p", None, "r"], "n": [0, None, 2]}


def test_else_stands_for_the_fields_of_a_refused_element(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    if: $position < 1
    else: {text: "no {{ item }}"}
    use: text
    template: t"""
    assert plainly(steps, "{x: $a.text}", l=["p", "q"]).outputs == {"x": ["t", "no q"]}


def test_collect_joins_in_order_skips_nulls_and_leaves_repeats_out(plainly: Plainly):
    a, b, c = doc("a", "1"), doc("b", "2"), doc("c", "3")
    again = doc("a", "another text, the same id")
    steps = """
  a:
    for_each: $inputs.o.lists
    if: $item != null
    use: value
    value: $item
    collect: value"""
    lists = {"lists": [[a, b], None, [], [None, again, c], [b]]}
    assert plainly(steps, "{x: $a.value}", o=lists).outputs == {"x": [a, b, c]}


def test_collect_leaves_the_other_fields_as_lists_of_elements(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    steps: {s: {use: value, value: [$item, "{{ item }}!"]}}
    outputs: {all: $s, one: $item}
    collect: all"""
    outcome = plainly(steps, "{all: $a.all, one: $a.one}", l=["p", "p", "q"])
    assert outcome.outputs == {"all": ["p", "p!", "q", "q!"], "one": ["p", "p", "q"]}


def test_what_collect_meets_that_is_no_list_fails_the_step(plainly: Plainly):
    steps = "  a: {for_each: $inputs.o.l, use: value, value: $item, collect: value}"
    failure = plainly(steps, "{x: $a.value}", o={"l": [1]}).failure
    assert failure is not None
    assert (failure.code, failure.place.positions) == ("wrong-type", ())


ASKED = "  a: {{for_each: $inputs.l, use: llm, prompt: '{{{{ item }}}}', on_error: {}}}"


def test_an_element_that_fails_fails_the_step_and_is_named(plainly: Plainly):
    failure = plainly(ASKED.format("fail"), "{x: $a.text}", breaks("q"), l=["p", "q"]).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("engine-broken", "a")
    assert (failure.place.positions, failure.place.origin and failure.place.origin.line) == (
        (1,),
        4,
    )


def test_an_element_that_fails_may_be_null(plainly: Plainly):
    whole = plainly(ASKED.format("fail"), "{x: $a.text}", l=["p", "q", "r"]).outputs
    outcome = plainly(ASKED.format("null"), "{x: $a.text}", breaks("q"), l=["p", "q", "r"])
    assert whole is not None
    assert outcome.outputs == {"x": [whole["x"][0], None, whole["x"][2]]}


def test_an_element_that_fails_may_be_left_out(plainly: Plainly):
    whole = plainly(ASKED.format("fail"), "{x: $a.text}", l=["p", "q", "r"]).outputs
    outcome = plainly(ASKED.format("drop"), "{x: $a.text}", breaks("q"), l=["p", "q", "r"])
    assert whole is not None
    assert outcome.outputs == {"x": [whole["x"][0], whole["x"][2]]}


def test_all_elements_may_be_left_out(plainly: Plainly):
    outcome = plainly(ASKED.format("drop"), "{x: $a.text}", breaks(""), l=["p", "q"])
    assert outcome.outputs == {"x": []}


def test_dropped_elements_leave_no_hole_in_a_collected_list(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    on_error: drop
    steps: {s: {use: llm, prompt: "{{ item }}"}}
    outputs: {all: [$item, $position]}
    collect: all"""
    outcome = plainly(steps, "{x: $a.all}", breaks("q"), l=["p", "q", "r"])
    assert outcome.outputs == {"x": ["p", 0, "r", 2]}


def test_a_failing_condition_of_an_element_is_that_elements_failure(plainly: Plainly):
    steps = """
  a: {for_each: $inputs.o.l, if: "$item[1] == 2", use: value, value: $item, on_error: null}"""
    outcome = plainly(steps, "{x: $a.value}", o={"l": [[1, 2], [1]]})
    assert outcome.outputs == {"x": [[1, 2], None]}


def test_how_many_go_at_a_time_changes_nothing_but_the_time(plainly: Plainly):
    steps = "  a: {{for_each: $inputs.l, {}use: llm, prompt: '{{{{ item }}}}'}}"
    slowly = [slow(f'"prompt": "{text}"', 10) for text in "pqrst"]
    free, two = (
        plainly(steps.format(keys), "{x: $a.text}", *slowly, l=list("pqrst"))
        for keys in ("", "max_parallel: 2, ")
    )
    assert free.outputs == two.outputs
    assert (free.took_ms, two.took_ms) == (10, 30)


def test_an_inner_for_each_has_its_own_item_and_position(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.o.rows
    steps:
      outer: {use: value, value: $position}
      inner: {for_each: $item, use: text, template: "{{ outer.value }}{{ position }}{{ item }}"}
    outputs: {row: $inner.text, at: $position}"""
    outcome = plainly(steps, "{x: $a.row, y: $a.at}", o={"rows": [["p", "q"], [], ["r"]]})
    assert outcome.outputs == {"x": [["00p", "01q"], [], ["20r"]], "y": [0, 1, 2]}


def test_an_element_that_fails_deep_inside_names_every_position_and_its_own_line(
    plainly: Plainly,
):
    steps = """
  a:
    for_each: $inputs.o.rows
    steps:
      b:
        steps:
          c: {for_each: $item, use: llm, prompt: "{{ item }}"}
        outputs: {t: $c.text}
    outputs: {row: $b.t}"""
    failure = plainly(
        steps, "{x: $a.row}", breaks("bad"), o={"rows": [["p"], ["q", "bad"]]}
    ).failure
    assert failure is not None
    assert (failure.place.step, failure.place.positions) == ("a.b.c", (1, 1))
    assert failure.place.origin is not None
    assert (failure.place.origin.pointer, failure.place.origin.line) == (
        "/steps/a/steps/b/steps/c", 10,
    )  # fmt: skip
