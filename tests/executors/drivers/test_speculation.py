"""What a condition guards, begun before the condition is known: kept, dropped, failed, given up."""

import json

import pytest

from executors.engines.scripted import Behaviour, Scripted
from executors.learned_sizes import LearnedSizes
from executors.scheduler.commands import Abort, Dispatch, Forget, Speculated, Unfold
from executors.scheduler.events import RunId
from planner.expand import make_plan
from planner.graph import PrimitiveId
from planner.passes.names import DEFAULT, SPECULATE
from planner.pools import PoolFacts, Pools
from planner.structure import AHEAD
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS, POOLS
from tests.executors.drivers.live import Live, play

MET, REFUSED = "$judge.text != ''", "$judge.text == ''"
WIDE = Pools(POOLS.kinds, POOLS.default, {name: PoolFacts(slots=16) for name in KINDS})
JUDGE = "  judge: {use: llm, prompt: 'Judge {{ inputs.q }}'}\n"
SEARCH = "  s: {if: %s, use: web_search, query: $inputs.q, else: {docs: []}%s}\n"


@pytest.fixture
def plan(registry):
    def build(steps, outputs="{docs: $s.docs, said: $judge.text}", more="", ahead=True):
        inputs = "{q: string, words: {type: 'string[]', default: []}}"
        page = f"workflow: w\ninputs: {inputs}\nsteps:\n{steps}outputs: {outputs}\n{more}"
        document = load(Source("test.yaml", page.encode(), "yaml"), registry.vocabulary())
        passes = DEFAULT | {SPECULATE} if ahead else DEFAULT
        return make_plan(document, registry.modules, WIDE, passes=passes)

    return build


def judging(request):
    """A judge takes a second; other calls of a model half of one."""
    return Behaviour(latency_s=1.0 if "Judge" in json.dumps(request.args["prompt"]) else 0.5)


def finding(latency_s=0.3, **more):
    return lambda request: Behaviour(latency_s=latency_s, **more)


def failing_at_first(request):
    fault = "engine-busy" if request.attempt == 0 else None
    return Behaviour(latency_s=0.1, fault=fault, transient=True)


def events(world, run="r1"):
    return world.store.events("local", run, limit=10_000)


def told(world, kind, run="r1"):
    return [event.data for event in events(world, run) if event.kind == kind]


def took_s(world, run="r1"):
    (ended,) = told(world, "run.finished", run)
    return ended["duration_ms"] / 1000


def order(world, *wanted):
    """Return which of `wanted`, kinds with the step or primitive they name, came in what order."""
    named = [
        (each.kind, each.data.get("primitive") or each.data.get("step")) for each in events(world)
    ]
    return [pair for pair in named if pair in wanted]


def commands(world):
    return [each for entry in world.journal for each in entry.commands]


def left_for_the_web(world):
    """Return the runs whose work left for the web, in their order."""
    return [
        piece.task.run
        for each in commands(world)
        if isinstance(each, Dispatch) and each.pool == "web"
        for piece in each.pieces
    ]


def served(world, plan, words=None, likely=(), **behaviours):
    """Run a plan alone; the conditions at `likely` have been met often before."""
    here = world(behaviours={"llm": judging, "web": finding(), **behaviours}, replicas=2)
    for opening in likely:
        for _ in range(20):
            here.scheduler.chances.learn("local", plan.fingerprint, opening, True)
    here.submit(plan, {"q": "why", "words": words or []})
    here.run()
    return here


def test_what_is_kept_was_begun_before_the_condition_was_known(world, plan):
    here = served(world, plan(JUDGE + SEARCH % (MET, "")))
    there = served(world, plan(JUDGE + SEARCH % (MET, ""), ahead=False))
    assert here.record().outputs == there.record().outputs
    assert (took_s(here), took_s(there)) == (pytest.approx(1.0), pytest.approx(1.3))
    found, judged = ("primitive.finished", "s.found"), ("primitive.finished", "judge.decode")
    began = ("step.started", "s")
    assert order(here, found, judged, began) == [found, judged, began]
    (data,) = told(here, "step.speculated")
    assert (data["step"], data["kept"], data["primitives"]) == ("s", True, 1)
    assert data["execution_ms"] == pytest.approx(300)
    step = next(each for each in told(here, "step.finished") if each["step"] == "s")
    assert (step["status"], step["primitives"]) == ("succeeded", 1)


