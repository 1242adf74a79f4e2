"""What an answer to a bad input has to be, exactly; every way in which it is not, in words."""

from collections.abc import Iterator
from typing import Any

import httpx

from bench.service import ROOT
from tests.bad_inputs.catalogue import Case, Failing, Problem, Twin

ANSWER_BYTES_MAX = 64 << 10
ERRORS_MAX = 50
ECHO_CHARS_MAX = 80
SNIPPET_CHARS_MAX = 102  # a line is shown in part, with an ellipsis at both ends
_INSIDES = ("Traceback", "site-packages", 'File "', " object at 0x", str(ROOT))


def complaints(case: Case, sent: bytes, answer: httpx.Response) -> Iterator[str]:
    """Yield what is wrong with the answer to a bad request."""
    if answer.status_code != case.status:
        yield differ("status", case.status, f"{answer.status_code} {answer.text[:300]}")
        return
    if len(answer.content) > ANSWER_BYTES_MAX:
        yield f"the answer has {len(answer.content)} bytes"
    yield from (f"the answer shows {word!r}" for word in _INSIDES if word in answer.text)
    body = answer.json()
    yield from _form(case, answer, body)
    yield from _problems(case.problems, body.get("errors", []))
    yield from _sayings(sent.decode("utf-8", "replace"), body)


def twin_complaints(twin: Twin, answer: httpx.Response) -> Iterator[str]:
    """Yield what is wrong with the answer to what has to be accepted."""
    body = answer.json() if answer.status_code == 200 else {}
    if body.get("valid") is not True and body.get("status") != "succeeded":
        yield f"a twin is not accepted: {answer.status_code} {answer.text[:500]}"
    elif twin.outputs is not None and body.get("outputs") != twin.outputs:
        yield differ("outputs of a twin", twin.outputs, body.get("outputs"))


def failing_complaints(failing: Failing, answer: httpx.Response) -> Iterator[str]:
    """Yield what is wrong with the answer to a run that has to fail."""
    problem = (answer.json() if answer.status_code == 200 else {}).get("problem")
    if problem is None:
        yield f"a run does not fail: {answer.status_code} {answer.text[:500]}"
        return
    yield from (f"the answer shows {word!r}" for word in _INSIDES if word in answer.text)
    members = ("code", "step", "line", "column")
    expected = [getattr(failing, member) for member in members]
    actual = [problem[member] for member in members]
    if actual != expected:
        yield differ("how a run failed", expected, f"{actual} {problem['detail']}")


def differ(what: str, expected: object, actual: object) -> str:
    """Say that something is not as expected."""
    return f"{what}\n    expected {expected}\n    actual   {actual}"


def _form(case: Case, answer: httpx.Response, body: dict[str, Any]) -> Iterator[str]:
    media_type = answer.headers.get("content-type")
    if case.status == 200:  # a question about a document was answered: it is not valid
        if (media_type, body.get("valid")) != ("application/json", False):
            yield differ("answer", "a document that is not valid", f"{media_type} {body}")
        return
    if media_type != "application/problem+json":
        yield differ("content type", "application/problem+json", media_type)
    said = (body.get("type"), body.get("status"))
    if said != (f"/problems/{case.type}", case.status):
        yield differ("type and status", (f"/problems/{case.type}", case.status), said)
    for member in ("title", "detail", "instance", "cure"):
        if not body.get(member):
            yield f"the problem has no {member}"
    if case.detail is not None and body.get("detail") != case.detail:
        yield differ("detail", case.detail, body.get("detail"))


def _problems(expected: list[Problem], errors: list[dict[str, Any]]) -> Iterator[str]:
    wanted = [_line(problem.model_dump(), hint=problem.hint is not None) for problem in expected]
    hinted = [problem.hint is not None for problem in expected] + [False] * len(errors)
    actual = [_line(error, hint=hint) for error, hint in zip(errors, hinted, strict=False)]
    if actual != wanted:
        yield differ(
            "problems", *("".join(f"\n      {line}" for line in s) for s in (wanted, actual))
        )


def _line(problem: dict[str, Any], *, hint: bool) -> str:
    shown = f"{problem['code']} {problem['pointer']} {problem['line']}:{problem['column']}"
    return f"{shown} hint {problem['hint']}" if hint else shown


def _sayings(sent: str, body: dict[str, Any]) -> Iterator[str]:
    errors = body.get("errors", [])
    if len(errors) > ERRORS_MAX:
        yield f"the answer has {len(errors)} problems"
    for said in (body, *errors):
        for member in ("detail", "hint"):
            if echoes(said.get(member) or "", sent):
                yield f"{member} repeats more than {ECHO_CHARS_MAX} characters: {said[member]}"
    for error in errors:
        yield from _shown(error)


def _shown(error: dict[str, Any]) -> Iterator[str]:
    if not (error["detail"] and error["cure"]):
        yield f"a problem without a sentence or a cure: {error}"
    line, _, caret = error.get("snippet", "").partition("\n")
    if not caret.endswith("^"):
        yield f"a problem that does not show its line: {error}"
    if len(line) > SNIPPET_CHARS_MAX:
        yield f"a snippet of {len(line)} characters"


def echoes(said: str, sent: str) -> bool:
    """Whether a sentence repeats too much of what was sent."""
    length = ECHO_CHARS_MAX + 1
    return any(said[at : at + length] in sent for at in range(len(said) - length + 1))
