"""Values that steps compute, from the page to the result of a run."""

import asyncio

import pytest

from executors.moments import rfc3339
from tests.executors.conftest import START
from tests.executors.drivers.live import Live

COMPUTED = """
workflow: computed
inputs: {words: "string[]", n: integer, note: string?}
steps:
  longer: {use: value, value: "$inputs.words + ['end']"}
  picked: {use: value, value: "$longer.value[inputs.n + 1]"}
  line: {use: text, template: "$upper(picked.value) + ' of ' + join(longer.value[:2], '/')"}
  asked: {use: llm, prompt: "{{ line.text }}", max_tokens: "$len(longer.value)"}
  moment: {use: value, value: $now_iso()}
outputs:
  line: $line.text
  known: "$picked.value in inputs.words and inputs.note == null"
  at: "$now_iso()"
  said: "Accepted at {{ moment.value }}"
"""
INPUTS = {"words": ["a", "b", "c"], "n": 0, "note": None}
EXPECTED = {"line": "B of a/b", "known": True}


def test_a_run_computes_what_its_steps_say(world, plan_of):
    here = world()
    here.submit(plan_of(COMPUTED), INPUTS)
    here.run()
    at = rfc3339(START)
    assert here.record().outputs == EXPECTED | {"at": at, "said": f"Accepted at {at}"}


def test_now_is_when_the_run_was_accepted_however_late_a_step_starts(world, plan_of):
    here = world()
    here.submit(plan_of(COMPUTED), INPUTS, at=600.0)
    here.run()
    assert here.record().outputs["at"] == rfc3339(here.record().created_at)


def test_a_live_run_dates_itself_as_its_record_does(tmp_path, plan_of):
    async def scenario():
        here = Live(tmp_path)
        record = await here.finish(await here.submit(plan_of(COMPUTED), INPUTS))
        at = rfc3339(record.created_at)
        assert record.outputs == EXPECTED | {"at": at, "said": f"Accepted at {at}"}
        await here.runner.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({**INPUTS, "n": 9}, "position 10 is outside a length of 4"),
        ({**INPUTS, "n": 2**53 - 1}, "an integer beyond 2^53 - 1 would not be exact"),
    ],
)
def test_what_cannot_be_computed_fails_the_run_at_the_authors_line(world, plan_of, inputs, said):
    here = world()
    here.submit(plan_of(COMPUTED), inputs)
    here.run()
    problem = here.record().problem
    assert here.record().status == "failed"
    assert said in problem["detail"]
    assert (problem["step"], problem["line"]) == ("picked", 6)
