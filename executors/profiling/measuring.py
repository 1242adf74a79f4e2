"""Measures an engine by its own verbs: the one file here that waits, by a clock it is given."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Engine,
    EngineFailed,
    Fault,
    FirstToken,
    Request,
)
from executors.profiling.profile import Profile, profile_of
from executors.profiling.readings import (
    Heard,
    Reading,
    batch_reading,
    decode_reading,
    prefill_reading,
)
from executors.profiling.texts import Texts
from executors.profiling.trials import SAID, SAID_MAX, Trial, batch_trials, language_trials
from executors.scheduler.events import BatchId

#: Times that each trial is measured where there is time for it. Those of batches are soon over, and
#: a machine that does something else for a second is to touch few of them.
LANGUAGE_ROUNDS, BATCH_ROUNDS = 7, 25
#: Times that each prompt is read in a round: it is as soon over.
PREFILLS = 3
#: Rows of a batch at most; a row more costs no other than these.
ROWS_MAX = 64
#: Tokens of the call that comes first: it wakes the engine, and tells how it counts.
_PROBE = 120
#: Tokens of a query that docs are ranked by.
_QUERY = 8
_WHO = "profile"  #: run and tenant of all calls
_OVERFLOW = "context-overflow"

#: Told how many measurements are done, and how many there are to be.
Moved = Callable[[int, int], None]


class TooShort(Exception):
    """There was no time to measure each trial once: `done` of `planned` were."""

    def __init__(self, done: int, planned: int) -> None:
        super().__init__(f"only {done} of {planned} measurements were made in time")
        self.done = done
        self.planned = planned


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: within how many seconds, prompts how long, rows of a batch how long."""

    within_s: float
    longest: int
    row_tokens: int


@dataclass(slots=True)
class _Bench:
    """An engine on the bench, and what has been found so far."""

    engine: Engine
    texts: Texts
    clock: Callable[[], float]
    readings: dict[Trial, list[Reading]] = field(default_factory=dict)
    is_counted: bool = False  #: whether the engine counts tokens
    tokens: int = 0  #: of all rows, as it counts them
    rows: int = 0
    done: int = 0  #: measurements made, those that gave nothing among them
    said: dict[Trial, int] = field(default_factory=dict)  #: tokens of a reply that were enough
    impossible: set[Trial] = field(default_factory=set)
    ids: "count[int]" = field(default_factory=count)


async def profile(
    engine: Engine, wanted: Wanted, nonce: str, clock: Callable[[], float], moved: Moved
) -> Profile:
    """Measure a started engine of kind llm, embedding or rerank, and return its profile.

    Trials are measured in rounds, so that a slow minute touches all of them alike. Raise
    `EngineFailed` for a fault, `TooShort`, and `TooFew` where too much had to be left out.
    """
    bench = _Bench(engine, Texts(nonce), clock)
    bench.readings = {trial: [] for trial in _trials(engine, wanted)}
    # An adapter translates what runs out of its own times: what is seen here is this one.
    with suppress(TimeoutError):
        async with asyncio.timeout(wanted.within_s):
            await _rounds(bench, clock() + wanted.within_s, moved)
    if bench.done < len(bench.readings):
        raise TooShort(bench.done, len(bench.readings))
    return _found(bench, wanted)


async def _rounds(bench: _Bench, until: float, moved: Moved) -> None:
    """Measure all trials again and again, while there is time for another round."""
    rounds = LANGUAGE_ROUNDS if bench.engine.traits.kind == "llm" else BATCH_ROUNDS
    planned = len(bench.readings) * rounds
    await _probe(bench)
    for _ in range(rounds):
        began = bench.clock()
        for trial, readings in bench.readings.items():
            if trial not in bench.impossible:
                readings += await _measured(bench, trial)
            bench.done += 1
            moved(bench.done, planned)
        if 2 * bench.clock() - began > until:
            return


def _found(bench: _Bench, wanted: Wanted) -> Profile:
    kind, readings = bench.engine.traits.kind, bench.readings
    row_tokens = round(bench.tokens / bench.rows) if bench.rows else 0
    return profile_of(kind, readings, row_tokens or wanted.row_tokens, is_counted=bench.is_counted)


