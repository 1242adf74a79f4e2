"""Hints: sent where it pays, in nobody's way, and nothing depends on what becomes of them."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from executors.engines.scripted import Behaviour, Scripted
from executors.scheduler.commands import Abort, Dispatch
from executors.scheduler.events import RunId
from executors.scheduler.hints import (
    BLOCKS_MIN,
    LAST,
    REQUEST_MS,
    UTILISATION_MAX,
    Hints,
    has_room,
    pays,
)
from executors.scheduler.policies.fifo import fifo
from executors.scheduler.pool import Limits, Pool
from planner.costs import LanguageCosts
from planner.expand import make_plan
from planner.graph import PoolName, PrimitiveId
from planner.passes.names import DEFAULT, PREFILL
from planner.pools import BLOCK_TOKENS, PoolFacts, Pools
from planner.unit import Unit
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS

LLM = PoolName("llm")
POOLS = Pools(
    kinds=KINDS,
    default={kind: name for name, kind in KINDS.items()},
    facts={LLM: PoolFacts(warms=True, replicas=2)},
)
KNOWN = "Answer from the passages alone, and say so where they do not hold the answer. " * 5
PAGE = f"""\
workflow: w
inputs: {{question: string, words: 'string[]'}}
steps:
  found: {{use: web_search, query: $inputs.question}}
  answer: {{use: llm, prompt: "{KNOWN}{{{{ found.docs | numbered }}}}"}}
  MORE
outputs: {{x: $answer.text}}
"""


def seconds(request: Any) -> Behaviour:
    return Behaviour(latency_s=1.0)


@pytest.fixture
def plan(registry) -> Callable[..., Any]:
    def build(page: str, passes: frozenset[str] = DEFAULT) -> Any:
        text = page.replace("  MORE\n", "").encode()
        document = load(Source("test.yaml", text, "yaml"), registry.vocabulary())
        return make_plan(document, registry.modules, POOLS, passes=passes)

    return build


def told(here, op: str = "partial_prefill") -> list[Any]:
    events = here.store.events("local", "r1", limit=10_000)
    return [e for e in events if e.kind == "primitive.finished" and e.data["op"] == op]


def took_s(here) -> float:
    events = here.store.events("local", "r1", limit=10_000)
    return events[-1].data["duration_ms"] / 1000


def ran(here, plan, **inputs: Any) -> Any:
    here.submit(plan, {"question": "When?", "words": ["a"], **inputs})
    here.run()
    return here.record()


def dispatched(here, pool: str = "llm") -> list[Dispatch]:
    return [
        command
        for entry in here.journal
        for command in entry.commands
        if isinstance(command, Dispatch) and command.pool == pool
    ]


def test_a_hint_that_is_made_anew_while_an_engine_reads_it_is_that_one():
    begin, call = PrimitiveId("a:begin"), PrimitiveId("a")
    unit = Unit(begin, (begin,), LLM, 0, frozenset(), warms=call)
    hints = Hints(RunId("r1"), deque())
    hints.expect(unit, 0)
    hints.send(begin, 0, 0.0, None)
    assert hints.part([begin, call]) == [call]
    assert hints.orphans == {begin}
    hints.expect(unit, 0)
    assert (hints.orphans, hints.waits) == (set(), {})


def test_the_beginning_of_a_prompt_is_read_while_the_rest_is_not_known(world, plan):
    here = world(behaviours={"web": seconds, "llm": seconds})
    record = ran(here, plan(PAGE))
    assert record.status == "succeeded"
    (hint,) = told(here)
    assert (hint.data["primitive"], hint.data["step"]) == ("answer.prefill:begin", "answer")
    assert hint.data["queue_ms"] == 0.0
    first, call = dispatched(here)
    assert (first.pieces[0].task.unit, first.pieces[0].priority) == ("answer.prefill:begin", LAST)
    assert call.pieces[0].task.unit == "answer.prefill"


def test_nothing_that_an_engine_is_asked_or_a_run_gives_depends_on_hints(world, plan):
    asked: dict[bool, list[Any]] = {}

    def heard(on: bool) -> Callable[[Any], Behaviour]:
        def behave(request: Any) -> Behaviour:
            if request.op != "partial_prefill":
                asked.setdefault(on, []).append((request.op, dict(request.args)))
            return seconds(request)

        return behave

    outputs = []
    for on in (True, False):
        here = world(behaviours={"web": seconds, "llm": heard(on)})
        outputs.append(ran(here, plan(PAGE, DEFAULT if on else DEFAULT - {PREFILL})).outputs)
        assert bool(told(here)) is on
    assert outputs[0] == outputs[1]
    assert asked[True] == asked[False]


@pytest.mark.parametrize("fault", ["engine-error", "unsupported-op"])
def test_a_hint_that_fails_fails_nothing(world, plan, fault):
    def behave(request: Any) -> Behaviour:
        return Behaviour(fault=fault if request.op == "partial_prefill" else None)

    here = world(behaviours={"web": seconds, "llm": behave})
    assert ran(here, plan(PAGE)).status == "succeeded"
    assert here.scheduler.hints.failed == 1
    assert (LLM in here.scheduler.hints.refused) is (fault == "unsupported-op")
    here.submit(plan(PAGE), {"question": "Again?", "words": []}, run="r2", at=here.driver.now)
    here.run()
    assert here.record("r2").status == "succeeded"
    assert here.scheduler.hints.sent == (1 if fault == "unsupported-op" else 2)


def test_a_run_waits_for_no_hint_and_ends_what_is_still_read_for_it(world, plan):
    def behave(request: Any) -> Behaviour:
        return Behaviour(latency_s=1.0, stalls=request.op == "partial_prefill")

    here = world(behaviours={"web": seconds, "llm": behave}, replicas=2)
    record = ran(here, plan(PAGE))
    assert record.status == "succeeded"
    assert took_s(here) == pytest.approx(2.0)
    aborts = [c for e in here.journal for c in e.commands if isinstance(c, Abort)]
    assert len(aborts) == 1
    assert here.kinds()[-1] == "run.finished"


def test_a_run_that_is_cancelled_leaves_no_hint_behind(world, plan):
    here = world(behaviours={"web": seconds, "llm": lambda request: Behaviour(stalls=True)})
    here.cancel("r1", at=0.5)
    assert ran(here, plan(PAGE)).status == "cancelled"
    assert took_s(here) == pytest.approx(0.5)
    assert not any(pool.busy or pool.waiting for pool in here.scheduler.pools.values())


def test_a_busy_pool_reads_nothing_ahead(world, plan):
    more = '  more: {for_each: $inputs.words, use: llm, prompt: "{{ item }}"}\n'
    here = world(behaviours={"web": seconds, "llm": seconds})
    record = ran(here, plan(PAGE.replace("  MORE\n", more)), words=list("abcdef"))
    assert record.status == "succeeded"
    assert told(here) == []
    assert here.scheduler.hints.sent == 0


def test_what_a_hint_is_for_goes_to_the_replica_that_has_read_for_it(world, plan):
    """Of two equally idle replicas the second, which only a hint could have made the better one."""
    more = '  more: {use: llm, prompt: "Short."}\n'

    def behave(request: Any) -> Behaviour:
        return Behaviour(latency_s=0.5 if request.op == "decode" else 0.1)

    here = world(behaviours={"web": seconds, "llm": behave}, replicas=2)
    assert ran(here, plan(PAGE.replace("  MORE\n", more))).status == "succeeded"
    replicas = {each.pieces[0].task.unit: each.replica for each in dispatched(here)}
    assert replicas == {"more.prefill": 0, "answer.prefill:begin": 1, "answer.prefill": 1}


REFINED = f"""\
workflow: w
inputs: {{question: string, words: 'string[]'}}
steps:
  found: {{use: web_search, query: $inputs.question}}
  answer:
    fold: $inputs.words
    start: ""
    use: llm
    prompt: "{KNOWN}{{{{ inputs.question }}}} {{{{ item }}}} {{{{ acc }}}}"
