"""The module `merge` and the operations beside it, run from a workflow to its outputs."""

import pytest

from executors.fusion import fuse
from tests.executors.drivers.live import Live, play

DOCS = [
    {"id": id, "text": f"text of {id}", "position": None, "meta": {}, "score": score}
    for id, score in (("a", 0.9), ("b", 0.7), ("c", 0.8))
]
LISTS = [[DOCS[0], DOCS[1]], [DOCS[2], DOCS[1]]]
PAGE = """\
workflow: w
inputs: {lists: "doc[][]", by: string}
steps:
  typed: {use: value, value: ["$inputs.lists[0]", null, "$inputs.lists[1]"]}
  merged: {use: merge, lists: $typed.value, by: $inputs.by, top_k: 2}
outputs: {docs: $merged.docs}
"""


def run(plan, folder, **inputs):
    ended = []

    async def scenario():
        live = Live(folder)
        ended.append(await live.finish(await live.submit(plan, inputs)))
        await live.runner.stop()

    play(scenario)
    return ended[0]


@pytest.mark.parametrize("by", ["rrf", "score", "order"])
def test_lists_are_merged_by_a_workflow(plan_of, tmp_path, by):
    done = run(plan_of(PAGE), tmp_path, lists=LISTS, by=by)
    assert done.outputs == {"docs": fuse(LISTS, by, top_k=2)}


def test_a_way_that_nobody_knows_fails_the_step_that_asked_for_it(plan_of, tmp_path):
    done = run(plan_of(PAGE), tmp_path, lists=LISTS, by="chance")
    assert (done.status, done.problem["code"], done.problem["step"]) == (
        "failed", "bad-value", "merged",
    )  # fmt: skip
    assert "none of rrf, score, order" in done.problem["detail"]