def test_what_is_dropped_leaves_the_step_skipped_and_says_what_it_cost(world, plan):
    here = served(world, plan(JUDGE + SEARCH % (REFUSED, "")))
    assert here.record().outputs["docs"] == []
    assert [data["step"] for data in told(here, "step.started")] == ["judge"]
    (data,) = told(here, "step.speculated")
    assert (data["kept"], data["primitives"], data["execution_ms"]) == (False, 1, 300)
    step = next(each for each in told(here, "step.finished") if each["step"] == "s")
    assert step["status"] == "skipped"
    assert not here.values.held


def test_what_is_in_an_engine_when_it_is_dropped_is_ended(world, plan):
    here = served(world, plan(JUDGE + SEARCH % (REFUSED, "")), web=finding(stalls=True))
    assert took_s(here) == pytest.approx(1.0)
    assert sum(isinstance(each, Abort) for each in commands(here)) == 1
    (data,) = told(here, "step.speculated")
    assert (data["primitives"], data["execution_ms"]) == (0, pytest.approx(1000))


def test_what_is_queued_when_it_is_dropped_never_leaves(world, plan):
    here = world(behaviours={"llm": judging, "web": finding(10.0)}, replicas=1)
    here.submit(
        plan("  s: {use: web_search, query: $inputs.q}\n", "{x: $s.docs}"), {"q": "a"}, "r0"
    )
    here.submit(plan(JUDGE + SEARCH % (REFUSED, "")), {"q": "b"}, "r1", at=0.1)
    here.run()
    assert took_s(here) == pytest.approx(1.0)
    assert told(here, "step.speculated")
    assert left_for_the_web(here) == ["r0"]


def test_what_is_dropped_is_kept_no_longer_though_the_run_goes_on(world, plan):
    here = served(world, plan(JUDGE + SEARCH % (REFUSED, "")))
    forgotten = [id for each in commands(here) if isinstance(each, Forget) for id in each.units]
    assert forgotten == ["s.found"]


@pytest.mark.parametrize("condition", ["topic.text != ''", "topic.text == ''"])
def test_a_condition_that_is_known_in_the_moment_it_is_guessed_about(world, plan, condition):
    """The judge is thought to take longer than it does, so all waits for the topic alone."""
    steps = f"""\
  judge: {{use: llm, prompt: "Decide {{{{ inputs.q }}}}"}}
  topic: {{use: llm, prompt: "Judge {{{{ inputs.q }}}}", max_tokens: 8}}
  s: {{if: "$judge.text != '' and {condition}", use: web_search, query: $topic.text}}
"""
    here = served(world, plan(steps, "{docs: $s.docs}"))
    met = "!=" in condition
    assert bool(here.record().outputs["docs"]) == met
    assert sum(isinstance(each, Unfold) and each.child == AHEAD for each in commands(here)) == 1
    assert left_for_the_web(here) == ["r1"] * met
    forgotten = [id for each in commands(here) if isinstance(each, Forget) for id in each.units]
    assert ("s.found" in forgotten) or met
    assert [data["kept"] for data in told(here, "step.speculated")] == [met]


def test_it_stands_behind_other_work_until_it_is_kept(world, plan):
    here = world(behaviours={"llm": judging, "web": finding(0.4)}, batch_rows=1)
    search = plan("  s: {use: web_search, query: $inputs.q}\n", "{x: $s.docs}")
    here.submit(search, {"q": "a"}, "r0")
    here.submit(plan(JUDGE + SEARCH % (MET, "")), {"q": "b"}, "r1", at=0.1)
    for number in (2, 3, 4):
        here.submit(search, {"q": "c"}, f"r{number}", at=0.1 * number)
    here.submit(search, {"q": "d"}, "r5", at=1.15)  # after the judge has answered
    here.run()
    assert left_for_the_web(here) == ["r0", "r2", "r3", "r1", "r4", "r5"]


@pytest.mark.parametrize("condition", [MET, REFUSED])
def test_what_fails_counts_only_where_the_condition_is_met(world, plan, condition):
    here = served(world, plan(JUDGE + SEARCH % (condition, "")), web=finding(fault="engine-error"))
    assert took_s(here) == pytest.approx(1.0)
    assert here.record().status == ("failed" if condition == MET else "succeeded")
    if condition == MET:
        assert here.record().problem["step"] == "s"