outputs: {{x: $answer.text, docs: $found.docs}}
"""


def test_of_a_fold_each_element_is_read_before_the_draft_it_waits_for(world, plan):
    here = world(behaviours={"web": seconds, "llm": seconds}, replicas=2)
    record = ran(here, plan(REFINED), words=["one", "two", "three"])
    assert record.status == "succeeded"
    assert [e.data["primitive"] for e in told(here)] == [
        "answer[1].prefill:begin", "answer[2].prefill:begin",
    ]  # fmt: skip
    assert took_s(here) == pytest.approx(3.0)


def test_where_a_body_is_given_up_its_hints_are_too(world, plan):
    """While the first draft is awaited, its element takes too long: none of the fold is wanted."""
    page = REFINED.replace(
        "  answer:\n", "  answer:\n    timeout: 5s\n    fallback: {text: late}\n"
    )

    def behave(request: Any) -> Behaviour:
        return Behaviour(latency_s=1.0, stalls=request.op == "decode")

    here = world(behaviours={"web": seconds, "llm": behave}, replicas=3)
    record = ran(here, plan(page), words=list("abc"))
    assert record.outputs["x"] == "late"
    assert not any(pool.busy or pool.waiting for pool in here.scheduler.pools.values())


def pool(busy: int, slots: int = 10, costs: LanguageCosts | None = None) -> Pool:
    made = Pool(LLM, Limits(1, slots, 1, 100), fifo, costs)
    made.busy = dict.fromkeys(range(busy), 0)  # type: ignore[arg-type]
    return made


def test_the_guards_have_edges():
    full = int(UTILISATION_MAX * 10)
    assert [has_room(pool(busy)) for busy in (full, full + 1, 10)] == [True, False, False]
    least = BLOCKS_MIN * BLOCK_TOKENS
    assert [pays(pool(0), tokens) for tokens in (least - 1, least)] == [False, True]
    costs = LanguageCosts(30, 0.1, 0, 20, 0.5, 0)
    just = int(REQUEST_MS / 0.1)
    assert [pays(pool(0, costs=costs), tokens) for tokens in (just, just + 1)] == [False, True]
    assert [pays(pool(1, costs=costs), tokens) for tokens in (just + 1, 401)] == [False, True]


def test_scripted_engines_read_ahead_and_say_nothing_of_it():
    assert "partial_prefill" in Scripted("llm").traits.ops
