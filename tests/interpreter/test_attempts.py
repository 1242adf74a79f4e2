"""`retry`, `timeout`, `fallback`: what is done about a step that fails, and in which order."""

from tests.interpreter.conftest import Plainly, breaks, slow


def asked(outcome) -> int:
    """How often a model was asked."""
    return sum(call.op == "decode" for call in outcome.calls)


ASK = "  a: {{use: llm, prompt: '{{{{ inputs.q }}}}', {}}}"


def test_a_retry_cures_a_transient_fault(plainly: Plainly):
    unharmed = plainly(ASK.format("retry: 0"), "{x: $a}", q="q")
    outcome = plainly(ASK.format("retry: 2"), "{x: $a}", breaks("q", times=2), q="q")
    assert outcome.outputs == unharmed.outputs
    assert [call.attempt for call in outcome.calls if call.op == "decode"] == [0, 1, 2]


def test_there_are_no_more_attempts_than_asked_for(plainly: Plainly):
    outcome = plainly(ASK.format("retry: 2"), "{x: $a}", breaks("q", times=3), q="q")
    assert (outcome.status, asked(outcome)) == ("failed", 3)


def test_a_fault_that_is_not_transient_is_not_tried_again(plainly: Plainly):
    outcome = plainly(ASK.format("retry: 3"), "{x: $a}", breaks("q"), q="q")
    assert (outcome.status, asked(outcome)) == ("failed", 1)


def test_a_value_that_cannot_be_computed_is_not_tried_again(plainly: Plainly):
    steps = """
  a:
    retry: 3
    steps: {s: {use: llm, prompt: p}, t: {use: value, value: "$inputs.l[9]", after: [s]}}
    outputs: {o: $t.value}"""
    assert asked(plainly(steps, "{x: $a.o}", l=["p"])) == 1


def test_a_retry_does_the_whole_body_again(plainly: Plainly):
    steps = """
  a:
    retry: 1
    steps: {s: {use: llm, prompt: one}, t: {use: llm, prompt: two, after: [s]}}
    outputs: {o: $t}"""
    outcome = plainly(steps, "{x: $a.o}", breaks("two", times=1))
    assert (outcome.status, asked(outcome)) == ("succeeded", 4)


def test_attempts_inside_attempts_add_up(plainly: Plainly):
    steps = """
  a:
    retry: 2
    steps: {s: {use: llm, prompt: q, retry: 1}}
    outputs: {o: $s}"""
    assert plainly(steps, "{x: $a.o}", breaks("q", times=3)).status == "succeeded"
    assert plainly(steps, "{x: $a.o}", breaks("q", times=4)).status == "failed"


def test_a_call_that_takes_too_long_fails_the_step(plainly: Plainly):
    failure = plainly(ASK.format("timeout: 3s"), "{x: $a}", slow("q", 3001), q="q").failure
    assert failure is not None
    assert (failure.code, failure.place.step) == ("timed-out", "a")
    assert (
        plainly(ASK.format("timeout: 3s"), "{x: $a}", slow("q", 3000), q="q").status == "succeeded"
    )


def test_one_timeout_covers_the_body_with_its_retries(plainly: Plainly):
    failing = breaks("q", times=2, ms=400)
    in_time = plainly(ASK.format("retry: 2, timeout: 1200ms"), "{x: $a}", failing, q="q")
    too_late = plainly(ASK.format("retry: 2, timeout: 1199ms"), "{x: $a}", failing, q="q")
    assert (in_time.status, too_late.status) == ("succeeded", "failed")
    assert (in_time.took_ms, too_late.took_ms) == (1200, 1199)


def test_a_timeout_is_not_tried_again(plainly: Plainly):
    steps = """
  a:
    retry: 3
    steps: {s: {use: llm, prompt: q, timeout: 1s, retry: 3}}
    outputs: {o: $s}"""
    outcome = plainly(steps, "{x: $a.o}", slow("q", 2000))
    assert (outcome.status, asked(outcome)) == ("failed", 1)


def test_what_happens_all_at_once_takes_as_long_as_its_longest_part(plainly: Plainly):
    steps = """
  a:
    timeout: 2s
    steps:
      s: {for_each: $inputs.l, use: llm, prompt: "{{ item }}"}
      t: {use: llm, prompt: long}
      u: {use: llm, prompt: "then {{ t }}"}
    outputs: {o: $s.text, p: $u}"""
    rules = slow("long", 1500), slow("then", 500), slow('"prompt": "p', 900)
    outcome = plainly(steps, "{x: $a.p}", *rules, l=["p1", "p2", "p3"])
    assert (outcome.status, outcome.took_ms) == ("succeeded", 2000)


