"""Lists that are gone over while they come: what begins when, what is taken back, what shows.

What each comes to is held against the plain run in `tests/equivalence`.
"""

import asyncio
import json
from functools import partial
from random import Random

import pytest

from executors.engines.engine import EngineFailed
from executors.engines.scripted import Behaviour, Scripted
from planner.passes.names import DECODING, DEFAULT
from spec.source import Source
from tests.executors.drivers import pipelined
from tests.executors.drivers.live import Live, play
from tests.executors.drivers.pipelined import by_attempt, finished, plan_of, says, world_of
from tests.executors.drivers.saying import Breaks, Saying

HEAD = "workflow: pipelined\ninputs: {word: string}\nsteps:\n"
WORDS = {"word": "mill"}
ITEMS = '["a", "b", "c"]'
THREE = ['["a", ', '"b"', ', "c"]']
LIST = "  l: {use: llm.list, prompt: List, items: 3}\n"
EACH = "  s: {for_each: $l.items, use: rerank, query: $item, docs: [{id: x, text: x, meta: {}}]}\n"


def page(steps: str, outputs: str = "{x: $s.docs, l: $l.items}") -> str:
    return f"{HEAD}{steps}outputs: {outputs}\n"


@pytest.fixture(scope="module")
def plan(registry):
    def build(text, passes=DEFAULT, modules=registry):
        return plan_of(text, modules, passes)

    return build


@pytest.fixture
def here(tmp_path):
    return partial(world_of, tmp_path / "values")


def ran(world, made):
    return pipelined.ran(world, made, WORDS)


def test_each_item_is_begun_with_as_it_closes(here, plan):
    world = here(says(*THREE))
    assert ran(world, plan(page(LIST + EACH))).outputs["l"] == ["a", "b", "c"]
    assert finished(world, "rerank") == [1.0, 3.0, 3.0]
    assert finished(world, "decode") == [3.0]


def test_without_the_pass_all_wait_for_the_end_and_come_to_the_same(here, plan):
    text = page(LIST + EACH)
    world = here(says(*THREE))
    plain = ran(world, plan(text, DEFAULT - {DECODING}))
    assert finished(world, "rerank") == [3.0, 3.0, 3.0]
    assert plain.outputs == ran(here(says(*THREE)), plan(text)).outputs


def test_a_fold_goes_on_one_item_behind_and_its_last_text_is_shown(here, plan):
    fold = '  s: {fold: $l.items, start: "", use: llm, prompt: "{{ acc }}{{ item }}"}\n'
    world = here(by_attempt(['["a", ', '"b", ', '"c"', "]"]))
    record = ran(world, plan(page(LIST + fold, "{x: $s.text}") + "stream: [x]\n"))
    assert record.outputs == {"x": "abc"}
    events = world.store.events("local", "r1", limit=1000)
    assert [e.data["text"] for e in events if e.kind == "output.delta"] == ["abc"]
    assert finished(world, "decode") == [3.0, 4.0, 5.0, 6.0]  # of `a`, the list, `b`, `c`


@pytest.mark.parametrize("width", [1, 2])
def test_no_more_are_open_than_the_author_allows(here, plan, width):
    each = f"  s: {{for_each: $l.items, max_parallel: {width}, use: llm, prompt: $item}}\n"
    record = ran(here(by_attempt([ITEMS, "", ""])), plan(page(LIST + each, "{x: $s.text}")))
    assert record.outputs == {"x": ["a", "b", "c"]}


RETRIED = "  l: {use: llm.list, prompt: List, items: 3, retry: 1}\n"
ECHO = '  s: {for_each: $l.items, use: llm, prompt: "{{ item }}"}\n'


