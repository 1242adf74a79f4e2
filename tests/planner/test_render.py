"""A plan as text and as a picture."""

from dataclasses import replace

import pytest

from planner.draft import Draft
from planner.pools import PoolFacts
from planner.render import diagram, listing, mermaid
from planner.sketch import sketch
from planner.structure import Ahead


def test_a_plan_is_drawn_step_by_step(plan_of):
    plan = plan_of("""
workflow: w
inputs: {q: string}
steps:
  one: {use: llm, prompt: $inputs.q}
  two: {use: text, template: done, after: [one]}
outputs: {text: $one.text}
""")
    assert (
        mermaid(plan)
        == """\
flowchart LR
  subgraph s_one["one"]
    p0["one.prefill<br/>prefill · llm"]
    p1["one.decode<br/>decode · llm"]
  end
  subgraph s_two["two"]
    p2["two.filled<br/>format · inline"]
  end
  p3["output:text<br/>select · inline"]
  p0 -- call --> p1
  p1 -.-> p2
  p1 -- text --> p3
"""
    )


TOWNS = """
module: towns
inputs: {question: string}
steps:
  read: {op: prefill, prompt: "Which towns? {{ inputs.question }}"}
  towns: {op: decode, call: $read.call, form: list}
  web: {for_each: $towns.items, op: web_search, query: $item}
outputs: {docs: $web.docs}
"""


@pytest.fixture
def towns():
    draft, _ = sketch(TOWNS, llm=PoolFacts(streams=True))
    return draft


def test_a_line_says_what_is_waited_for_and_with_times_what_is_critical(towns):
    assert listing(towns).splitlines()[:3] == [
        "read              prefill @ llm <- .",
        "towns             decode @ llm <- read",
        "web:for_each      open @ inline <- towns",
    ]
    assert listing(towns, {"towns": 1234.56}, ["towns"]).splitlines()[:2] == [
        "  read                    0.0 ms  prefill @ llm <- .",
        "* towns               1,234.6 ms  decode @ llm <- read",
    ]
    assert listing(Draft((), (), (), frozenset())) == ""


@pytest.mark.parametrize(
    ("known", "note"),
    [
        ({"source": "towns"}, "each item as towns closes it"),
        ({"source": "towns", "stops": True}, "each item as towns closes it, which is then ended"),
        ({"later": frozenset({"b", "a"})}, "its parts wait for a, b too"),
        ({"ahead": Ahead("gate", 5.0, {})}, "may begin ahead, after gate"),
    ],
)
def test_what_only_a_run_acts_upon_is_noted_in_text_and_picture(towns, known, note):
    (structure,) = towns.structures
    noted = replace(towns, structures=(replace(structure, **known),))
    assert f"web:for_each      open @ inline <- towns; {note}\n" in listing(noted)
    picture = diagram(noted.primitives, {}, (), structures=noted.structures)
    assert f'["web:for_each<br/>open · inline<br/>{note}"]' in picture
