"""Control constructs while a run goes on: what overlaps, what fails alone, what is cancelled.

What each of them comes to is held against the plain run in `tests/equivalence`.
"""

import json

import pytest

from executors.engines.scripted import Behaviour
from executors.performer import PROGRESS_TOLD_MAX

HEAD = "workflow: control\ninputs: {words: 'string[]', n: integer}\nsteps:\n"
ASKED = "use: llm, prompt: 'About {{ item }}'"
EACH = f"  s: {{for_each: $inputs.words, {ASKED}}}"


def page(steps: str, outputs: str = "{x: $s.text}") -> str:
    return f"{HEAD}{steps}\noutputs: {outputs}\n"


def seconds(request) -> Behaviour:
    return Behaviour(latency_s=1.0)


def failing(word: str, fault: str = "engine-error"):
    def behave(request) -> Behaviour:
        wrong = word in json.dumps(request.args["prompt"])
        return Behaviour(latency_s=1.0, fault=fault if wrong else None)

    return behave


def took_s(world) -> float:
    """How long the run took, in virtual time."""
    (ended,) = [
        e for e in world.store.events("local", "r1", limit=10_000) if e.kind == "run.finished"
    ]
    return ended.data["duration_ms"] / 1000


def started(world, run: str = "r1") -> int:
    """How many calls of a model were finished."""
    events = world.store.events("local", run, limit=10_000)
    return sum(e.kind == "primitive.finished" and e.data["op"] == "decode" for e in events)


def test_elements_run_all_at_once(world, plan_of):
    here = world(behaviours={"llm": seconds}, replicas=4)
    here.submit(
        plan_of(page(f"  s: {{for_each: $inputs.words, {ASKED}}}")), {"words": list("abcd")}
    )
    here.run()
    assert here.record().status == "succeeded"
    assert took_s(here) == pytest.approx(1.0)


def test_no_more_elements_are_open_than_the_author_allows(world, plan_of):
    here = world(behaviours={"llm": seconds}, replicas=4)
    step = f"  s: {{for_each: $inputs.words, max_parallel: 2, {ASKED}}}"
    here.submit(plan_of(page(step)), {"words": list("abcd")})
    here.run()
    assert took_s(here) == pytest.approx(2.0)


def test_a_tree_goes_up_as_soon_as_a_group_is_known(world, plan_of):
    here = world(behaviours={"llm": seconds}, replicas=8)
    step = "  s: {reduce: $inputs.words, use: llm, prompt: \"{{ items | join(' ') }}\"}"
    here.submit(plan_of(page(step)), {"words": [str(n) for n in range(8)]})
    here.run()
    assert took_s(here) == pytest.approx(3.0)


def test_a_refused_step_asks_no_engine_and_is_told_as_skipped(world, plan_of):
    here = world(behaviours={"llm": seconds})
    step = "  s: {if: $inputs.n > 1, use: llm, prompt: Hello, else: {text: nothing}}"
    here.submit(plan_of(page(step)), {"words": [], "n": 1})
    here.run()
    assert here.record().outputs == {"x": "nothing"}
    assert started(here) == 0
    (step,) = [e for e in here.store.events("local", "r1", limit=100) if e.kind == "step.finished"]
    assert step.data["status"] == "skipped"


@pytest.mark.parametrize(("mode", "kept"), [("null", 3), ("drop", 2)])
def test_an_element_that_fails_is_null_or_left_out(world, plan_of, mode, kept):
    here = world(behaviours={"llm": failing("bad")})
    step = f"  s: {{for_each: $inputs.words, on_error: {mode}, {ASKED}}}"
    here.submit(plan_of(page(step)), {"words": ["a", "bad", "c"]})
    here.run()
    assert here.record().status == "succeeded"
    assert len(here.record().outputs["x"]) == kept


def test_the_run_fails_with_the_element_and_the_line_where_nothing_is_said(world, plan_of):
    here = world(behaviours={"llm": failing("bad")})
    here.submit(
        plan_of(page(f"  s: {{for_each: $inputs.words, {ASKED}}}")), {"words": ["a", "bad"]}
    )
    here.run()
    problem = here.record().problem
    assert here.record().status == "failed"
    assert (problem["step"], problem["line"]) == ("s", 4)
    assert problem["primitive"] == "s[1].prefill"


