"""A replica that answers whole batches at once: for embedding, reranking, an index, a search."""

import heapq
from collections.abc import Sequence
from itertools import chain, count
from math import exp

from executors.engines.emulation.calls import normal, words
from executors.engines.emulation.profiles import BatchProfile
from executors.engines.engine import Batch, Done, Emission, Fault, Request
from executors.engines.timeline import Moment
from executors.engines.told import outputs_of
from executors.scheduler.events import BatchId
from executors.usage import Usage
from planner.costs import UNASKED, rows_of


class BatchTimeline:
    """One replica. How many batches it runs at a time is for whoever sends them to keep."""

    def __init__(self, profile: BatchProfile) -> None:
        self._profile = profile
        self._open: dict[BatchId, list[Emission]] = {}
        self._ends: list[tuple[float, int, BatchId]] = []
        self._ties = count()

    def admit(self, batch: Batch, now: float) -> None:
        """Take on a batch."""
        self._open[batch.id] = [self._answer(request) for request in batch.requests]
        heapq.heappush(self._ends, (now + self.takes_s(batch), next(self._ties), batch.id))

    def abandon(self, batch: BatchId, now: float) -> None:  # noqa: ARG002  # of any engine
        """Let go of a batch."""
        self._open.pop(batch, None)
        self._ends = [each for each in self._ends if each[2] != batch]
        heapq.heapify(self._ends)

    def settle(self, now: float) -> None:
        """Nothing waits for a moment to be over."""

    def next_at(self) -> float | None:
        """Return when the next batch is answered."""
        return self._ends[0][0] if self._ends else None

    def advance(self, now: float) -> Sequence[Moment]:
        """Return every answer until `now`."""
        told: list[Moment] = []
        while self._ends and self._ends[0][0] <= now:
            at, _, id = heapq.heappop(self._ends)
            told += [Moment(at, id, answer) for answer in self._open.pop(id)]
            told.append(Moment(at, id))
        return told

    def takes_s(self, batch: Batch) -> float:
        """Return what a batch takes: its operations one after another, each for all its rows."""
        total = 0.0
        for op, cost in self._profile.costs.items():
            if requests := [each for each in batch.requests if each.op == op]:
                rows = sum(rows_of(op, each.args) for each in requests)
                if not rows and op in UNASKED:
                    continue
                plain = cost.fixed_s + cost.row_s * rows
                total += plain * (_slowest(requests, cost.sigma) if cost.sigma else 1.0)
        return total

    def _answer(self, request: Request) -> Emission:
        if request.op not in self._profile.costs:
            return Fault(request.id, "unsupported-op", f"no {request.op} here")
        outputs = outputs_of(request)
        if request.op in ("search", "web_search"):
            found = outputs["docs"]
            lists = found if request.op == "search" else [found]
            for doc in chain.from_iterable(lists):
                doc["text"] = words(doc["id"], self._profile.passage_tokens)
        return Done(request.id, outputs, Usage())


def _slowest(requests: Sequence[Request], sigma: float) -> float:
    return max(exp(sigma * normal(request)) for request in requests)
