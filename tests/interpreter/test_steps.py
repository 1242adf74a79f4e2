"""Steps, references, values and outputs, as the plain run reads them."""

import random

from spec.model import Origin
from tests.interpreter.conftest import ACCEPTED_AT, Plainly, breaks, plainly_on
from tests.interpreter.faults import Script
from tests.interpreter.shelf import Shelf


def test_a_reference_is_an_edge_and_the_order_in_the_file_means_nothing(plainly: Plainly):
    steps = """
  c: {use: text, template: "{{ b }}!"}
  b: {use: text, template: "{{ a }}-{{ inputs.word }}"}
  a: {use: text, template: hello}"""
    assert plainly(steps, "{x: $c}", word="you").outputs == {"x": "hello-you!"}


def test_a_step_may_have_any_id(plainly: Plainly):
    steps = "  self: {use: text, template: s}\n  names: {use: text, template: '{{ self }}n'}"
    assert plainly(steps, "{x: $names}").outputs == {"x": "sn"}


def test_a_step_starts_after_those_it_names(plainly: Plainly):
    steps = """
  a: {after: [b], use: llm, prompt: first}
  b: {use: llm, prompt: second}"""
    calls = plainly(steps, "{x: $a}").calls
    prompts = [call.params["prompt"] for call in calls if call.op == "prefill"]
    assert prompts == ["second", "first"]


def test_a_step_waits_for_what_any_of_its_keys_reads(plainly: Plainly):
    late = "\n  z: {use: value, value: 2}"
    for step, result in {
        "{if: false, else: {text: '{{ z.value }}'}, use: text, template: t}": "2",
        "{use: text, template: '$inputs.l[9]', fallback: {text: '{{ z.value }}'}}": "2",
        "{fold: $range(z.value), start: $z.value, use: value, value: $acc + 1}": 4,
        "{reduce: $range(z.value - 2), start: $z.value, use: value, value: 1}": 2,
        "{for_each: $range(z.value), use: text, template: '{{ z.value }}'}": ["2", "2"],
    }.items():
        field = "value" if "use: value" in step else "text"
        step = step.replace("z.value - 2", "z.value + -2")
        assert plainly(f"  a: {step}{late}", f"{{x: $a.{field}}}", l=["p"]).outputs == {"x": result}


def test_a_loop_waits_for_what_any_of_its_keys_reads(plainly: Plainly):
    steps = """
  a:
    loop:
      max: $m.value
      start: {n: $s.value}
      next: {n: $loop.n + d.value}
      until: $loop.n > u.value
    steps: {x: {use: text, template: t}}
  d: {use: value, value: 10}
  s: {use: value, value: 5}
  m: {use: value, value: 7}
  u: {use: value, value: 20}"""
    assert plainly(steps, "{n: $a.n, r: $a.rounds}").outputs == {"n": 25, "r": 2}


def test_steps_that_are_free_go_in_the_order_of_the_file(plainly: Plainly):
    steps = """
  c: {use: llm, prompt: "{{ a }}"}
  b: {use: llm, prompt: b}
  a: {use: text, template: a}"""
    calls = plainly(steps, "{x: $b}").calls
    assert [c.params["prompt"] for c in calls if c.op == "prefill"] == ["b", "a"]


def test_every_step_runs_read_or_not(plainly: Plainly):
    outcome = plainly("  a: {use: llm, prompt: a}\n  b: {use: text, template: b}", "{x: $b}")
    assert [call.op for call in outcome.calls] == ["prefill", "decode", "format"]


def test_a_result_has_exactly_the_declared_outputs_in_their_order(plainly: Plainly):
    steps = "  a: {use: value, value: {k: [1, $inputs.n, null], t: '{{ inputs.n }}$'}}"
    outcome = plainly(steps, "{z: $a.value, a: $$5, m: ['$a.value.k[1]'], n: null}", n=7)
    assert list((outcome.outputs or {}).items()) == [
        ("z", {"k": [1, 7, None], "t": "7$"}), ("a", "$5"), ("m", [7]), ("n", None),
    ]  # fmt: skip


def test_now_is_when_the_run_was_accepted(plainly: Plainly):
    outcome = plainly("  a: {use: value, value: $now_iso()}", "{x: $a.value, y: $now_iso()}")
    assert outcome.outputs == {"x": ACCEPTED_AT, "y": ACCEPTED_AT}


def test_an_absent_input_is_its_default_or_null(shelf: Shelf):
    page = {
        "workflow": "w",
        "inputs": {"a": "string?", "b": {"type": "integer", "default": 3}},
        "steps": {"s": {"use": "value", "value": ["$inputs.a", "$inputs.b"]}},
        "outputs": {"x": "$s"},
    }
    assert plainly_on(shelf, page, {}).outputs == {"x": [None, 3]}


