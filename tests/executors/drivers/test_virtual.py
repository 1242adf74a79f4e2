"""Runs in virtual time: what they give, what they tell, and how they end on a bad day."""

import pytest

from executors.engines.scripted import Behaviour
from spec.source import Source

DOCUMENTS = [
    {"id": "f", "name": "f.txt", "media_type": "text/plain", "size": 9, "text": "x " * 400}
]
INPUTS = {"documents": DOCUMENTS, "question": "What is said?"}

TWO_SEARCHES = """
workflow: two
inputs: {text: string, a: string, b: string}
steps:
  chunks: {use: chunk, text: $inputs.text, size: 4}
  index: {use: index, chunks: $chunks.items}
  one: {use: search, index: $index, query: $inputs.a, top_k: 2}
  two: {use: search, index: $index, query: $inputs.b, top_k: 2}
  both: {use: text, template: "{{ one.docs | numbered }} / {{ two.docs | json }}"}
outputs: {both: $both.text, first: "$one.docs[0].text"}
"""


def slow(latency_s):
    return lambda request: Behaviour(latency_s=latency_s, jitter_s=latency_s / 2)


def busy(world, seed, **more):
    behaviours = {"embedding": slow(0.02), "vector": slow(0.01), "llm": slow(0.3)}
    return world(seed=seed, behaviours=behaviours, **more)


def test_a_run_succeeds_and_tells_its_story_without_a_gap(world, naive_rag):
    here = world()
    here.submit(naive_rag, INPUTS)
    here.run()
    record = here.record()
    assert record.status == "succeeded"
    assert set(record.outputs) == {"answer", "sources"}
    assert len(record.outputs["sources"]) == 5
    kinds = here.kinds()
    assert kinds[:2] == ["run.queued", "run.started"]
    assert kinds[-1] == "run.finished"
    assert kinds.count("step.finished") == 4
    assert kinds.count("primitive.finished") == 9


def test_each_piece_of_work_tells_what_it_had_waited_for_last(world, plan_of):
    plan = plan_of("""
workflow: chain
inputs: {words: "string[]"}
steps:
  first: {use: llm, prompt: first}
  each: {for_each: $inputs.words, use: llm, prompt: "{{ item }} {{ first.text }}"}
  last: {use: llm, prompt: "{{ each.text | json }}", if: "$len(each.text) > 1"}
outputs: {last: $last.text}
""")
    here = busy(world, seed=3)
    here.submit(plan, {"words": ["a", "b", "c"]})
    here.run()
    events = here.store.events("local", "r1", limit=1000)
    told = [event.data for event in events if event.kind == "primitive.finished"]
    after = {each["primitive"]: each["after"] for each in told}
    done = {each["primitive"]: each["done_ms"] for each in told}
    assert after["first.prefill"] is None
    assert after["each[1].prefill"] == "first.decode"
    assert after["each[1].decode"] == "each[1].prefill"
    elements = [f"each[{number}].decode" for number in range(3)]
    assert after["last.prefill"] == max(elements, key=done.__getitem__)
    assert after["output:last"] == "last.decode"
    for each in told:
        took = each["queue_ms"] + each["batch_ms"] + each["execution_ms"]
        assert each["done_ms"] - took == pytest.approx(done.get(each["after"], 0.0), abs=0.01)


def test_streamed_pieces_joined_are_the_output(world, naive_rag):
    here = world()
    here.submit(naive_rag, INPUTS)
    here.run()
    events = here.store.events("local", "r1", limit=1000)
    pieces = [event.data["text"] for event in events if event.kind == "output.delta"]
    assert len(pieces) > 1
    assert "".join(pieces) == here.record().outputs["answer"]


def test_equal_seeds_give_equal_journals_and_other_seeds_equal_outputs(world, naive_rag):
    journals, outputs = [], []
    for seed in (7, 7, 8):
        here = busy(world, seed, replicas=2)
        for number in range(5):
            here.submit(naive_rag, INPUTS, f"r{number}", at=number * 0.01)
        here.run()
        journals.append(str(here.journal))
        outputs.append([here.record(f"r{number}").outputs for number in range(5)])
    assert journals[0] == journals[1]
    assert journals[0] != journals[2]
    assert outputs[0] == outputs[1] == outputs[2]


