"""A run explained, as JSON and as lines for people."""

from collections.abc import Iterator

from pydantic import BaseModel

from executors.explained import Explained, Work

_NAMES = 44
_WORDS = {
    "queue": "waited for a free engine",
    "batch": "waited between batches",
    "prefill": "prompts were read",
    "decode": "replies were said",
    "execution": "other engines worked",
    "scheduler": "nothing else: decided, laid out, told",
}


class WorkOut(BaseModel):
    """One primitive that an engine did: when it could begin, where its time went, and what for.

    `estimate_ms`: expected before the run; `least_ms`: at best, by the pool's present costs and the
    actual size. `critical`: the end of the run has waited for it.
    """

    primitive: str
    op: str
    step: str | None
    pool: str
    critical: bool
    after: str | None
    ready_ms: float
    queue_ms: float
    batch_ms: float
    execution_ms: float
    done_ms: float
    estimate_ms: float | None
    least_ms: float
    rows: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int

    @staticmethod
    def of(work: Work, critical: bool) -> "WorkOut":
        """Write `work`."""
        return WorkOut(
            primitive=work.primitive, op=work.op, step=work.step, pool=work.pool,
            critical=critical, after=work.after, ready_ms=work.ready_ms, queue_ms=work.queue_ms,
            batch_ms=work.batch_ms, execution_ms=work.execution_ms, done_ms=work.done_ms,
            estimate_ms=None if work.estimate_ms is None else round(work.estimate_ms, 3),
            least_ms=round(work.least_ms, 3), rows=work.rows, tokens_in=work.usage["tokens_in"],
            tokens_cached=work.usage["tokens_cached"], tokens_out=work.usage["tokens_out"],
        )  # fmt: skip


class ExplainedRunOut(BaseModel):
    """Where the time of a run went. `causes` add up to `duration_ms`, along `path`.

    `estimate_ms` was expected of it alone, `lower_ms` is what it could not have beaten, by what was
    seen; null: what is expected of its plan is not known any more.
    """

    run: str
    status: str
    duration_ms: float
    estimate_ms: float | None
    lower_ms: float
    lower_estimate_ms: float | None
    causes: dict[str, float]
    path: list[str]
    work: list[WorkOut]

    @staticmethod
    def of(run: str, status: str, found: Explained) -> "ExplainedRunOut":
        """Write what was found of `run`."""
        path: list[str] = [each.primitive for each in found.path]
        critical = set(path)
        return ExplainedRunOut(
            run=run,
            status=status,
            duration_ms=found.duration_ms,
            estimate_ms=_rounded(found.estimate_ms),
            lower_ms=round(found.lower_ms, 3),
            lower_estimate_ms=_rounded(found.lower_estimate_ms),
            causes=dict(found.causes),
            path=path,
            work=[WorkOut.of(each, each.primitive in critical) for each in found.work],
        )


def lines_of(found: ExplainedRunOut) -> Iterator[str]:
    """Yield what a person reads: the whole, the causes, and the work in the order it could begin.

    A star marks the critical path.
    """
    expected = "" if found.estimate_ms is None else f", {_ms(found.estimate_ms)} expected"
    yield f"{found.run} {found.status} after {_ms(found.duration_ms)}{expected}"
    yield f"no run of this size can take less than {_ms(found.lower_ms)}"
    yield ""
    yield "where the time went, along the critical path:"
    for cause, ms in sorted(found.causes.items(), key=lambda each: -each[1]):
        if ms:
            share = 100 * ms / found.duration_ms if found.duration_ms else 0
            yield f"  {_ms(ms):>9}  {share:3.0f} %  {cause}: {_WORDS[cause]}"
    yield ""
    heads = ("ready", "queue", "batch", "execution", "estimate", "least")
    yield f"  {'primitive':{_NAMES}}  {'pool':12}" + "".join(f"{head:>10}" for head in heads)
    for work in sorted(found.work, key=lambda each: (each.ready_ms, each.done_ms)):
        figures: tuple[float | None, ...] = (
            work.ready_ms, work.queue_ms, work.batch_ms, work.execution_ms, work.estimate_ms,
            work.least_ms,
        )  # fmt: skip
        mark = "*" if work.critical else " "
        named = f"{mark} {work.primitive[:_NAMES]:{_NAMES}}  {work.pool[:12]:12}"
        yield named + "".join(f"{'-' if ms is None else _ms(ms):>10}" for ms in figures)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _ms(ms: float) -> str:
    """Write a time, in the unit that people would say.

    >>> _ms(0.04), _ms(12.345), _ms(2345.6)
    ('0.04 ms', '12.3 ms', '2.35 s')
    """
    if ms >= 1000:
        return f"{ms / 1000:.2f} s"
    return f"{ms:.1f} ms" if ms >= 1 else f"{ms:.2f} ms"