def test_what_fails_takes_only_its_own_body_with_it(world, plan_of):
    here = world(behaviours={"llm": failing("bad")}, replicas=4)
    steps = """\
  s:
    fallback: {text: instead}
    steps:
      a: {use: llm, prompt: bad}
      b: {for_each: $inputs.words, use: llm, prompt: "Good {{ item }}"}
    outputs: {text: $a.text}
  t: {use: llm, prompt: Good too}"""
    here.submit(plan_of(page(steps, "{x: $s.text, y: $t.text}")), {"words": ["a"] * 50})
    here.run()
    assert here.record().outputs["x"] == "instead"
    assert here.record().outputs["y"]
    assert started(here) < 50


def test_text_of_a_guarded_step_is_still_streamed(world, plan_of):
    here = world(behaviours={"llm": seconds})
    step = "  s: {if: $inputs.n > 0, use: llm, prompt: Hello, else: {text: nothing}}"
    text = page(step) + "stream: [x]\n"
    here.submit(plan_of(text), {"words": [], "n": 1})
    here.run()
    events = here.store.events("local", "r1", limit=100)
    told = "".join(e.data["text"] for e in events if e.kind == "output.delta")
    assert told == here.record().outputs["x"]


def test_of_a_fold_the_last_text_is_streamed(world, plan_of):
    here = world(behaviours={"llm": seconds})
    step = '  s: {fold: $inputs.words, start: "", use: llm, prompt: "{{ acc }} {{ item }}"}'
    here.submit(plan_of(page(step) + "stream: [x]\n"), {"words": ["a", "b", "c"]})
    here.run()
    events = here.store.events("local", "r1", limit=1000)
    told = "".join(e.data["text"] for e in events if e.kind == "output.delta")
    assert told == here.record().outputs["x"]


def test_a_body_that_takes_too_long_is_given_up(world, plan_of):
    here = world(behaviours={"llm": lambda request: Behaviour(stalls=True)})
    step = "  s: {use: llm, prompt: Hello, timeout: 3s, fallback: {text: late}}"
    here.submit(plan_of(page(step)), {"words": []})
    here.run()
    assert here.record().outputs == {"x": "late"}
    assert took_s(here) == pytest.approx(3.0)


def test_without_a_fallback_the_run_fails_by_the_name_of_the_step(world, plan_of):
    here = world(behaviours={"llm": lambda request: Behaviour(stalls=True)})
    here.submit(plan_of(page("  s: {use: llm, prompt: Hello, timeout: 500ms}")), {"words": []})
    here.run()
    assert here.record().status == "failed"
    assert here.record().problem["code"] == "timed-out"
    assert here.record().problem["step"] == "s"


def test_cancelled_in_the_middle_no_more_work_reaches_an_engine(world, plan_of):
    here = world(behaviours={"llm": seconds}, replicas=2)
    here.submit(plan_of(page(EACH)), {"words": [str(n) for n in range(1000)]})
    here.cancel("r1", at=10.5)
    here.run()
    assert here.record().status == "cancelled"
    assert started(here) == 20
    assert took_s(here) == pytest.approx(10.5)
    assert not any(pool.busy or pool.waiting for pool in here.scheduler.pools.values())


def test_equal_seeds_open_the_same_parts_in_the_same_order(world, plan_of):
    def journal(seed: int) -> str:
        here = world(seed=seed, behaviours={"llm": lambda r: Behaviour(jitter_s=1.0)}, replicas=3)
        here.submit(
            plan_of(page(f"  s: {{for_each: $inputs.words, {ASKED}}}")), {"words": ["a"] * 20}
        )
        here.run()
        return str(here.journal)

    assert journal(7) == journal(7)


def told(world) -> list[tuple[str, int, int]]:
    events = world.store.events("local", "r1", limit=10_000)
    return [
        (e.data["of"], e.data["done"], e.data["total"]) for e in events if e.kind == "step.progress"
    ]


def test_how_far_a_list_has_come_is_told_in_twenty_stretches(world, plan_of):
    here = world(behaviours={"llm": seconds}, replicas=2)
    here.submit(plan_of(page(EACH)), {"words": [str(n) for n in range(100)]})
    here.run()
    assert told(here) == [("elements", done, 100) for done in range(5, 101, 5)]


def test_how_far_the_rows_of_a_primitive_have_come_is_told_but_for_its_end(world, plan_of):
    here = world(behaviours={"embedding": seconds}, batch_rows=8)
    step = "  s: {use: index, chunks: $c.items}\n  c: {use: chunk, text: $inputs.words, size: 1}"
    here.submit(plan_of(page(step, "{n: $len(c.items)}")), {"words": ["a b c d e f g h i j"] * 2})
    here.run()
    assert told(here) == [("rows", 8, 20), ("rows", 16, 20)]


