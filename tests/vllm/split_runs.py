"""One application run over REST with `split_prefill` on, or off, on a cache of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from bench.applications import APPLICATIONS, Application
from bench.service import Service
from tests.vllm.salted import Salted

#: Of those whose prompts are cut. The questions are as long as people's are who say what they know.
ASKED: Mapping[str, str] = {
    "advanced_rag": (
        "I am preparing a talk on the grand tour of the outer planets, and I would like to tell "
        "how it was found out that a moon other than ours has volcanoes. Who first noticed a "
        "volcano erupting on Io, and what did that person look for when it was seen?"
    ),
    "contextual_retrieval": (
        "We are writing the captions of an exhibition about keepers, their work and how it came "
        "to an end, and have to be exact about years and places. When was the last lighthouse in "
        "England automated, which one was it, and what became of its keepers afterwards?"
    ),
}
#: Tokens of a reply: what is said is made up by a model with random weights.
REPLY_TOKENS = 24


@dataclass(frozen=True, slots=True)
class SplitRun:
    """What became of one run.

    `calls` are the requests for answers and `ahead` those to read ahead, but for their salts.
    `cached` is what the engine says it found in its cache for each call, by primitive; `warmed` how
    many tokens were read ahead. `first_ms` are from the call for the last answer to its first
    token, `shown_ms` from the start of the run to the first text of it.
    """

    outputs: Mapping[str, Any]
    calls: list[dict[str, Any]]
    ahead: list[dict[str, Any]]
    cached: Mapping[str, int]
    warmed: int
    first_ms: float
    shown_ms: float

    @property
    def found(self) -> list[int]:
        """What the calls for answers found in the cache, in their order."""
        return [self.cached[id] for id in sorted(self.cached) if id.startswith("answer")]


def applications() -> list[Application]:
    """Return those of which prompts are cut."""
    return [each for each in APPLICATIONS if each.name in ASKED]


def run_split(
    application: Application,
    teola: Service,
    files: Mapping[str, Any],
    salted: Salted,
    salt: str,
    *,
    on: bool,
) -> SplitRun:
    """Run an application once, as the server behind `salted` has it in a cache called `salt`."""
    salted.begin(salt)
    inputs = application.inputs(0, files.__getitem__, None)
    inputs["question"] = ASKED[application.name]
    run = teola.run_page(yaml.safe_dump(page_of(application, on=on)), inputs)
    if run["status"] != "succeeded":
        raise AssertionError(f"{application.name}: {run['status']}, {run['problem']}")
    events = _events(teola, run["id"])
    finished = [each["data"] for each in events if each["event"] == "primitive.finished"]
    answers = [each for each in finished if each["op"] == "prefill" and each["step"] == "answer"]
    return SplitRun(
        outputs=run["outputs"],
        calls=salted.calls,
        ahead=salted.ahead,
        cached={
            each["primitive"]: each["usage"]["tokens_cached"]
            for each in finished
            if each["op"] == "decode"
        },
        warmed=sum(
            each["usage"]["tokens_in"] for each in finished if each["op"] == "partial_prefill"
        ),
        first_ms=answers[-1]["execution_ms"],
        shown_ms=_first_ms(events, "output.delta") - _first_ms(events, "run.started"),
    )


def _events(teola: Service, run: str) -> list[dict[str, Any]]:
    """Return all events of a run that is over."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["event"] != "run.finished":
        after = {"after": found[-1]["id"] if found else 0}
        page = teola.http.get(f"/v1/runs/{run}/events", params=after).raise_for_status()
        found += page.json()["items"]
    return found


def _first_ms(events: Sequence[Mapping[str, Any]], kind: str) -> float:
    at = next(each["at"] for each in events if each["event"] == kind)
    return 1000 * datetime.fromisoformat(at).timestamp()


def page_of(application: Application, *, on: bool) -> dict[str, Any]:
    """Return the workflow, with short replies, and with the pass or without it."""
    page: dict[str, Any] = yaml.safe_load(application.path.read_text())
    page["steps"]["answer"]["max_tokens"] = REPLY_TOKENS
    if "situated" in page["steps"]:
        page["steps"]["situated"]["max_tokens"] = REPLY_TOKENS
    return page if on else {**page, "plan": {"off": ["split_prefill"]}}