@pytest.mark.parametrize("policy", ["fifo", "throughput"])
@pytest.mark.parametrize("batch_rows", [1, 3, 64])
def test_outputs_do_not_depend_on_policy_or_batch(world, plan_of, policy, batch_rows):
    plan = plan_of(TWO_SEARCHES)
    inputs = {"text": "some words " * 40, "a": "x", "b": "y"}
    alone = world()
    alone.submit(plan, inputs)
    alone.run()
    here = busy(world, 3, policy=policy, batch_rows=batch_rows)
    for number in range(6):
        here.submit(plan, inputs, f"r{number}")
    here.run()
    assert {repr(here.record(f"r{n}").outputs) for n in range(6)} == {repr(alone.record().outputs)}


def test_searches_that_do_not_need_each_other_share_a_batch(world, plan_of):
    here = busy(world, 1)
    here.submit(plan_of(TWO_SEARCHES), {"text": "a b c d e", "a": "x", "b": "y"})
    here.run()
    searches = [
        event.data
        for event in here.store.events("local", "r1", limit=1000)
        if event.kind == "primitive.finished" and event.data["op"] == "search"
    ]
    assert [data["batch_rows"] for data in searches] == [2, 2]


ONE_CALL = """
workflow: one
inputs: {q: string}
steps: {a: {use: llm, prompt: $inputs.q}}
outputs: {a: $a.text}
"""


def times(here, run, op):
    (data,) = (
        event.data
        for event in here.store.events("local", run, limit=1000)
        if event.kind == "primitive.finished" and event.data["op"] == op
    )
    return data["queue_ms"], data["batch_ms"], data["execution_ms"]


def test_time_in_a_queue_is_told_apart_from_time_in_an_engine(world, plan_of):
    here = world(behaviours={"llm": lambda request: Behaviour(latency_s=1.0)})
    for run in ("r0", "r1", "r2"):
        here.submit(plan_of(ONE_CALL), {"q": "x"}, run)
    here.run()
    by_end = sorted(("r0", "r1", "r2"), key=lambda run: here.record(run).finished_at)
    assert [times(here, run, "prefill") for run in by_end] == [
        (0.0, 0.0, 250.0),
        (1000.0, 0.0, 250.0),
        (2000.0, 0.0, 250.0),
    ]
    assert {times(here, run, "decode") for run in by_end} == {(0.0, 0.0, 750.0)}


def test_waiting_between_two_pieces_of_one_primitive_is_batch_time(world, plan_of):
    plan = plan_of("""
workflow: cut
inputs: {text: string}
steps:
  chunks: {use: chunk, text: $inputs.text, size: 1}
  index: {use: index, chunks: $chunks.items}
outputs: {n: $chunks.items}
""")
    here = world(behaviours={"embedding": lambda request: Behaviour(latency_s=1.0)}, batch_rows=4)
    here.submit(plan, {"text": "a b c d e f"}, "first")
    here.submit(plan, {"text": "a b c d e f"}, "second", at=0.5)
    here.submit(plan, {"text": "a b c d"}, "urgent", at=1.5, priority=5)
    here.run()
    assert times(here, "first", "embed") == (0.0, 0.0, 2000.0)
    assert times(here, "second", "embed") == (500.0, 1000.0, 3000.0)
    assert times(here, "urgent", "embed") == (1500.0, 0.0, 1000.0)


@pytest.mark.parametrize("pool", ["embedding", "vector", "llm"])
def test_a_fault_ends_the_run_and_points_at_the_authors_line(world, naive_rag, pool):
    here = world(behaviours={pool: lambda request: Behaviour(fault="engine-error")})
    here.submit(naive_rag, INPUTS)
    here.run()
    record = here.record()
    step = {"embedding": ("index", "hits"), "vector": ("index",), "llm": ("answer",)}[pool]
    assert record.status == "failed"
    assert record.problem["code"] == "engine-error"
    assert record.problem["step"] in step
    assert record.problem["source"] == "test.yaml"
    assert record.problem["line"] > 10
    assert here.kinds()[-1] == "run.finished"