def test_a_run_of_many_lists_tells_of_the_first_ones_alone(world, plan_of):
    here = world()
    inner = "steps: {t: {for_each: $inputs.words, use: text, template: '{{ item }}'}}"
    step = f"  s: {{for_each: $inputs.words, {inner}, outputs: {{x: $t.text}}}}"
    here.submit(plan_of(page(step, "{x: $s.x}")), {"words": [str(n) for n in range(40)]})
    here.run()
    assert here.record().status == "succeeded"
    assert len(told(here)) == PROGRESS_TOLD_MAX


def steps_told(world) -> list[tuple[str, int]]:
    events = world.store.events("local", "r1", limit=10_000)
    return [
        (e.data["step"], e.data["usage"]["tokens_out"]) for e in events if e.kind == "step.finished"
    ]


@pytest.mark.parametrize(
    "step",
    [
        "{use: llm, prompt: Hello, fallback: {text: instead}}",
        "{use: llm.list, prompt: Hello, retry: 2, fallback: {items: [instead]}}",
        "{steps: {a: {use: llm, prompt: A}, b: {use: llm, prompt: '{{ a.text }}'}}, "
        "outputs: {text: $b.text}, fallback: {text: instead}}",
        "{if: $inputs.n > 0, use: llm, prompt: A, fallback: {text: instead}, else: {text: none}}",
        "{for_each: $inputs.words, use: llm, prompt: '{{ item }}', fallback: {text: instead}}",
    ],
)
def test_a_step_that_another_value_stands_in_for_ends_once(world, plan_of, step):
    here = world(behaviours={"llm": lambda r: Behaviour(fault="engine-error", latency_s=1.0)})
    here.submit(plan_of(page(f"  s: {step}", "{x: $s}")), {"words": ["a", "b"], "n": 1})
    here.run()
    assert here.record().status == "succeeded"
    assert [step for step, _ in steps_told(here)] == ["s"]
    assert here.record().steps["s"].status == "succeeded"


def texts_told(world) -> list[str]:
    """The texts of `x` in the order they were shown, each up to where it was begun anew."""
    texts = [""]
    for event in world.store.events("local", "r1", limit=10_000):
        if event.kind == "output.delta":
            texts[-1] += event.data["text"]
        elif event.kind == "output.restarted":
            assert event.data == {"output": "x"}
            texts.append("")
    return texts


ALONE = [
    "{use: llm, prompt: Hello, MORE}",
    "{steps: {a: {use: llm, prompt: Hello}}, outputs: {text: $a.text}, MORE}",
    "{if: $inputs.n > 0, use: llm, prompt: Hello, else: {text: none}, MORE}",
    "{fold: $inputs.words, start: '', use: llm, prompt: Hello, MORE}",
    "{cache: 1h, use: llm, prompt: Hello, MORE}",
]


def streamed(step: str, more: str) -> str:
    return page("  s: " + step.replace("MORE", more)) + "stream: [x]\n"


@pytest.mark.parametrize("step", ALONE)
@pytest.mark.parametrize("more", ["retry: 1", "timeout: 9s", "fallback: {text: instead}"])
def test_text_of_a_step_that_may_fail_alone_is_streamed_too(world, plan_of, step, more):
    here = world(behaviours={"llm": seconds})
    here.submit(plan_of(streamed(step, more)), {"words": ["a"], "n": 1})
    here.run()
    assert texts_told(here) == [here.record().outputs["x"]]
    assert here.kinds().count("output.delta") > 1


@pytest.mark.parametrize("step", ALONE)
def test_text_of_an_attempt_that_failed_is_taken_back(world, plan_of, step):
    def once(request) -> Behaviour:
        fails = request.attempt == 0
        return Behaviour(fault="engine-error" if fails else None, transient=True, words=2)

    here = world(behaviours={"llm": once})
    here.submit(plan_of(streamed(step, "retry: 1")), {"words": ["a"], "n": 1})
    here.run()
    begun, whole = texts_told(here)
    assert whole == here.record().outputs["x"]
    assert begun
    assert whole.startswith(begun)


@pytest.mark.parametrize("step", ALONE)
def test_text_that_another_value_stands_in_for_is_taken_back(world, plan_of, step):
    here = world(behaviours={"llm": lambda r: Behaviour(fault="engine-error", words=2)})
    here.submit(plan_of(streamed(step, "fallback: {text: instead}")), {"words": ["a"], "n": 1})
    here.run()
    begun, after = texts_told(here)
    assert begun
    assert after == ""
    assert here.record().outputs == {"x": "instead"}


