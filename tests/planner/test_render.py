"""The picture of a plan."""

from planner.render import mermaid


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