def test_a_map_of_steps_is_over_when_all_of_them_are(plainly: Plainly):
    steps = "  a: {use: llm, prompt: long}\n  b: {use: llm, prompt: short}"
    rules = slow("long", 1500), slow("short", 500)
    assert plainly(steps, "{x: $b}", *rules).took_ms == 1500


def test_an_outer_timeout_is_not_stopped_by_what_is_inside(plainly: Plainly):
    steps = """
  a:
    timeout: 1s
    fallback: {o: [outer]}
    steps:
      s:
        for_each: $inputs.l
        use: llm
        prompt: "{{ item }}"
        timeout: 5s
        fallback: {text: inner}
        on_error: null
    outputs: {o: $s.text}"""
    assert plainly(steps, "{x: $a.o}", slow("q", 9000), l=["p", "q"]).outputs == {"x": ["outer"]}


def test_an_inner_timeout_leaves_the_outer_one_running(plainly: Plainly):
    steps = """
  a:
    timeout: 2s
    steps:
      s: {use: llm, prompt: q, timeout: 1s, fallback: {text: in time}}
      t: {use: llm, prompt: "after {{ s }}"}
    outputs: {o: $s, p: $t}"""
    rules = slow("after", 1000), slow("q", 9000)
    assert plainly(steps, "{x: $a.o}", *rules).outputs == {"x": "in time"}
    rules = slow("after", 1001), slow("q", 9000)
    assert plainly(steps, "{x: $a.o}", *rules).status == "failed"


def test_fallback_stands_for_the_fields_and_what_it_does_not_name_is_null(plainly: Plainly):
    steps = """
  a:
    fallback: {o: "no {{ inputs.q }}"}
    steps: {s: {use: llm, prompt: "{{ inputs.q }}"}}
    outputs: {o: $s, p: $s}"""
    outcome = plainly(steps, "{o: $a.o, p: $a.p}", breaks("q"), q="q")
    assert outcome.outputs == {"o": "no q", "p": None}


def test_fallback_comes_after_all_retries_and_a_timeout(plainly: Plainly):
    steps = ASK.format("retry: 1, timeout: 1s, fallback: {{text: instead}}")
    steps = steps.replace("{{text", "{text").replace("}}}", "}}")
    failing = plainly(steps, "{x: $a}", breaks("q", times=9), q="q")
    late = plainly(steps, "{x: $a}", slow("q", 5000), q="q")
    assert failing.outputs == late.outputs == {"x": "instead"}
    assert (asked(failing), asked(late)) == (2, 1)


def test_fallback_covers_the_parameters_of_the_body(plainly: Plainly):
    steps = "  a: {use: text, template: '$inputs.l[7]', fallback: {text: none}}"
    assert plainly(steps, "{x: $a}", l=["p"]).outputs == {"x": "none"}


def test_fallback_does_not_cover_the_condition(plainly: Plainly):
    steps = "  a: {if: '$inputs.l[7] == 1', use: text, template: t, fallback: {text: none}}"
    assert plainly(steps, "{x: $a}", l=["p"]).status == "failed"


def test_fallback_of_a_for_each_acts_on_each_element_before_on_error(plainly: Plainly):
    steps = """
  a:
    for_each: $inputs.l
    on_error: drop
    fallback: {text: "no {{ item }} at {{ position }}"}
    use: text
    template: "$item + split(item, 'x')[1]\""""
    outcome = plainly(steps, "{x: $a.text}", l=["1x2", "3", "4x"])
    assert outcome.outputs == {"x": ["1x22", "no 3 at 1", "4x"]}


def test_a_fallback_that_fails_fails_the_step(plainly: Plainly):
    steps = "  a: {use: llm, prompt: q, fallback: {text: '$inputs.l[3]'}}"
    failure = plainly(steps, "{x: $a}", breaks("q"), l=["p"]).failure
    assert failure is not None
    assert failure.code == "bad-value"


def test_retries_of_a_for_each_are_counted_for_each_element(plainly: Plainly):
    steps = "  a: {for_each: $inputs.l, retry: 1, use: llm, prompt: '{{ item }}'}"
    outcome = plainly(steps, "{x: $a.text}", breaks("q", times=1), l=["q1", "p", "q2"])
    assert (outcome.status, asked(outcome)) == ("succeeded", 5)


def test_a_list_that_is_too_short_fails_the_step(plainly: Plainly):
    steps = "  a: {use: llm.list, prompt: q, items: 2, min_items: 3, fallback: {items: [so]}}"
    assert plainly(steps, "{x: $a}").outputs == {"x": ["so"]}


def test_cache_changes_no_output(plainly: Plainly):
    assert (
        plainly(ASK.format("cache: 7d"), "{x: $a}", q="q").outputs
        == plainly(ASK.format("retry: 0"), "{x: $a}", q="q").outputs
    )
