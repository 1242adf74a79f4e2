"""What cannot become a plan is a problem with its place, from every door that plans."""

import pytest

from tests.api.houses import YAML, problem_of, put

pytestmark = pytest.mark.anyio

MANY = (
    "workflow: w\ninputs: {q: string}\nsteps:\n"
    + "".join(f"  s{n}: {{use: llm, prompt: $inputs.q}}\n" for n in range(1_001))
    + "outputs: {o: $s0.text}\n"
)
ROUNDS = """\
workflow: w
steps:
  a:
    loop: {max: 100, start: {x: 0}, next: {x: $b.x}}
    steps:
      b:
        loop: {max: 100, start: {x: 0}, next: {x: $d.x}}
        steps:
          d:
            loop: {max: 2, start: {x: 0}, next: {x: $c.value}}
            steps:
              c: {use: value, value: 1}
outputs: {o: $a.x}
"""
BLOCKS = (
    "workflow: w\nsteps:\n"
    + "".join(f"{'  ' * n}  b{n}: {{steps: {{\n" for n in range(20))
    + "c: {use: value, value: 1}"
    + "}, outputs: {o: 1}}" * 20
    + "\noutputs: {o: 1}\n"
)
TWICE = """\
module: twice
inputs: {q: string}
steps:
  call: {op: prefill, prompt: $inputs.q}
  one: {op: decode, call: $call.call}
  two: {op: decode, call: $call.call}
outputs: {text: $one.text, other: $two.text}
"""
USES = """\
workflow: w
inputs: {q: string}
steps:
  a: {use: %s, q: $inputs.q}
outputs: {o: $a.text}
"""


async def told(client, page):
    """Return the problem that planning `page` is, which is the same at each door."""
    planned = await client.post("/v1/plan", content=page, headers=YAML)
    stored = await client.put("/v1/workflows/w", content=page, headers=YAML)
    problem = problem_of(planned, 422, "invalid-workflow")
    again = problem_of(stored, 422, "invalid-workflow")
    checked = (await client.post("/v1/workflows/validate", content=page, headers=YAML)).json()
    assert problem["errors"] == again["errors"] == checked["errors"]
    return problem["errors"][0]


async def test_too_many_primitives(client):
    error = await told(client, MANY)
    assert (error["code"], error["line"]) == ("too-large", 1_004)
    assert "plan_primitives_max" in error["detail"]


@pytest.mark.parametrize(("page", "line"), [(ROUNDS, 10), (BLOCKS, 11)], ids=["rounds", "blocks"])
async def test_too_deep_or_too_often(client, page, line):
    error = await told(client, page)
    assert (error["code"], error["line"]) == ("too-large", line)


async def test_modules_too_deep_in_one_another(client):
    first = "module: m0\ninputs: {q: string}\nsteps: {a: {use: text, template: $inputs.q}}\n"
    page = first + "outputs: {text: $a.text}\n"
    for depth in range(70):
        answer = await client.put(f"/v1/modules/m{depth}", content=page, headers=YAML)
        assert answer.status_code in (200, 201), answer.text
        page = (
            f"module: m{depth + 1}\ninputs: {{q: string}}\n"
            f"steps: {{a: {{use: m{depth}, q: $inputs.q}}}}\noutputs: {{text: $a.text}}\n"
        )
    error = await told(client, USES % "m69")
    assert (error["code"], error["pointer"], error["line"]) == ("too-large", "/steps/a", 4)
    assert "plan_modules_deep_max" in error["detail"]


async def test_a_workflow_that_runs_itself(client):
    page = "workflow: w\nsteps:\n  a: {flow: w}\noutputs: {o: 1}\n"
    error = await told(client, page)
    assert (error["code"], error["line"]) == ("recursion", 3)


async def test_a_module_whose_primitives_make_no_graph(client):
    answer = await client.put("/v1/modules/twice", content=TWICE, headers=YAML)
    assert answer.status_code in (200, 201), answer.text
    error = await told(client, USES % "twice")
    assert (error["pointer"], error["line"], error["column"]) == ("/steps/a", 4, 3)
    assert "continued 2 times" in error["detail"]


async def test_a_pass_that_does_not_exist(client):
    page = USES.replace("use: %s", "use: text") + "plan: {off: [split_prefil]}\n"
    answer = await client.post("/v1/plan", content=page, headers=YAML)
    errors = problem_of(answer, 422, "invalid-workflow")["errors"]
    (error,) = [each for each in errors if each["pointer"] == "/plan/off/0"]
    assert (error["code"], error["hint"], error["line"]) == ("bad-value", "split_prefill", 6)


async def test_what_is_refused_leaves_nothing_behind(client):
    await told(client, MANY)
    assert (await client.get("/v1/workflows")).json()["items"] == []
    await put(client, "w", "workflow: w\nsteps: {a: {use: value, value: 1}}\noutputs: {o: 1}\n")