@pytest.mark.parametrize("second", [["z"], ["z", "y", "x"], []])
def test_what_was_begun_is_taken_back_when_the_list_is_asked_for_again(here, plan, second):
    model = by_attempt(['["a", ', '"b", ', Breaks()], [json.dumps(second)])
    record = ran(here(model), plan(page(RETRIED + ECHO, "{x: $s.text}")))
    assert record.outputs == {"x": second}
    assert {"a", "b"} <= {request.args["prompt"] for request in model.asked}


def test_a_block_that_is_tried_again_takes_back_what_is_inside_it(here, plan):
    block = (
        "  s:\n    retry: 1\n    steps:\n      l: {use: llm.list, prompt: List}\n"
        '      e: {for_each: $l.items, use: llm, prompt: "{{ item }}"}\n'
        "    outputs: {text: $e.text}\n"
    )
    model = by_attempt(['["a", ', '"b", ', Breaks()], ['["z", "y"]'])
    assert ran(here(model), plan(page(block, "{x: $s.text}"))).outputs == {"x": ["z", "y"]}


@pytest.mark.parametrize("transient", [True, False])
def test_what_was_begun_is_taken_back_when_another_list_stands_in(here, plan, transient):
    asked = "  l: {use: llm.list, prompt: List, retry: 1, fallback: {items: [z]}}\n"
    model = by_attempt(['["a", ', '"b", ', Breaks(transient=transient)])
    record = ran(here(model), plan(page(asked + ECHO, "{x: $s.text}")))
    assert record.outputs == {"x": ["z"]}


def test_nested_regions_of_what_was_begun_are_made_anew(here, plan):
    inner = (
        "  s:\n    for_each: $l.items\n    steps:\n"
        '      a: {use: llm, prompt: "{{ item }}1", retry: 1, fallback: {text: none}}\n'
        '      b: {for_each: ["{{ a.text }}2"], use: llm, prompt: $item, on_error: null}\n'
        "    outputs: {text: $b.text}\n"
    )
    model = by_attempt(['["a", ', '"b", ', "", "", Breaks()], ['["z", "y"]'])
    record = ran(here(model), plan(page(RETRIED + inner, "{x: $s.text}")))
    assert record.outputs == {"x": [["z12"], ["y12"]]}


def test_what_fails_for_an_item_is_decided_about_when_the_list_is_accepted(here, plan):
    """The list that `a` is of falls back to another one, so what failed for `a` never was."""
    asked = "  l: {use: llm.list, prompt: List, fallback: {items: [z]}}\n"

    def say(request):
        if request.args["form"] == "list":
            return ['["a", ', '"b", ', Breaks()]
        return [Breaks(transient=False)] if request.args["prompt"] == "a" else ["fine"]

    record = ran(here(Saying(say)), plan(page(asked + ECHO, "{x: $s.text}")))
    assert record.outputs == {"x": ["fine"]}


def test_what_fails_for_an_item_fails_the_run_once_the_list_is_whole(here, plan):
    def say(request):
        if request.args["form"] == "list":
            return THREE
        return [Breaks(transient=False)]

    world = here(Saying(say))
    record = ran(world, plan(page(LIST + ECHO, "{x: $s.text}")))
    assert record.status == "failed"
    assert record.problem["primitive"] == "s[0].prefill"
    assert finished(world, "decode") == [3.0]


def test_an_attempt_around_list_and_items_is_used_up_once_the_list_is_whole(here, plan):
    block = (
        "  s:\n    retry: 1\n    steps:\n      l: {use: llm.list, prompt: List}\n"
        '      e: {for_each: $l.items, use: llm, prompt: "{{ item }}"}\n'
        "    outputs: {text: $e.text}\n"
    )

    def say(request):
        if request.args["form"] == "list":
            return THREE
        return [Breaks()] if request.attempt == 0 else ["fine"]

    model = Saying(say)
    record = ran(here(model), plan(page(block, "{x: $s.text}")))
    assert record.outputs == {"x": ["fine"] * 3}
    assert [r.attempt for r in model.asked if r.args["prompt"] == "a"] == [0, 1]


