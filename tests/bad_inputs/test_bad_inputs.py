"""The catalogue of bad inputs, sent to the service as it is started; and how its judge fails."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.service import ROOT, Service, service
from tests.bad_inputs.catalogue import (
    COUNTS,
    HERE,
    Case,
    Failing,
    Item,
    Page,
    Problem,
    Repeat,
    Twin,
    items,
)
from tests.bad_inputs.judge import ECHO_CHARS_MAX, complaints, echoes
from tests.bad_inputs.visit import Visitor

LETTERS = sorted(path.name for path in HERE.glob("[A-Z]"))
BROKEN = """\
workflow: bad
steps:
  line: {use: text, templat: hello}
  last: {use: txt, template: hello}
outputs: {line: $line.text}
"""
FIRST = Problem(code="unknown-key", pointer="/steps/line/templat", line=3, column=21)
SECOND = Problem(code="unknown-module", pointer="/steps/last/use", line=4, column=15)
RIGHT = Case(body=BROKEN, problems=[FIRST, SECOND])
GOOD = BROKEN.replace("templat:", "template:").replace("txt", "text")


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with service() as teola:
        yield teola


@pytest.fixture
def visitor(running: Service) -> Iterator[Visitor]:
    yield Visitor(running)
    running.http.delete("/v1/workflows/bad")  # some of these tests make an item that stores it


def one(*cases: Case, twins: tuple[Twin, ...] = ()) -> Item:
    return Item("Z", 1, Page(title="An item", cases=list(cases), twins=list(twins)))


def but(problem: Problem, **changes: object) -> Problem:
    return problem.model_copy(update=changes)


@pytest.mark.parametrize("letter", LETTERS)
def test_bad_input_is_pointed_at_and_has_no_effect(visitor: Visitor, letter: str):
    verdicts = list(visitor.visit(items(letters=letter)))
    failed = [verdict for verdict in verdicts if verdict.complaints]
    assert not failed, "\n".join(f"{each.id} {'; '.join(each.complaints)}" for each in failed)


def test_every_category_is_known():
    assert sorted(COUNTS) == LETTERS


@pytest.mark.parametrize("letter", LETTERS)
def test_a_category_has_all_its_items(letter: str):
    assert [item.number for item in items(letters=letter)] == list(range(1, COUNTS[letter] + 1))


def test_two_of_five_items_have_a_twin_that_is_accepted():
    found = list(items())
    assert sum(bool(item.page.twins) for item in found) >= 0.4 * len(found)


def test_an_item_that_is_right_has_nothing_to_complain_of(visitor: Visitor):
    assert visitor.judge(one(RIGHT, twins=(Twin(body=GOOD),))).complaints == ()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"status": 413}, "status"),
        ({"type": "invalid-body"}, "type and status"),
        ({"detail": "1 problem in bad"}, "detail"),
        ({"problems": [FIRST]}, "problems"),
        ({"problems": [FIRST, SECOND, SECOND]}, "problems"),
        ({"problems": [SECOND, FIRST]}, "problems"),
        ({"problems": []}, "problems"),
        ({"problems": [but(FIRST, code="unknown-module"), SECOND]}, "problems"),
        ({"problems": [but(FIRST, pointer="/steps/line"), SECOND]}, "problems"),
        ({"problems": [but(FIRST, pointer=None), SECOND]}, "problems"),
        ({"problems": [but(FIRST, line=4), SECOND]}, "problems"),
        ({"problems": [but(FIRST, column=22), SECOND]}, "problems"),
        ({"problems": [but(FIRST, hint="value"), SECOND]}, "problems"),
        ({"to": "POST /v1/workflows/validate"}, "status"),
        ({"to": "POST /v1/workflows/validate", "status": 200, "problems": [FIRST]}, "problems"),
        ({"body": GOOD}, "status"),
        ({"body": GOOD, "status": 200}, "answer"),
    ],
)
def test_a_wrong_expectation_fails(visitor: Visitor, wrong: dict[str, object], complaint: str):
    verdict = visitor.judge(one(RIGHT.model_copy(update=wrong)))
    assert any(said.startswith(complaint) for said in verdict.complaints)


ERROR = {
    "code": "unknown-key", "pointer": "/steps/line/templat", "line": 3, "column": 21,
    "snippet": "  line: {use: text, templat: hello}\n                    ^",
    "detail": "there is no input `templat` here", "hint": "template", "cure": "Remove it.",
}  # fmt: skip
ANSWER = {
    "type": "/problems/invalid-workflow", "title": "Workflow is not valid", "status": 422,
    "detail": "1 problem in bad", "instance": "/v1/workflows/bad", "cure": "Correct it.",
    "errors": [ERROR],
}  # fmt: skip
LONG = "".join(map(str, range(100)))


def answered(media_type: str = "application/problem+json", **changes: object) -> list[str]:
    """Judge an answer made up here, as right as can be but for `changes`."""
    headers = {"Content-Type": media_type}
    answer = httpx.Response(422, headers=headers, json=ANSWER | changes)
    expected = [FIRST] * len(answer.json()["errors"])
    case = RIGHT.model_copy(update={"problems": expected})
    return list(complaints(case, LONG.encode(), answer))


def test_an_answer_that_is_right_has_nothing_to_complain_of():
    assert answered() == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"media_type": "application/json"}, "content type"),
        ({"type": "/problems/invalid-body"}, "type and status"),
        ({"status": 400}, "type and status"),
        ({"title": ""}, "no title"),
        ({"detail": None}, "no detail"),
        ({"instance": ""}, "no instance"),
        ({"cure": ""}, "no cure"),
        ({"trace": "x" * (1 << 16)}, "bytes"),
        ({"trace": "Traceback (most recent call last)"}, "shows 'Traceback'"),
        ({"trace": f"{ROOT}/spec"}, "shows"),
        ({"errors": [ERROR] * 51}, "51 problems"),
        ({"detail": f"`{LONG}`"}, "detail repeats"),
        ({"errors": [ERROR | {"hint": LONG}]}, "hint repeats"),
        ({"errors": [ERROR | {"detail": LONG}]}, "detail repeats"),
        ({"errors": [ERROR | {"detail": ""}]}, "without a sentence"),
        ({"errors": [ERROR | {"cure": ""}]}, "without a sentence"),
        ({"errors": [ERROR | {"snippet": "line"}]}, "does not show its line"),
        ({"errors": [ERROR | {"snippet": f"{'x' * 103}\n^"}]}, "a snippet of 103"),
    ],
)
def test_an_answer_of_another_form_fails(changes: dict[str, Any], complaint: str):
    assert any(complaint in said for said in answered(**changes))


def test_what_is_stored_although_it_should_not_be_is_noticed(visitor: Visitor):
    stored = visitor.judge(one(RIGHT.model_copy(update={"body": GOOD})))
    assert any("what is stored afterwards" in said for said in stored.complaints)
    visitor.http.delete("/v1/workflows/bad").raise_for_status()
    assert any("afterwards" in said for said in visitor.judge(one(RIGHT)).complaints)
    assert visitor.judge(one(RIGHT)).complaints == ()


@pytest.mark.parametrize(
    "twin",
    [
        Twin(body=BROKEN),
        Twin(to="POST /v1/runs", body="workflow: none\n"),
        Twin(to="POST /v1/runs", body="workflow: greeting\n"),
        Twin(
            to="POST /v1/runs",
            body="{workflow: greeting, inputs: {name: Ada}}\n",
            outputs={"greeting": "Hello, Eva."},
        ),
    ],
)
def test_a_twin_that_is_not_accepted_fails(visitor: Visitor, twin: Twin):
    assert len(visitor.judge(one(RIGHT, twins=(twin,))).complaints) == 1


FAILING = Failing(
    body="""\
