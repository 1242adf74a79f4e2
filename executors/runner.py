"""What the doors hold: submit a run, cancel it, see the pools. HTTP and command line are two doors
to one `Runner`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from executors.drivers.live import LiveDriver, Watch, unwatched
from executors.engines.engine import Condition, EngineTraits, Supervised
from executors.errors import NotCancellable, NotFinished, Refused
from executors.explained import Explained, explain
from executors.journal import Journal
from executors.memo import Memo
from executors.observing import Observer
from executors.performer import Performer
from executors.pools import Pool
from executors.scheduler.commands import Command
from executors.scheduler.events import Event, RunAccepted, RunCancelled, RunId
from executors.scheduler.scheduler import Scheduler
from executors.store.record import RunRecord
from executors.store.runs import RunStore
from executors.values import Values
from executors.workspace import Workspace
from planner.graph import PoolName
from planner.plan import Plan
from planner.pools import Pools
from planner.sizes import Sizes
from spec.values import JSON

#: Runs whose plans are remembered, so that they can be compared with what was expected.
PLANS_KEPT_MAX = 256


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """What a runner takes on. `deadline_s` counts from acceptance."""

    runs_max: int
    deadline_s: float
    journal_entries_max: int
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A run that is wanted: a planned workflow version and inputs that were checked against it."""

    tenant: str
    workflow: str
    version: str
    plan: Plan
    inputs: Mapping[str, JSON]
    priority: int = 0


@dataclass(frozen=True, slots=True)
class PoolState:
    """One pool at this moment."""

    pool: Pool
    traits: EngineTraits
    waiting: int
    batches: int
    started: int  #: replicas that are up
    utilisation: float  #: share of the slots in use, smoothed
    saturated: bool


@dataclass(frozen=True, slots=True)
class _Expected:
    """What was known of a run when it began."""

    plan: Plan
    pools: Pools
    sizes: Sizes


