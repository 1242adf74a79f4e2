"""Sends the catalogue to a running service, over a real socket, and judges each item."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import httpx

from bench.service import Service
from tests.bad_inputs.catalogue import HERE, PUT, Case, Failing, Item, Twin, data_of
from tests.bad_inputs.judge import complaints, differ, failing_complaints, twin_complaints

_STOCK = HERE / "stock"
# What is kept, and which member marks each; of the runs the newest tells enough.
_KEPT = {"workflows": "version", "modules": "version", "runs?limit=1": "id"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with how an item was met; nothing, if all is well.

    `longest_s` is how long the slowest refusal took, as seen from outside.
    """

    id: str
    title: str
    complaints: tuple[str, ...]
    longest_s: float


class Visitor:
    """Goes to one service, which it first gives some workflows to be asked for by items."""

    def __init__(self, teola: Service) -> None:
        self.http = teola.http
        for path in sorted(_STOCK.glob("*.yaml")):
            self._stock(path)
        self.kept = self._kept()
        self.longest_s = 0.0

    def visit(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """Judge every item, and after each category whether the service still does its work."""
        for letter, category in groupby(items, attrgetter("letter")):
            yield from map(self.judge, category)
            began = time.perf_counter()
            wrong = tuple(self._works())
            took = time.perf_counter() - began
            yield Verdict(letter, "a run of a good workflow, after all of these", wrong, took)

    def judge(self, item: Item) -> Verdict:
        """Send all of one item."""
        self.longest_s = 0.0
        try:
            wrong = tuple(self._all_of(item))
        except httpx.TransportError as error:
            wrong = (f"no answer: {error!r}",)
        return Verdict(item.id, item.page.title, wrong, self.longest_s)

    def _stock(self, path: Path) -> None:
        page = path.read_text("utf-8")
        ((kind, name),) = re.findall(r"^(workflow|module): (\S+)", page, flags=re.MULTILINE)
        answer = self._send(f"PUT /v1/{kind}s/{name}", "yaml", page.encode())
        if answer.is_error:
            raise ValueError(f"{path.name} cannot be stored: {answer.text}")

    def _all_of(self, item: Item) -> Iterator[str]:
        for case in item.page.cases:
            for complaint in self._case(case):
                yield f"{case.name}: {complaint}" if case.name else complaint
        kept = self._kept()
        if kept != self.kept:
            yield differ("what is stored afterwards", self.kept, kept)
        for failing in item.page.failing:
            for complaint in self._failing(failing):
                yield f"{failing.name}: {complaint}" if failing.name else complaint
        for twin in item.page.twins:
            yield from self._twin(twin)
        if self.http.get("/healthz").status_code != 200:
            yield "the service is no longer well"
        self.kept = self._kept() if item.page.twins or item.page.failing else kept

    def _case(self, case: Case) -> Iterator[str]:
        sent = data_of(case.body)
        first = f"{case.to}?dry_run=1" if case.to == PUT else case.to
        began = time.perf_counter()
        answer = self._send(first, case.media, sent)
        self.longest_s = max(self.longest_s, time.perf_counter() - began)
        yield from complaints(case, sent, answer)
        if first != case.to:
            again = self._send(case.to, case.media, sent)
            if again.content != answer.content:
                yield differ("answer to a put that is not dry", answer.text, again.text)

    def _failing(self, failing: Failing) -> Iterator[str]:
        answer = self._send("POST /v1/runs", "yaml", data_of(failing.body), Prefer="wait=30")
        yield from failing_complaints(failing, answer)

    def _twin(self, twin: Twin) -> Iterator[str]:
        answer = self._send(twin.to, twin.media, data_of(twin.body), Prefer="wait=30")
        yield from twin_complaints(twin, answer)

    def _send(self, to: str, media: str, body: bytes, **headers: str) -> httpx.Response:
        method, path = to.split(" ")
        headers["Content-Type"] = f"application/{media}"
        return self.http.request(method, path, content=body, headers=headers)

    def _kept(self) -> dict[str, list[tuple[str, str]]]:
        found = {}
        for resource, mark in _KEPT.items():
            lines = self.http.get(f"/v1/{resource}").json()["items"]
            found[resource] = [(line.get("name", ""), line[mark]) for line in lines]
        return found

    def _works(self) -> Iterator[str]:
        twin = Twin(
            to="POST /v1/runs",
            body="{workflow: greeting, inputs: {name: Ada}}",
            outputs={"greeting": "Hello, Ada."},
        )
        try:
            yield from self._twin(twin)
            self.kept = self._kept()
        except httpx.TransportError as error:
            yield f"no answer: {error!r}"
