"""What an observer of a service in virtual time knows of its engines and its runs."""

from random import Random

import pytest

from executors.learned_sizes import LearnedSizes
from executors.scheduler.commands import PrimitiveFinished, Timing
from executors.scheduler.events import RunId
from executors.usage import Usage
from planner.estimate import Estimator
from planner.graph import PoolName, PrimitiveId
from planner.sizes import Seen
from tests.estimates.learning import off_by
from tests.estimates.service import VirtualService, asked

EMBEDDING, LLM = PoolName("embedding"), PoolName("llm")


def served(name, runs, **settings):
    service, random = VirtualService(**settings), Random(3)
    plan = service.plan(name)
    for number in range(runs):
        service.run(plan, asked(name, random), f"r{number}")
    return service, plan


def finished(run, primitive, op, usage):
    timing = Timing(0.0, 0.0, 0.1, rows=1, batch_rows=1)
    return PrimitiveFinished(RunId(run), PrimitiveId(primitive), op, LLM, 0, 1.0, timing, usage)


def test_costs_come_right_and_are_made_known():
    random = Random(1)
    service, _ = served("advanced_rag", 30, off=lambda costs: off_by(costs, 2.0, random))
    found = service.observer.profiles(EMBEDDING)["embed"]
    assert (found.source, found.version > 0) == ("refined", True)
    true, now = service.true_pools(), service.observer.current(service.pools)
    for rows in (1, 10, 32):
        wanted = true.fact(EMBEDDING).cost("embed").batch_ms(rows)
        assert now.fact(EMBEDDING).cost("embed").batch_ms(rows) == pytest.approx(wanted, rel=0.05)
    wanted = true.fact(LLM).cost("decode").step_ms(1, 500)
    assert now.fact(LLM).cost("decode").step_ms(1, 500) == pytest.approx(wanted, rel=0.05)


def test_costs_that_are_right_stay_as_they_were_configured():
    service, _ = served("advanced_rag", 10)
    found = service.observer.profiles(EMBEDDING)["embed"]
    assert (found.source, found.version) == ("default", 0)
    assert found.observed > 10


def test_sizes_are_means_over_elements_and_runs():
    service, plan = served("advanced_rag", 3)
    sizes = service.observer.sizes("local", plan)
    assert sizes.of("hits:for_each").count == 3
    assert sizes.of("hits[2].query").rows == 1
    assert sizes.of("best.scored").rows == 48  # three times sixteen, no two alike
    assert sizes.of("answer.answer[1].decode").tokens_out == 64
    assert sizes.of("answer.answer[1].decode").times == 9


def test_of_an_engine_that_counts_tokens_rows_are_learned_all_the_same():
    sizes, plan = LearnedSizes(), VirtualService().plan("naive_rag")
    sizes.begin(RunId("r"), "local", plan)
    for op, rows in (("embed", 7), ("rerank", 30)):
        sizes.finished(finished("r", op, op, Usage(900)), rows)
        assert sizes.of("local", plan).of(op) == Seen(times=1, rows=rows)


def test_of_calls_side_by_side_the_longest_reply_of_a_run_is_learned():
    sizes, plan = LearnedSizes(), VirtualService().plan("contextual_retrieval")
    for run, lengths in (("a", (10, 64, 30)), ("b", (20, 32))):
        sizes.begin(RunId(run), "local", plan)
        for at, tokens in enumerate(lengths):
            done = finished(run, f"said[{at}].decode", "decode", Usage(100, tokens))
            sizes.finished(done, 1)
        sizes.end(RunId(run))
    seen = sizes.of("local", plan).of("said[7].decode")
    assert (seen.times, seen.tokens_longest) == (5, 48)


def test_what_is_no_work_teaches_nothing_of_an_engine():
    service, plan = served("chat_with_memory", 5)  # it opens an index, and embeds nothing for it
    assert service.observer.sizes("local", plan).of("index.vectors").rows == 0
    assert service.observer.profiles(EMBEDDING)["embed"].observed == 4  # all queries but the first
    assert Estimator(service.pools).of(plan).ms["index.vectors"] == 0


def test_another_tenant_learns_nothing_of_it():
    service, plan = served("naive_rag", 1)
    assert service.observer.sizes("local", plan).seen
    assert not service.observer.sizes("other", plan).seen


def test_how_often_a_condition_was_met_is_learned():
    service, plan = served("search_and_generate", 12)
    met = service.observer.sizes("local", plan).of("web:branch").truth
    searched = [service.store.get("local", f"r{at}").outputs["searched"] for at in range(12)]
    assert 0 < met < 1
    assert met == pytest.approx(sum(searched) / 12)


def test_nothing_of_a_run_is_kept_once_it_is_over():
    service, _ = served("advanced_rag", 2)
    observer = service.observer
    assert not observer._work
    assert not observer._batches
    assert not observer._sizes._runs
    assert not observer._sizes._longest
    assert not any(calls._calls for calls in observer._replicas.values())


def test_equal_events_teach_the_same():
    first, _ = served("contextual_retrieval", 3)
    second, _ = served("contextual_retrieval", 3)
    assert first.observer.current(first.pools) == second.observer.current(second.pools)