def test_a_block_that_another_value_stands_in_for_ends_each_step_once(here, plan):
    block = (
        "  s:\n    fallback: {text: [z]}\n    steps:\n      l: {use: llm.list, prompt: List}\n"
        '      e: {for_each: $l.items, use: llm, prompt: "{{ item }}"}\n'
        "    outputs: {text: $e.text}\n"
    )
    world = here(by_attempt(['["a", ', '"b", ', "", Breaks(transient=False)]))
    assert ran(world, plan(page(block, "{x: $s.text}"))).outputs == {"x": ["z"]}
    events = world.store.events("local", "r1", limit=1000)
    assert [e.data["status"] for e in events if e.kind == "step.finished"] == ["succeeded"]


def late(shown):
    """A step over items of which each takes too long, and a list that takes longer."""
    each = '  s: {for_each: $l.items, use: rerank, query: "{{ item }}", docs: [], timeout: 2s}\n'
    return f"  l: {{use: llm.list, prompt: List, fallback: {{items: {shown}}}}}\n{each}"


def stuck(request):
    return Behaviour(stalls=request.args["query"] == "a")


def test_what_is_late_for_an_item_is_decided_about_when_the_list_is_accepted(here, plan):
    broken = says('["a", ', "", "", "", Breaks(transient=False))
    text = page(late("[z]"))
    assert ran(here(broken, rerank=stuck), plan(text)).outputs["x"] == [[]]
    whole = says('["a", ', "", "", "", '"b"]')
    record = ran(here(whole, rerank=stuck), plan(text))
    assert (record.status, record.problem["code"]) == ("failed", "timed-out")