def test_one_bad_run_does_not_touch_its_neighbours(world, naive_rag):
    def behave(request):
        return Behaviour(latency_s=0.01, fault="engine-error" if request.run == "bad" else None)

    here = world(behaviours={"embedding": behave})
    for run in ("good", "bad", "fine"):
        here.submit(naive_rag, INPUTS, run)
    here.run()
    assert [here.record(run).status for run in ("good", "bad", "fine")] == [
        "succeeded",
        "failed",
        "succeeded",
    ]


@pytest.mark.parametrize("at", [0.0, 0.005, 0.02, 0.05, 0.2])
def test_a_cancelled_run_frees_its_slots_whenever_it_happens(world, naive_rag, at):
    here = busy(world, 1)
    here.submit(naive_rag, INPUTS, "r1")
    here.submit(naive_rag, INPUTS, "r2")
    here.cancel("r1", at)
    here.run()
    assert here.record("r1").status == "cancelled"
    assert here.record("r2").status == "succeeded"
    assert all(not pool.busy and not pool.waiting for pool in here.scheduler.pools.values())
    assert not here.scheduler.runs


def test_cancelling_stops_an_engine_that_never_answers(world, naive_rag):
    here = world(behaviours={"llm": lambda request: Behaviour(stalls=request.run == "r1")})
    here.submit(naive_rag, INPUTS, "r1")
    here.submit(naive_rag, INPUTS, "r2", at=1.0)
    here.cancel("r1", 5.0)
    here.run()
    assert here.record("r1").status == "cancelled"
    assert here.record("r2").status == "succeeded"


def test_a_run_that_is_late_expires_and_the_next_goes_on(world, naive_rag):
    here = world(behaviours={"llm": lambda request: Behaviour(stalls=request.run == "r1")})
    here.submit(naive_rag, INPUTS, "r1", deadline=10.0)
    here.submit(naive_rag, INPUTS, "r2", at=1.0)
    here.run()
    assert here.record("r1").status == "expired"
    assert here.record("r1").problem["code"] == "deadline-exceeded"
    assert here.record("r2").status == "succeeded"


def test_a_more_urgent_run_overtakes_in_the_queue(world, plan_of):
    plan = plan_of(ONE_CALL)
    here = world(behaviours={"llm": lambda request: Behaviour(latency_s=1.0)})
    for number, priority in enumerate((0, 0, 5)):
        here.submit(plan, {"q": "x"}, f"r{number}", at=0.1 * number, priority=priority)
    here.run()
    finished = [here.record(f"r{number}").finished_at for number in range(3)]
    assert finished[0] < finished[2] < finished[1]


def test_a_value_that_cannot_be_made_fails_with_its_path(world, plan_of):
    plan = plan_of("""
workflow: far
inputs: {list: "string[]"}
steps: {pick: {use: value, value: "$inputs.list[3]"}}
outputs: {it: $pick.value}
""")
    here = world()
    here.submit(plan, {"list": ["a"]})
    here.run()
    problem = here.record().problem
    assert problem["step"] == "pick"
    assert "[3]" in problem["detail"]


def test_a_result_over_the_limit_is_a_problem_not_a_crash(world, plan_of):
    plan = plan_of("""
workflow: big
inputs: {text: string}
steps: {twice: {use: text, template: "{{ inputs.text }}{{ inputs.text }}"}}
outputs: {it: $twice.text}
""")
    here = world()
    here.submit(plan, {"text": "x" * 60_000})
    here.run()
    assert here.record().problem["code"] == "too-large"
    assert "value_bytes_max" in here.record().problem["detail"]


def test_values_beyond_the_memory_bound_go_to_disk_and_back(world, naive_rag):
    here = busy(world, 1)
    here.values.memory_bytes_max = 2_000
    here.submit(naive_rag, INPUTS)
    here.submit(naive_rag, INPUTS, "r2")
    here.run()
    assert here.record().status == here.record("r2").status == "succeeded"
    assert here.record().outputs == here.record("r2").outputs
    assert here.values.memory_bytes == 0
    assert list(here.folder.iterdir()) == []
    assert sorted(here.ended) == ["r1", "r2"]


