"""Equal work that is done once while a run goes on, with the steps of a page in their order."""

from executors.engines.scripted import Behaviour
from planner.passes.names import COMMON

PAGE = """
workflow: w
inputs: {question: string}
steps:
  index: {use: index, chunks: [{id: x, text: x, meta: {}}]}
  s:
    for_each: [a]
    steps:
      one: {use: search, index: $index, query: $inputs.question, top_k: 1}
      two: {use: search, index: $index, query: $inputs.question, top_k: 2}
    outputs: {one: $one.docs, two: $two.docs}
outputs: {x: $s.two}
"""


def test_what_is_opened_ends_after_the_turn_of_each_twin_in_it(world, plan_of):
    """The first search takes longest, and the second has its turn when it is over."""

    def behave(request):
        return Behaviour(latency_s=1.0 if request.args.get("top_k") == 1 else 0.5)

    here = world(behaviours={"vector": behave}, replicas=2)
    here.submit(plan_of(PAGE, passes=frozenset({COMMON})), {"question": "Which?"})
    here.run()
    assert len(here.record().outputs["x"][0]) == 2
