"""When scripted calls fail or take too long: by a seed, and by rules written out.

Whether a call fails is asked of each of its rows alone, so that one that is cut into pieces, or
put together with others, fails just when the whole would. `attempt` counts the retries around it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spec.values import JSON
from tests.interpreter.dice import digest
from tests.interpreter.outcome import Fault

SLOW_MS = 10**12
_SAFE = ("chunk", "format", "select", "merge_top_k", "aggregate", "prefill")
_TRANSIENT = Fault("engine-busy", "told to fail for now", transient=True)
_PERMANENT = Fault("engine-refused", "told to fail")


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to calls of `op` whose parameters, as JSON, hold `text`.

    Without a `fault` they only take `ms`. Of a rule with `attempts` only the first so many fail.
    """

    op: str
    text: str
    fault: Fault | None = None
    attempts: int | None = None
    ms: int = 0

    def meets(self, op: str, params: Mapping[str, JSON]) -> bool:
        """Whether this rule is about a call."""
        return op == self.op and self.text in json.dumps(dict(params), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Script:
    """Which calls fail. The shares, of 1, are of rows, decided by `seed`; rules come first."""

    seed: int = 0
    transient: float = 0.0
    permanent: float = 0.0
    slow: float = 0.0
    rules: tuple[Rule, ...] = ()

    def fails(self, op: str, params: Mapping[str, JSON], attempt: int) -> Fault | None:
        """Return how a call fails, if it does."""
        for rule in self.rules:
            if rule.fault and rule.meets(op, params):
                return rule.fault if rule.attempts is None or attempt < rule.attempts else None
        found = [self._row_fails(op, row, attempt) for row in _rows(op, params)]
        return next((fault for fault in found if fault), None)

    def takes_ms(self, op: str, params: Mapping[str, JSON], attempt: int) -> int:
        """Return how long a call takes; as long as it takes to pass any timeout if it is slow."""
        for rule in self.rules:
            if rule.ms and rule.meets(op, params):
                return rule.ms
        if self.fails(op, params, attempt):
            return 0  # rows that are asked for apart do not wait for slow ones to fail either
        return SLOW_MS * any(self._share("slow", op, row) < self.slow for row in _rows(op, params))

    def _row_fails(self, op: str, row: JSON, attempt: int) -> Fault | None:
        share = self._share("fault", op, row)
        if share < self.permanent:
            return _PERMANENT
        cured_at = 1 + int(share * 10**6) % 2
        return (
            _TRANSIENT
            if share < self.permanent + self.transient > 0 and attempt < cured_at
            else None
        )

    def _share(self, what: str, op: str, row: JSON) -> float:
        return int(digest(what, self.seed, op, row)[:12], 16) / 16**12


def _rows(op: str, params: Mapping[str, JSON]) -> Iterator[JSON]:
    """Yield what of a call stands for itself, whatever else is in it."""
    match op:
        case _ if op in _SAFE:
            return
        case "embed":
            yield from params["texts"] or ()
        case "rerank":
            yield from ([params["query"], doc["id"]] for doc in params["docs"])
        case "search":
            yield from params["vectors"]
        case "ingest" if params.get("name") is None:
            yield from ([doc["id"]] for doc in params["chunks"] or ())
        case "decode":
            yield [params["call"], params["form"]]
        case _:
            yield dict(sorted(params.items()))