class Runner:
    """Runs plans on pools and writes what happens to `store`.

    `new_id` names runs, `wall_clock` dates them, `after_run` is told the id of each that has ended,
    `on_bug` what an adapter or a pass raised and never should, and `watch` all that is decided.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        store: RunStore,
        values: Values,
        memo: Memo,
        limits: RunnerLimits,
        new_id: Callable[[], str],
        wall_clock: Callable[[], datetime],
        after_run: Callable[[str], object],
        on_bug: Callable[[Exception], object],
        watch: Watch = unwatched,
    ) -> None:
        self._pools = pools
        self._store = store
        self._limits = limits
        self._new_id = new_id
        self._wall_clock = wall_clock
        self._expected: OrderedDict[str, _Expected] = OrderedDict()
        self._workspace = Workspace(values, memo, lambda: self._driver.now())
        self._scheduler = Scheduler({pool.name: pool.queue() for pool in pools}, limits.runs_max)
        self.journal = Journal(limits.journal_entries_max)
        self.observer = Observer(pools)
        performer = Performer(
            workspace=self._workspace,
            append=store.append,
            traits={pool.name: pool.traits for pool in pools},
            clock=lambda: self._driver.now(),
            after_run=after_run,
            on_bug=on_bug,
        )
        engines = {pool.name: pool.replicas for pool in pools}

        def watched(now: float, event: Event, commands: Sequence[Command]) -> None:
            self.observer.watch(now, event, commands)
            watch(now, event, commands)

        self._driver = LiveDriver(
            self._scheduler, performer, engines, self.journal, on_bug, watched
        )

    async def submit(self, submission: Submission) -> str:
        """Accept a run and start it; return its id.

        Raise `Refused` when there is no room, `ValueTooLarge` for an input over a limit and
        `StorageFailed` when inputs cannot be kept; then nothing has been written.
        """
        full = self._scheduler.admits(submission.plan)
        if full is not None:
            raise Refused(full.code, full.detail, self._limits.retry_after_s)
        # Whoever asked may leave meanwhile; a run that was accepted starts all the same.
        return await asyncio.shield(asyncio.ensure_future(self._start(submission)))

    async def _start(self, submission: Submission) -> str:
        run = RunId(self._new_id())
        await self._accept(run, submission)
        plan, tenant = submission.plan, submission.tenant
        pools = self.observer.current(plan.library.pools)
        self._expected[run] = _Expected(plan, pools, self.observer.sizes(tenant, plan))
        if len(self._expected) > PLANS_KEPT_MAX:
            self._expected.popitem(last=False)
        cancelled = self._store.get(submission.tenant, run).cancelling  # while it was written
        self._driver.feed(
            RunAccepted(
                run=run,
                tenant=submission.tenant,
                plan=submission.plan,
                deadline=self._driver.now() + self._limits.deadline_s,
                priority=submission.priority,
            )
        )
        if cancelled:
            self._driver.feed(RunCancelled(run))
        return run

    async def _accept(self, run: RunId, submission: Submission) -> None:
        now = self._wall_clock()
        self._workspace.open(run, submission.tenant, submission.plan, submission.inputs, now)
        accepted = False
        try:
            await self._store.accept(
                RunRecord(
                    id=run,
                    tenant=submission.tenant,
                    workflow=submission.workflow,
                    version=submission.version,
                    inputs=submission.inputs,
                    created_at=now,
                    priority=submission.priority,
                )
            )
            accepted = True
        finally:
            if not accepted:
                self._workspace.drop(run)

    def cancel(self, tenant: str, run: str) -> None:
        """Stop `run`. Repeating it changes nothing.

        Raise `NotCancellable` when it has ended otherwise, `Unknown` when there is none.
        """
        record = self._store.get(tenant, run)
        if not record.live and record.status != "cancelled":
            raise NotCancellable(run, record.status)
        if record.live and not record.cancelling:
            self._store.append(run, "run.cancelling", {})
            self._driver.feed(RunCancelled(RunId(run)))

    def explain(self, tenant: str, run: str) -> Explained:
        """Return where the time of a run went. Raise `Unknown`, `NotFinished` while it goes on."""
        record = self._store.get(tenant, run)
        if record.live:
            raise NotFinished(run, record.status)
        events = self._store.events(tenant, run, limit=record.last_event)
        facts = self.observer.facts()
        if (known := self._expected.get(run)) is None:
            return explain(record, events, facts, None, Sizes())
        return explain(record, events, facts, known.plan, known.sizes, known.pools)

    def pools(self) -> tuple[PoolState, ...]:
        """Return every pool as it is now."""
        queues, saturated, now = self._scheduler.pools, self.saturated(), self._driver.now()
        return tuple(
            PoolState(
                pool=pool,
                traits=pool.traits,
                waiting=len(queues[pool.name].waiting),
                batches=len(queues[pool.name].busy),
                started=self._driver.started(pool.name),
                utilisation=self.observer.utilisation.share(pool.name, now),
                saturated=pool.name in saturated,
            )
            for pool in self._pools
        )

    def saturated(self) -> frozenset[PoolName]:
        """Return the pools to which plans of runs that come now are to add no work."""
        return self.observer.utilisation.saturated(self._driver.now())

    def warm(self) -> None:
        """Begin to start the engines that take long to: those with servers of their own."""
        for pool in self._pools:
            for replica in pool.replicas:
                if isinstance(replica, Supervised):
                    replica.warm()

    async def conditions(self, pool: Pool) -> tuple[Condition, ...]:
        """Return how each replica of `pool` is that has a server of its own, asking it now."""
        servers = [each for each in pool.replicas if isinstance(each, Supervised)]
        return tuple(await asyncio.gather(*(each.condition() for each in servers)))

    async def stop(self) -> None:
        """Stop every engine. Runs that have not ended stay as they are in the store."""
        await self._driver.stop()
