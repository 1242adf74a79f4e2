"""What is over is let go of while the service goes on: parts of a run, and runs that failed."""

from executors.observing import Observer
from executors.scheduler.events import RunId
from tests.executors.conftest import KINDS
from tests.executors.drivers.test_control import page, seconds

ELEMENTS = """\
  s:
    for_each: $inputs.words
    max_parallel: 4
    steps:
      said: {use: llm, retry: 2, prompt: "{{ item }}"}
      more: {if: "$said.text != ''", use: llm, prompt: "{{ said.text }}"}
    outputs: {text: $said.text}"""
BROKEN = """\
  a: {use: llm, prompt: "{{ inputs.words[3] }}"}
  b: {use: llm, prompt: "{{ inputs.words[0] }}"}"""


def test_what_elements_have_opened_goes_with_them(world, plan_of):
    kept = []

    def look(request):
        run = RunId(request.run)
        for growing in (here.workspace.growing(run), here.scheduler.runs[run].growing):
            kept.append(len(growing.structures) + len(growing.regions) + len(growing.fed))
        return seconds(request)

    here = world(behaviours={"llm": look}, replicas=4)
    here.submit(plan_of(page(ELEMENTS)), {"words": [f"w{at}" for at in range(60)]})
    here.run()
    assert here.record().status == "succeeded"
    assert max(kept) <= 4 * 5


def test_an_observer_keeps_nothing_that_is_put_together_once_its_run_has_failed(world, plan_of):
    here = world()
    here.submit(plan_of(page(BROKEN, "{a: $a.text, b: $b.text}")), {"words": ["x"]})
    here.run()
    assert here.record().status == "failed"
    observer = Observer([here._pool(name) for name in KINDS])
    for entry in here.journal:
        observer.watch(entry.now, entry.event, entry.commands)
    assert not observer._work