def test_text_that_is_over_is_taken_back_when_what_follows_in_its_block_fails(world, plan_of):
    here = world(behaviours={"llm": failing("Then")})
    step = (
        "{steps: {a: {use: llm, prompt: First}, b: {use: llm, prompt: 'Then {{ a.text }}'}}, "
        "outputs: {text: $a.text}, fallback: {text: instead}}"
    )
    here.submit(plan_of(streamed(step, "")), {"words": []})
    here.run()
    begun, after = texts_told(here)
    assert begun
    assert (after, here.record().outputs) == ("", {"x": "instead"})


def test_nothing_is_taken_back_where_nothing_was_shown(world, plan_of):
    here = world(behaviours={"llm": lambda r: Behaviour(fault="engine-error", latency_s=1.0)})
    here.submit(plan_of(streamed(ALONE[0], "fallback: {text: instead}")), {"words": []})
    here.run()
    assert texts_told(here) == [""]


@pytest.mark.parametrize(("cured_at", "status", "asked"), [(1, "succeeded", 10), (2, "failed", 10)])
def test_an_attempt_fails_once_however_much_of_it_does(world, plan_of, cured_at, status, asked):
    seen = []

    def behave(request) -> Behaviour:
        seen.append(request)
        fault = "engine-busy" if request.attempt < cured_at else None
        return Behaviour(latency_s=1.0, fault=fault, transient=True)

    body = f"steps: {{t: {{for_each: $inputs.words, {ASKED}}}}}, outputs: {{text: $t.text}}"
    here = world(behaviours={"llm": behave}, replicas=5)
    here.submit(plan_of(page(f"  s: {{retry: 1, {body}}}")), {"words": list("abcde")})
    here.run()
    assert here.record().status == status
    assert len({(request.args["prompt"], request.attempt) for request in seen}) == asked


def test_what_is_opened_late_is_of_the_attempt_that_goes_on(world, plan_of):
    def behave(request) -> Behaviour:
        fault = "engine-busy" if request.attempt == 0 else None
        return Behaviour(latency_s=1.0, fault=fault, transient=True)

    step = (
        "  s: {retry: 1, steps: {t: {fold: $inputs.words, start: '', use: llm,"
        " prompt: '{{ acc }} {{ item }}'}}, outputs: {text: $t.text}}"
    )
    here = world(behaviours={"llm": behave})
    here.submit(plan_of(page(step)), {"words": list("abc")})
    here.run()
    assert here.record().status == "succeeded"
    assert started(here) == 3


@pytest.mark.parametrize(
    "step",
    [
        "{reduce: $inputs.words, timeout: 5s, use: llm,"
        " prompt: '{{ items | join(\" \") }} {{ slow.text }}'}",
        "{loop: {max: 2, start: {text: ''}, next: {text: $t.text}}, timeout: 5s, steps:"
        " {t: {use: llm, prompt: '{{ loop.text }} {{ slow.text }}'}}}",
    ],
    ids=["reduce", "loop"],
)
def test_a_timeout_counts_from_where_all_is_there_that_a_body_reads(world, plan_of, step):
    def behave(request) -> Behaviour:
        return Behaviour(latency_s=10.0 if request.args["prompt"] == "slow" else 1.0)

    here = world(behaviours={"llm": behave}, replicas=2)
    steps = f"  slow: {{use: llm, prompt: slow}}\n  s: {step}"
    here.submit(plan_of(page(steps)), {"words": list("abc")})
    here.run()
    assert here.record().status == "succeeded", here.record().problem
    assert took_s(here) == pytest.approx(12.0)


def test_what_a_remembered_body_reads_are_not_the_names_it_gives_itself(world, plan_of):
    steps = (
        "workflow: control\ninputs: {words: 'string[]', docs: 'doc[]'}\nsteps:\n"
        "  s: {for_each: $inputs.words, cache: 1h, steps: {t: {fold: $inputs.docs, start: '',"
        " use: text, template: '{{ acc }}{{ item.text }}'}}, outputs: {text: $t.text}}\n"
        "outputs: {x: $s.text}\n"
    )
    docs = [{"id": text, "text": text, "meta": {}} for text in "ab"]
    here = world()
    here.submit(plan_of(steps), {"words": ["one"], "docs": docs})
    here.run()
    assert here.record().status == "succeeded", here.record().problem
    assert here.record().outputs == {"x": ["ab"]}