def _trials(engine: Engine, wanted: Wanted) -> Sequence[Trial]:
    traits = engine.traits
    if traits.kind == "llm":
        return language_trials(wanted.longest, traits.slots)
    # A reranker takes one query a batch, its docs are the rows.
    rows = ROWS_MAX if traits.kind == "rerank" else min(ROWS_MAX, traits.batch_rows_max)
    return batch_trials(rows, wanted.row_tokens)


async def _probe(bench: _Bench) -> None:
    """Wake the engine, and learn how it counts."""
    text = bench.texts.prompt(_PROBE)
    heard = await _call(bench, *_asked(bench, bench.engine.traits.kind, [text]))
    if heard.usage.tokens_in:
        bench.texts.learn(text, heard.usage.tokens_in)


async def _measured(bench: _Bench, trial: Trial) -> list[Reading]:
    """Return a reading of `trial`, or none where it is not possible. Raise `EngineFailed`."""
    try:
        match trial.part:
            case "prefill":
                calls = [await _said(bench, trial.tokens, 1) for _ in range(PREFILLS)]
                return [prefill_reading(call) for call in calls]
            case "decode":
                return await _decoded(bench, trial)
            case "batch":
                return [batch_reading(await _answered(bench, trial), trial.count)]
    except EngineFailed as error:
        if error.code != _OVERFLOW:
            raise
        bench.impossible.add(trial)
        return []


async def _decoded(bench: _Bench, trial: Trial) -> list[Reading]:
    """Let all speak for longer and longer, until most do so at the same time: where prompts are
    read slowly, or steps are quick, the first have ended before the last begins.
    """
    said = SAID
    while said <= SAID_MAX:
        said = max(said, bench.said.get(trial, said))
        reading = decode_reading(await _together(bench, trial, said))
        if reading is not None:
            bench.said[trial] = said
            return [reading]
        said *= 2
    bench.impossible.add(trial)
    return []


async def _together(bench: _Bench, trial: Trial, said: int) -> list[Heard]:
    """Make the calls of a trial at the same time."""
    failed: EngineFailed | None = None
    calls: list[asyncio.Task[Heard]] = []
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(trial.count):
                calls.append(group.create_task(_said(bench, trial.tokens, said)))
    except* EngineFailed as errors:
        failed = next(each for each in errors.exceptions if isinstance(each, EngineFailed))
    if failed is not None:
        raise failed
    return [call.result() for call in calls]


async def _said(bench: _Bench, tokens: int, most: int) -> Heard:
    args = {"prompt": bench.texts.prompt(tokens), "max_tokens": most, "temperature": 0.0}
    return await _call(bench, "decode", args)


async def _answered(bench: _Bench, trial: Trial) -> Heard:
    rows = [bench.texts.passage(trial.tokens) for _ in range(trial.count)]
    heard = await _call(bench, *_asked(bench, bench.engine.traits.kind, rows))
    bench.tokens += heard.usage.tokens_in
    bench.rows += trial.count
    return heard


def _asked(bench: _Bench, kind: str, rows: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return an operation over `rows` and its arguments."""
    match kind:
        case "llm":
            return "decode", {"prompt": "\n".join(rows), "max_tokens": SAID}
        case "embedding":
            return "embed", {"texts": list(rows)}
    docs = [{"id": str(at), "text": row} for at, row in enumerate(rows)]
    return "rerank", {"query": bench.texts.passage(_QUERY), "docs": docs, "top_k": len(docs)}


async def _call(bench: _Bench, op: str, args: dict[str, Any]) -> Heard:
    """Make one call and note when what came. Raise `EngineFailed`, also for a fault of it."""
    number = next(bench.ids)
    batch = Batch(BatchId(number), (Request(number, op, args, _WHO, _WHO),))
    heard = Heard(bench.clock(), bench.texts.tokens_in(args.get("prompt", "")))
    async with aclosing(bench.engine.run(batch)) as emissions:
        async for emission in emissions:
            now = bench.clock()
            match emission:
                case FirstToken():
                    heard.first = now
                case Delta():
                    heard.pieces.append(now)
                case Done():
                    heard.first, heard.ended = heard.first or now, now
                    heard.usage = emission.usage
                case Fault():
                    detail, may_pass = emission.detail, emission.transient
                    raise EngineFailed(emission.code, detail, "", may_pass)
    bench.is_counted = bench.is_counted or heard.usage.tokens_in > 0
    return heard