@pytest.mark.parametrize("condition", [MET, REFUSED])
def test_a_region_around_is_tried_again_only_where_the_condition_is_met(world, plan, condition):
    inner = (JUDGE + SEARCH % (condition, "")).replace("  ", "      ", 1)
    inner = inner.replace("\n  s:", "\n      s:")
    steps = f"  b:\n    retry: 1\n    steps:\n{inner}    outputs: {{docs: $s.docs}}\n"
    here = served(world, plan(steps, "{docs: $b.docs}"), web=failing_at_first)
    assert here.record().status == "succeeded"
    assert bool(here.record().outputs["docs"]) == (condition == MET)
    assert took_s(here) == pytest.approx(1.1 if condition == MET else 1.0)


def test_what_is_tried_again_inside_is_so_before_the_condition_is_known(world, plan):
    here = served(world, plan(JUDGE + SEARCH % (MET, ", retry: 1")), web=failing_at_first)
    assert here.record().status == "succeeded"
    assert took_s(here) == pytest.approx(1.0)


def test_what_stands_in_inside_is_there_once_the_condition_is_known(world, plan):
    instead = ", fallback: {docs: []}"
    here = served(world, plan(JUDGE + SEARCH % (MET, instead)), web=finding(fault="engine-error"))
    assert here.record().outputs["docs"] == []
    assert took_s(here) == pytest.approx(1.0)


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_run_that_ends_meanwhile_leaves_nothing(world, plan, how):
    here = world(behaviours={"llm": judging, "web": finding(stalls=True)})
    more = {"deadline": 0.5} if how == "expired" else {}
    here.submit(plan(JUDGE + SEARCH % (MET, "")), {"q": "why"}, **more)
    if how == "cancelled":
        here.cancel("r1", at=0.5)
    here.run()
    assert here.record().status == how
    assert not any(pool.busy or pool.waiting for pool in here.scheduler.pools.values())
    assert not here.values.held


BOTH = ("s:branch", "s.found:branch")
NESTED = """
  judge: {use: llm, prompt: "Judge {{ inputs.q }}"}
  s:
    if: OUTER
    steps:
      inner: {use: llm, prompt: "Judge once more {{ inputs.q }}"}
      found: {if: INNER, use: web_search, query: $inputs.q}
    outputs: {docs: $found.docs}
    else: {docs: []}
"""


@pytest.mark.parametrize("outer", [MET, REFUSED])
@pytest.mark.parametrize("inner", [MET, REFUSED])
@pytest.mark.parametrize("web", [finding(), finding(1.6), finding(fault="engine-error")])
@pytest.mark.parametrize("late", ["judge", "inner"])
def test_a_branch_within_a_branch(world, plan, outer, inner, web, late):
    inner = inner.replace("judge", "inner")
    steps = NESTED.replace("OUTER", outer).replace("INNER", inner).lstrip("\n")

    def llm(request):
        slow = ("once more" in json.dumps(request.args["prompt"])) == (late == "inner")
        return Behaviour(latency_s=1.5 if slow else 1.0)

    here = served(world, plan(steps), likely=BOTH, llm=llm, web=web)
    there = served(world, plan(steps, ahead=False), llm=llm, web=web)
    assert told(here, "step.speculated")
    assert here.record().status == there.record().status
    if there.record().status == "succeeded":
        assert here.record().outputs == there.record().outputs
    assert took_s(here) <= took_s(there)
    assert not here.values.held


def test_what_is_kept_inside_a_guess_is_that_ones_to_keep_or_drop(world, plan):
    steps = NESTED.replace("OUTER", REFUSED).replace("INNER", "$inner.text != ''").lstrip("\n")

    def llm(request):
        return Behaviour(
            latency_s=1.0 if "once more" in json.dumps(request.args["prompt"]) else 2.0
        )

    here = served(world, plan(steps), likely=BOTH, llm=llm)
    inner, outer = told(here, "step.speculated")
    assert (inner["kept"], inner["primitives"], inner["execution_ms"]) == (True, 1, 300)
    assert (outer["kept"], outer["primitives"], outer["execution_ms"]) == (False, 3, 1300)
    assert [data["step"] for data in told(here, "step.started")] == ["judge"]


