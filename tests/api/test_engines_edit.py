"""Costs are written into an engines.yaml and every other byte stays: golden files, then the rest.

`golden/costs/NAME` becomes `golden/costs/after/NAME`.
"""

from pathlib import Path

import pytest

from api.engines_edit import NotEditable, with_costs
from api.engines_file import read_engines
from spec.source import Media, Source

GOLDEN = Path(__file__).with_name("golden") / "costs"
COSTS = {"fixed_ms": 16.25, "row_ms": 0.0000017, "row_tokens": 128}
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_file())


def edited(name: str, data: bytes, pool: str = "mine") -> bytes:
    media: Media = "json" if name.endswith(".json") else "yaml"
    return with_costs(Source(name, data, media), pool, COSTS)


@pytest.mark.parametrize("name", CASES)
def test_what_it_becomes(name):
    assert edited(name, (GOLDEN / name).read_bytes()) == (GOLDEN / "after" / name).read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_what_it_becomes_can_be_read_and_says_the_same_but_for_the_costs(name):
    before, after = read_engines(GOLDEN / name), read_engines(GOLDEN / "after" / name)
    for old, new in zip(before.pools, after.pools, strict=True):
        if new.name == "mine":
            assert new.options == {**old.options, "costs": COSTS}
        else:
            assert new == old


@pytest.mark.parametrize("name", CASES)
def test_doing_it_again_changes_nothing(name):
    after = (GOLDEN / "after" / name).read_bytes()
    assert edited(name, after) == after


@pytest.mark.parametrize("name", [case for case in CASES if not case.startswith("replaced")])
def test_nothing_that_was_there_is_gone(name):
    before, after = (GOLDEN / name).read_text(), edited(name, (GOLDEN / name).read_bytes()).decode()
    left = iter(after)
    assert all(character in left for character in before)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pools:\n  mine: {kind: rerank, adapter: embedded}\n", "declares no pool 'yours'"),
        (
            "pools:\n  yours:\n    ? kind\n    : rerank\n    ? adapter\n    : embedded\n",
            "begin its",
        ),
        (
            "pools:\n  yours:\n    kind: rerank\n    adapter: openai_rerank\n"
            "    endpoint: http://a/v1\n    model: >-\n      x\n",
            "block of its own",
        ),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text, why):
    with pytest.raises(NotEditable, match=why):
        edited("engines.yaml", text.encode(), "yours")