def test_an_inline_file_is_a_whole_file(shelf: Shelf):
    page = {
        "workflow": "w",
        "inputs": {"f": "file[]"},
        "steps": {"s": {"use": "value", "value": "$inputs.f[0].size"}},
        "outputs": {"x": "$s", "t": "$inputs.f[0].media_type"},
    }
    outcome = plainly_on(shelf, page, {"f": [{"name": "a.txt", "text": "héllo"}]})
    assert outcome.outputs == {"x": 6, "t": "text/plain"}


def test_a_secret_is_handed_on_by_name_alone(plainly: Plainly):
    steps = "  a: {use: http, target: t, auth: $secret.token}"
    (call,) = plainly(steps, "{x: $a.status}").calls
    assert call.params["auth"] == {"secret": "token"}


def test_an_index_outside_its_list_fails_the_step_and_names_the_line(plainly: Plainly):
    steps = "  a: {use: text, template: a}\n  b: {use: value, value: '$inputs.l[5]'}"
    failure = plainly(steps, "{x: $b.value}", l=["x"]).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("bad-value", "b")
    assert failure.place.origin == Origin("page.yaml", "/steps/b", 5, 3)


def test_an_any_of_another_type_fails_the_step_it_arrives_at(plainly: Plainly):
    steps = "  a: {use: search, index: $i, query: $inputs.o.k}\n  i: {use: index, name: n}"
    failure = plainly(steps, "{x: $a.docs}", o={"k": 3}).failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("wrong-type", "a")


def test_a_computed_value_outside_what_an_input_allows_fails_the_step(plainly: Plainly):
    steps = "  a: {use: chunk, text: x, size: $inputs.n + 0}"
    failure = plainly(steps, "{x: $a.items}", n=0).failure
    assert failure is not None
    assert failure.place.step == "a"


def test_an_output_that_fails_names_its_own_line(plainly: Plainly):
    failure = plainly("  a: {use: text, template: a}", "{x: '$inputs.l[1]'}", l=["x"]).failure
    assert failure is not None
    assert failure.place.step is None
    assert failure.place.origin == Origin("page.yaml", "/outputs/x", 5, 11)


def test_a_failed_run_has_no_outputs_and_does_nothing_more(plainly: Plainly):
    steps = "  a: {use: llm, prompt: bad}\n  b: {use: text, template: '{{ a }}'}"
    outcome = plainly(steps, "{x: $b}", breaks("bad"))
    assert (outcome.status, outcome.outputs) == ("failed", None)
    assert [call.op for call in outcome.calls] == ["prefill", "decode"]


MIXED = {
    "workflow": "w",
    "inputs": {"l": "string[]"},
    "steps": {
        "a": {"for_each": "$inputs.l", "use": "llm", "prompt": "{{ item }}", "retry": 2},
        "b": {"use": "llm", "prompt": "{{ a.text | json }}", "after": ["c"], "retry": 2},
        "c": {
            "fold": "$a.text",
            "start": "",
            "use": "llm",
            "prompt": "{{ acc }}{{ item }}",
            "retry": 2,
        },
        "d": {"use": "web_search", "query": "$b.text", "retry": 2},
    },
    "outputs": {"x": "$a.text", "y": "$b", "z": "$c", "d": "$d.docs"},
}


def test_the_same_run_twice_is_identical(shelf: Shelf):
    script = Script(seed=3, transient=0.5)
    first, second = (plainly_on(shelf, MIXED, {"l": ["p", "q", "r"]}, script) for _ in range(2))
    assert first == second
    assert (first.status, first.fired["retry cured"] > 0) == ("succeeded", True)


def test_the_order_of_steps_in_the_file_changes_no_output(shelf: Shelf):
    expected = plainly_on(shelf, MIXED, {"l": ["p", "q"]}).outputs
    steps = list(MIXED["steps"].items())
    for seed in range(8):
        random.Random(seed).shuffle(steps)
        page = {**MIXED, "steps": dict(steps)}
        assert plainly_on(shelf, page, {"l": ["p", "q"]}).outputs == expected


def test_another_pool_gives_another_answer_and_priority_none(shelf: Shelf):
    def text_of(**keys: object) -> object:
        steps = {"a": {"use": "llm", "prompt": "p", **keys}}
        page = {"workflow": "w", "steps": steps, "outputs": {"x": "$a"}}
        return plainly_on(shelf, page, {}).outputs

    assert text_of() == text_of(priority=3) == text_of(engine="near")
    assert text_of(engine="small") != text_of(engine="large") != text_of()


def test_engine_and_priority_hold_inside_a_step_and_the_innermost_wins(shelf: Shelf):
    inner = {"p": {"use": "llm", "prompt": "p"}, "q": {"use": "llm", "prompt": "q", "priority": 2}}
    block = {"steps": inner, "outputs": {"x": "$p"}, "engine": "small", "priority": -1}
    page = {"workflow": "w", "steps": {"a": block}, "outputs": {"x": "$a"}}
    calls = plainly_on(shelf, page, {}).calls
    assert [(c.pool, c.priority) for c in calls if c.op == "decode"] == [
        ("small", -1),
        ("small", 2),
    ]
