"""One example after another run alone over REST, no two runs of which ask for the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bench.applications import SHELVE, Application
from bench.service import Service
from tests.estimates.forecast import HELD_AGAINST, Forecast

#: Tokens of a reply at most: how long a model with random weights goes on means nothing.
REPLY_TOKENS = 64
#: Whose sentences documents are made of, and how many each has: a tree is of six or seven parts.
TEXTS = Path(__file__).parents[2] / "bench/corpus"
SENTENCES, SENTENCES_OF = 75, {"map_reduce_summary": 290}
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")


def forecasts(
    application: Application, teola: Service, runs: int, random: Random
) -> tuple[Forecast, Forecast]:
    """Return what the service, which begins to learn now, expected of an example at first, and
    after `runs` runs; each is held against the runs after it.
    """
    example = Example(application, teola, random)
    told = [example.run() for _ in range(runs + HELD_AGAINST)]
    return _forecast(told[:1]), _forecast(told[runs:])


def _forecast(told: Sequence[dict[str, Any]]) -> Forecast:
    estimated = told[0]["estimate_ms"]
    took = tuple(each["duration_ms"] for each in told)
    return Forecast(estimated, took, tuple(each["lower_ms"] for each in told))


@dataclass(slots=True)
class Example:
    """One example in a service of its own; each run has other documents and another question."""

    application: Application
    teola: Service
    random: Random
    workflow: str = field(init=False)
    sentences: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pages = (path.read_text() for path in sorted(TEXTS.glob("*/[!R]*.md")))
        self.sentences = tuple(each for page in pages for each in _SENTENCE_ENDS.split(page))
        self.workflow = self.teola.put_page(page_of(self.application))
        if self.application.shelved:
            shelved = [self.document(name) for name in self.application.shelved]
            collection = self.application.turns[0]["collection"]
            shelve = {"documents": shelved, "collection": collection}
            self._ran(self.teola.run_page(SHELVE, shelve))

    def run(self) -> dict[str, Any]:
        """Run it once, with nothing else in the service; return the run as it is explained."""
        inputs = self.application.inputs(0, self.document, None)
        inputs[self.application.asked] = self.question()
        run = self._ran(self.teola.run(self.workflow, inputs))
        answer = self.teola.http.get(f"/v1/runs/{run}/explain").raise_for_status()
        return dict(answer.json())

    def document(self, name: str) -> dict[str, str]:
        """Return a document that is like no other, in the place of the one called `name`."""
        count = SENTENCES_OF.get(self.application.name, SENTENCES)
        return {"name": name, "text": " ".join(self.random.sample(self.sentences, count))}

    def question(self) -> str:
        """Return five to twenty words of two sentences."""
        words = " ".join(self.random.sample(self.sentences, 2)).split()
        return " ".join(words[: self.random.randint(5, 20)])

    def _ran(self, run: dict[str, Any]) -> str:
        if run["status"] != "succeeded":
            raise AssertionError(f"{self.application.name}: {run['status']}, {run['problem']}")
        return str(run["id"])


def page_of(application: Application) -> str:
    """Return the workflow; a text that it has a model write has at most `REPLY_TOKENS`, and a list
    as many items as it asks for: one with random weights would often write none.
    """
    page: dict[str, Any] = yaml.safe_load(application.path.read_text())
    for step in page["steps"].values():
        module = str(step.get("use"))
        if module in ("llm", "llm.chat", "contextualize") or module.startswith("synthesize."):
            step["max_tokens"] = REPLY_TOKENS
        elif module == "llm.list":
            step["min_items"] = step["items"]
    return yaml.safe_dump(page, sort_keys=False)