spec:
  workflow: bad
  inputs: {list: "string[]"}
  steps:
    last: {use: value, value: "$inputs.list[1]"}
  outputs: {last: $last}
inputs: {list: [a]}
""",
    code="bad-value",
    step="last",
    line=5,
    column=5,
)


def failing(**changes: object) -> Item:
    return Item("Z", 1, Page(title="A run", failing=[FAILING.model_copy(update=changes)]))


def test_a_run_that_fails_as_said_has_nothing_to_complain_of(visitor: Visitor):
    assert visitor.judge(failing()).complaints == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "too-large"},
        {"step": "first"},
        {"line": 6},
        {"column": 4},
        {"body": FAILING.body.replace("[1]", "[0]")},
        {"body": FAILING.body.replace("[1]", "[")},
    ],
)
def test_a_run_that_does_not_fail_as_said_fails(visitor: Visitor, wrong: dict[str, object]):
    assert len(visitor.judge(failing(**wrong)).complaints) == 1


def test_what_is_repeated_at_length_is_noticed():
    assert not echoes(f"there is no {LONG[:ECHO_CHARS_MAX]} here", LONG)
    assert echoes(f"there is no {LONG[: ECHO_CHARS_MAX + 1]} here", LONG)


def test_a_unit_can_count_and_step_inwards():
    assert Repeat(unit="<indent>a<n>:\n", times=3).data() == b"a1:\n a2:\n  a3:\n"


def test_a_service_that_is_gone_fails_its_items():
    with service() as teola:
        visitor = Visitor(teola)
    with httpx.Client(base_url=teola.address) as visitor.http:
        verdict, run = visitor.visit([one(RIGHT)])
    assert "no answer" in verdict.complaints[0]
    assert "no answer" in run.complaints[0]


@pytest.mark.parametrize(
    "page", ["title: x\ncases: []\n", "title: x\ncases: [{bodi: x}]\n", "title: [\n"]
)
def test_a_file_that_is_not_of_the_form_is_refused(tmp_path: Path, page: str):
    path = tmp_path / "C" / "01-x.yaml"
    path.parent.mkdir()
    path.write_text(page)
    with pytest.raises(ValueError, match=r"^C/01-x\.yaml: "):
        list(items(tmp_path))


def test_a_file_that_is_not_named_like_an_item_is_refused(tmp_path: Path):
    path = tmp_path / "C" / "1-x.yaml"
    path.parent.mkdir()
    path.write_text("title: x\ncases: [{body: x}]\n")
    with pytest.raises(ValueError, match=r"is not named like"):
        list(items(tmp_path))


def test_the_command_fails_when_an_item_does(tmp_path: Path):
    path = tmp_path / "C" / "01-empty.yaml"
    path.parent.mkdir()
    path.write_text("title: Empty\ncases: [{body: '', problems: []}]\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bad_inputs", "--folder", tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "FAILED C01" in done.stdout
    assert "syntax None 1:1" in done.stdout
    assert "C: 0 of 1 passed" in done.stdout