@pytest.mark.parametrize("at", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_cancelled_in_the_middle_nothing_is_left(here, plan, at):
    world = here(says(*THREE, "", ""), rerank=lambda request: Behaviour(latency_s=0.7))
    world.cancel("r1", at)
    assert ran(world, plan(page(LIST + EACH))).status == "cancelled"


def test_a_list_is_ended_once_it_is_closed_and_what_it_cost_until_then_is_counted(here, plan):
    model = says(*THREE, " Anything", " else?")
    world = here(model)
    record = ran(world, plan(page(LIST + EACH)))
    assert finished(world, "decode") == [3.0]
    assert record.usage.tokens_out == 3
    plain = here(says(*THREE, " Anything", " else?"))
    assert ran(plain, plan(page(LIST + EACH), DEFAULT - {DECODING})).outputs == record.outputs
    assert finished(plain, "decode") == [5.0]


def test_as_many_items_as_asked_for_are_enough(here, plan):
    two = LIST.replace("3", "2")
    world = here(says('["a", ', '"b", ', "no JSON at all", ', "d"]'))
    assert ran(world, plan(page(two + EACH))).outputs["l"] == ["a", "b"]
    assert finished(world, "decode") == [2.0]
    plain = here(says('["a", ', '"b", ', "no JSON at all", ', "d"]'))
    assert ran(plain, plan(page(two + EACH), DEFAULT - {DECODING})).outputs["l"] == ["a", "b"]


def test_a_reply_that_is_read_for_more_than_its_items_is_heard_to_its_end(here, plan, registry):
    module = """
module: told
inputs: {prompt: prompt}
steps:
  prefill: {op: prefill, prompt: $inputs.prompt}
  decode: {op: decode, call: $prefill.call, form: list, items: 3}
outputs: {items: $decode.items, text: $decode.text}
"""
    modules = registry.with_module(Source("told.yaml", module.encode(), "yaml"))
    asked = "  l: {use: told, prompt: List}\n"
    made = plan(page(asked + EACH, "{x: $s.docs, t: $l.text}"), modules=modules)
    world = here(says(*THREE, " Anything else?"))
    assert ran(world, made).outputs["t"] == f"{ITEMS} Anything else?"
    assert finished(world, "rerank") == [1.0, 3.0, 3.0]
    assert finished(world, "decode") == [4.0]


@pytest.mark.parametrize("asked", ["", "min_items: 3, "])
def test_a_list_that_is_shorter_than_asked_for(here, plan, asked):
    step = f"  l: {{use: llm.list, prompt: List, {asked}items: 5}}\n"
    record = ran(here(says('["a", ', '"b"]', " Sorry.")), plan(page(step + EACH)))
    if asked:
        assert record.problem["code"] == "too-few-items"
    else:
        assert record.outputs["l"] == ["a", "b"]


@pytest.mark.parametrize("tail", ['{"not": "a text"}]', "nonsense]", "12"])
def test_a_malformed_tail_comes_to_the_same_as_plainly(here, plan, tail):
    records = []
    for passes in (DEFAULT, DEFAULT - {DECODING}):
        world = here(says('["a", ', '"b", ', *tail))
        records.append(ran(world, plan(page(LIST + EACH), passes)))
    pipelined, plain = records
    assert pipelined.status == plain.status
    assert pipelined.outputs == plain.outputs
    assert (pipelined.problem or {}).get("code") == (plain.problem or {}).get("code")


@pytest.mark.parametrize("seed", range(20))
def test_however_a_reply_is_cut_it_comes_to_the_same(here, plan, seed):
    random = Random(seed)
    text = json.dumps(['é"\n', "\\", "\u2028 ]", "[", "{}"], ensure_ascii=bool(seed % 2))
    cuts = sorted(random.sample(range(1, len(text)), random.randint(1, 12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    step = "  l: {use: llm.list, prompt: List}\n"
    record = ran(here(says(*pieces), seed), plan(page(step + EACH)))
    assert record.outputs["l"] == json.loads(text)
    assert len(record.outputs["x"]) == 5


def test_what_changes_something_waits_until_the_list_is_accepted(here, plan):
    each = "  s: {for_each: $l.items, use: index, chunks: [{id: x, text: $item, meta: {}}]}\n"
    world = here(says(*THREE))
    ran(world, plan(page(LIST + each, "{x: $l.items}")))
    assert finished(world, "embed") == [3.0, 3.0, 3.0]


def test_an_engine_whose_pieces_are_not_its_text_is_found_out(here, plan):
    model = Saying(lambda request: ['["a", ', '"b"'], whole='["z"]')
    record = ran(here(model), plan(page(LIST + EACH)))
    assert record.problem["code"] == "bad-reply"


def test_live_the_first_search_starts_before_the_last_item_is_said(tmp_path, plan):
    """By order, not by time: the last item is not said until a search was asked for."""

    class Waiting(Saying):
        async def run(self, batch):
            async for emission in super().run(batch):
                if self.said == 3:
                    await searched.wait()
                yield emission

    def behave(request):
        searched.set()
        return Behaviour()

    text = page(LIST + EACH)

    async def scenario():
        engines = {"llm": Waiting(lambda request: THREE), "rerank": Scripted("rerank", behave)}
        live = Live(tmp_path, engines, deadline_s=20.0)
        record = await live.finish(await live.submit(plan(text), WORDS))
        assert record.status == "succeeded", record.problem
        assert record.outputs["l"] == ["a", "b", "c"]
        await live.runner.stop()

    searched = asyncio.Event()
    play(scenario)


def test_live_a_list_that_is_closed_ends_what_the_engine_says(tmp_path, plan):
    model = says(*THREE, *[" and more"] * 500)

    async def scenario():
        live = Live(tmp_path, {"llm": model})
        record = await live.finish(await live.submit(plan(page(LIST + EACH)), WORDS))
        assert record.outputs["l"] == ["a", "b", "c"]
        assert record.usage.tokens_out == 3
        assert (model.said, model.closed) == (3, 1)
        await live.runner.stop()
        assert EngineFailed not in map(type, live.bugs)

    play(scenario)