EACH = """
  s:
    for_each: $inputs.words
    steps:
      judge: {use: llm, prompt: "Judge {{ item }}"}
      found: {if: "$'a' in judge.text", use: web_search, query: $item, else: {docs: []}}
    outputs: {docs: $found.docs}
"""


def test_each_element_has_a_branch_of_its_own(world, plan):
    words = [str(number) for number in range(40)]
    here = served(world, plan(EACH.lstrip("\n"), "{docs: $s.docs}"), words)
    there = served(world, plan(EACH.lstrip("\n"), "{docs: $s.docs}", ahead=False), words)
    assert here.record().outputs == there.record().outputs
    assert {data["kept"] for data in told(here, "step.speculated")} == {True, False}
    assert took_s(here) < took_s(there)


def test_text_that_is_shown_as_it_comes_is_not_begun_ahead(world, plan):
    steps = JUDGE + f"  s: {{if: {MET}, use: llm, prompt: Answer}}\n"
    here = served(world, plan(steps, "{text: $s.text}", "stream: [text]\n"))
    assert told(here, "step.speculated") == []
    assert "".join(data["text"] for data in told(here, "output.delta"))


def test_what_is_mostly_refused_is_begun_no_more(world, plan):
    here = world(behaviours={"llm": judging, "web": finding()}, replicas=2)
    steps = plan(JUDGE + SEARCH % (REFUSED, ""))
    for number in range(30):
        here.submit(steps, {"q": "why"}, f"r{number}", at=10.0 * number)
    here.run()
    begun = [bool(told(here, "step.speculated", f"r{number}")) for number in range(30)]
    assert begun[0]
    assert not begun[-1]
    assert begun == sorted(begun, reverse=True)


def test_where_many_wait_work_that_may_be_for_nothing_is_too_dear(world, plan):
    here = world(behaviours={"llm": judging, "web": finding(10.0)}, replicas=1, batch_rows=1)
    search = plan("  s: {use: web_search, query: $inputs.q}\n", "{x: $s.docs}")
    for number in range(40):
        here.submit(search, {"q": "a"}, f"w{number}")
    here.submit(plan(JUDGE + SEARCH % (MET, "")), {"q": "b"}, "r1", at=0.1)
    here.run()
    assert told(here, "step.speculated") == []
    assert here.record().status == "succeeded"


@pytest.mark.parametrize("condition", [MET, REFUSED])
def test_live_a_search_begins_before_a_slow_judge_has_answered(tmp_path, plan, condition):
    async def scenario():
        stuck = Behaviour(stalls=condition == REFUSED)
        slow = Scripted("llm", lambda request: Behaviour(latency_s=0.3))
        here = Live(tmp_path, {"llm": slow, "web": Scripted("web", lambda request: stuck)})
        steps = plan(JUDGE + SEARCH % (condition, ""))
        record = await here.finish(await here.submit(steps, {"q": "why", "words": []}))
        assert record.status == "succeeded"
        assert bool(record.outputs["docs"]) == (condition == MET)
        told = here.store.events("local", "r1", limit=1000)
        done = [each.data["primitive"] for each in told if each.kind == "primitive.finished"]
        assert [id for id in done if id in ("s.found", "judge.decode")] == (
            ["s.found", "judge.decode"] if condition == MET else ["judge.decode"]
        )
        assert all(state.batches == state.waiting == 0 for state in here.runner.pools())
        assert here.values.held == {}
        assert here.bugs == []
        await here.runner.stop()

    play(scenario)


@pytest.mark.parametrize("condition", [MET, REFUSED])
def test_what_is_learned_of_a_condition_is_what_it_came_to(world, plan, condition):
    steps = plan(JUDGE + SEARCH % (condition, ""))
    here = served(world, steps)
    sizes = LearnedSizes()
    sizes.begin(RunId("r1"), "local", steps)
    for each in commands(here):
        if isinstance(each, Unfold):
            sizes.opened(each)
        elif isinstance(each, Speculated):
            sizes.decided(each)
    seen = sizes.of("local", steps).of(PrimitiveId("s:branch"))
    assert seen.truth == (condition == MET)