@pytest.mark.parametrize(("fault", "status"), [(None, "succeeded"), ("engine-error", "failed")])
def test_a_cancelled_run_leaves_an_engine_once_its_neighbours_have(world, plan_of, fault, status):
    def behave(request):
        stuck, well = request.run == "stuck", request.run == "well"
        return Behaviour(latency_s=1.0, stalls=stuck, fault=fault if well else None)

    here = world(behaviours={"embedding": behave})
    plan = plan_of("""
workflow: one
inputs: {q: string}
steps: {index: {use: index, name: there}, hits: {use: search, index: $index, query: $inputs.q}}
outputs: {hits: $hits.docs}
""")
    for run in ("first", "stuck", "well"):
        here.submit(plan, {"q": "x"}, run, at=0.0 if run == "first" else 0.1)
    here.cancel("stuck", at=1.5)
    here.run()
    assert here.record("stuck").status == "cancelled"
    assert here.record("well").status == status
    assert not here.scheduler.batches


def test_a_call_may_begin_in_one_step_and_end_in_another(world, registry, plan_of):
    modules = {
        "begin": "{inputs: {q: string}, steps: {p: {op: prefill, prompt: $inputs.q}}, "
        "outputs: {call: $p.call}}",
        "finish": "{inputs: {call: any}, steps: {d: {op: decode, call: $inputs.call}}, "
        "outputs: {text: $d.text}}",
    }
    for name, page in modules.items():
        page = f"{{module: {name}, {page[1:]}"
        registry = registry.with_module(Source(name, page.encode(), "yaml"))
    plan = plan_of(
        """
workflow: two
inputs: {q: string}
steps: {a: {use: begin, q: $inputs.q}, b: {use: finish, call: $a.call}}
outputs: {text: $b.text}
""",
        registry,
    )
    here = world()
    here.submit(plan, {"q": "x"})
    here.run()
    assert here.record().status == "succeeded"
    assert set(here.record().steps) == {"a", "b"}


@pytest.mark.parametrize("value", [5, "text", {"a": 1}, True])
def test_an_any_of_the_wrong_kind_fails_its_step_when_it_arrives(world, plan_of, value):
    plan = plan_of("""
workflow: any
inputs: {x: any}
steps:
  whole: {use: index, chunks: $inputs.x}
  hits: {use: search, index: $whole, query: q}
outputs: {hits: $hits.docs}
""")
    here = world()
    here.submit(plan, {"x": value}, "bad")
    here.submit(plan, {"x": []}, "good", at=1.0)
    here.run()
    assert here.record("bad").problem["code"] == "bad-value"
    assert here.record("bad").problem["step"] == "whole"
    assert "texts" in here.record("bad").problem["detail"]
    assert here.record("good").status == "succeeded"


def test_time_never_runs_backwards(world, naive_rag):
    here = world(behaviours={"llm": slow(1.0)})
    here.submit(naive_rag, INPUTS, at=5.0, deadline=1.0)
    here.run()
    times = [entry.now for entry in here.journal]
    assert times == sorted(times)
    assert here.record().status == "expired"


def test_text_that_multiplies_fails_its_step_before_it_is_written(world, plan_of):
    slots = "{{ inputs.q }} " * 20
    one = world()
    page = f'workflow: w\ninputs: {{q: string}}\nsteps: {{a: {{use: text, template: "{slots}"}}}}\n'
    one.submit(plan_of(f"{page}outputs: {{o: $a.text}}\n"), {"q": "x" * 50_000})
    one.run()
    problem = one.record().problem
    assert (one.record().status, problem["code"], problem["step"]) == ("failed", "too-large", "a")
    assert "value_bytes_max" in problem["detail"]


@pytest.mark.parametrize(("top_k", "limit"), [(0, "below 1"), (1001, "above 1000")])
def test_a_number_computed_in_the_run_keeps_the_limits_of_what_it_is_for(
    world, plan_of, top_k, limit
):
    plan = plan_of("""
workflow: many
inputs: {text: string, k: integer}
steps:
  cut: {use: chunk, text: $inputs.text}
  index: {use: index, chunks: $cut.items}
  hits: {use: search, index: $index, query: $inputs.text, top_k: $inputs.k}
outputs: {hits: $hits.docs}
""")
    here = world()
    here.submit(plan, {"text": "x", "k": top_k})
    here.run()
    problem = here.record().problem
    assert (problem["code"], problem["step"]) == ("bad-value", "hits")
    assert limit in problem["detail"]
