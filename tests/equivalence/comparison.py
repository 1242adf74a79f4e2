"""One made-up workflow run twice, plainly and by the service, and what became of both."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from executors.scheduler.policies.table import POLICIES
from planner.available import Later, is_available, later_modules
from planner.draft import Draft
from planner.graph import PoolName
from planner.passes.names import NAMES
from spec.inputs import check_inputs
from spec.model import Document
from spec.values import JSON
from tests.equivalence.service import DROPPED, POOLS, Settings, plan_of, serve
from tests.interpreter.callees import stocked
from tests.interpreter.conftest import ACCEPTED_AT
from tests.interpreter.documents import workflow
from tests.interpreter.faults import Rule, Script
from tests.interpreter.files import opened
from tests.interpreter.interpreter import run
from tests.interpreter.judges import with_judges
from tests.interpreter.outcome import Fault as Trouble
from tests.interpreter.outcome import Outcome
from tests.interpreter.rows import with_rows
from tests.interpreter.scripted import Scripted
from tests.interpreter.several import with_several_queries
from tests.interpreter.shelf import ALIASES, Shelf
from tests.interpreter.twins import with_twins

#: Between the seeds of one workflow: no other number is one of them.
SEED_STEP = 1_000_003
#: The share of workflows that come while pools are saturated: few enough that every pass fires.
UNDER_LOAD = 1 / 8
#: The first attempt at any list.
LISTS_FAIL = Rule(
    "decode", '"form": "list"', Trouble("engine-busy", "for now", transient=True), attempts=1
)


@dataclass(slots=True)
class Report:
    """How many workflows were compared, and how often each construct was met in them."""

    counts: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{count:8}  {what}" for what, count in sorted(self.counts.items())]
        lines += [f"{count:8}  {name}" for name, count in sorted(self.fired.items())]
        lines += [f"{count:8}  {name}" for name, count in sorted(self.passes.items())]
        return "\n".join([*lines, *self.differences])


@dataclass(slots=True)
class Changed:
    """The passes that changed something of a plan, before it ran or meanwhile."""

    by: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)  #: what happened because of them
    prompts: set[str] = field(default_factory=set)  #: that were sent in the last run

    def __call__(self, name: str, before: Draft, after: Draft) -> None:
        """Note what a pass has made."""
        if after is not before:
            self.by.add(name)


class Comparison:
    """Compares workflows by number: the same number is the same workflow, inputs and faults."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = shelf or stocked(Shelf.standard())
        self.library = self.shelf.library()
        self.later: Mapping[str, Later] = later_modules(self.shelf.modules)

    def report(
        self, numbers: Iterable[int], *, twins: bool = True, judges: bool = True, seeds: int = 1
    ) -> Report:
        """Compare the workflows with these numbers, until each has been looked at, under so many
        `seeds` of what happens first.

        With `twins` some steps of two in three stand on their pages twice, and some searches ask
        several things at once, also all that a model lists; with `judges` some steps of every other
        one stand there once more, where a model decides about them.
        """
        report = Report()
        for number in numbers:
            self._compare(number, report, twins, judges and number % 4 > 1, seeds)
        return report

    def _compare(self, number: int, report: Report, twins: bool, judges: bool, seeds: int) -> None:
        made = workflow(Random(number))
        page = with_several_queries(made.page, Random(number)) if twins else made.page
        page = with_twins(page, Random(number)) if twins and number % 3 else page
        page = with_judges(page, Random(number)) if judges else page
        page = with_rows(page, Random(number)) if twins else page
        document = self.shelf.load(page)
        if not is_available(document, self.later):
            report.counts["not available yet"] += 1
            return
        script = _script(number)
        scripted = Scripted(script, ALIASES)
        plain = run(document, made.inputs, self.library, scripted, ACCEPTED_AT)
        report.fired.update({name: count > 0 for name, count in plain.fired.items()})
        report.counts[f"plainly {plain.status}"] += 1
        settings, changed = _settings(number), Changed()
        report.counts["planned under load"] += bool(settings.saturated)
        for seed in range(number, number + seeds * SEED_STEP, SEED_STEP):
            settings = replace(settings, seed=seed)
            found = [*self.differences(document, made.inputs, script, plain, settings, changed)]
            if found and script.slow:
                late = found if plain.fired.get("timeout") else ()
                in_time = [*self._in_time(document, made.inputs, script, settings, late)]
                report.counts["decided by time"] += not in_time
                found = in_time
            elif not _gives_up(plain, script, changed):
                found += _other_prompts(changed.prompts, scripted.prompts)
            report.differences += [f"workflow {number}, seed {seed}: {what}" for what in found]
        report.passes.update(changed.by | changed.met)
        report.passes["two passes or more"] += len(changed.by) > 1

    def _in_time(
        self,
        document: Document,
        inputs: Mapping[str, JSON],
        script: Script,
        settings: Settings,
        late: Iterable[str],
    ) -> Iterator[str]:
        """Yield what differs with no call slow; also what is `late`, if plainly only time ran out.

        Of one call that is late and another that fails, what comes first decides whose fallback it
        is, and that is for whoever goes first. And a slow call keeps its slot of an engine: what
        waits behind it is late as well, and plainly nothing waits so.
        """
        script = replace(script, slow=0.0)
        plain = run(document, inputs, self.library, Scripted(script, ALIASES), ACCEPTED_AT)
        if plain.status == "succeeded" and not _left(plain):
            yield from late
        yield from self.differences(document, inputs, script, plain, settings)

    def differences(
        self,
        document: Document,
        inputs: Mapping[str, JSON],
        script: Script,
        plain: Outcome,
        settings: Settings,
        changed: Changed | None = None,
    ) -> Iterator[str]:
        """Yield what the service makes of a document that the plain run does not.

        `changed` notes what passes make of its plan, before it runs and meanwhile.
        """
        changed = changed or Changed()
        given = {
            id: opened(value) if _is_file(document, id) else value
            for id, value in check_inputs(document.inputs, inputs).items()
        }
        plan = plan_of(document, self.library, settings, changed)
        if plan_of(document, self.library, settings).graph != plan.graph:
            yield "planned otherwise where nobody watches"
        changed.prompts.clear()
        served = serve(plan, given, script, settings, changed.met, changed.prompts)
        if served.status != plain.status:
            yield f"{served.status}, plainly {plain.status}: {served.problem} {plain.failure}"
        elif plain.outputs is not None and _bytes(served.outputs) != _bytes(plain.outputs):
            yield f"{_bytes(served.outputs)[:300]}, plainly {_bytes(plain.outputs)[:300]}"


def _gives_up(plain: Outcome, script: Script, changed: Changed) -> bool:
    """Whether something was begun for nothing: how far that comes is for whoever goes first."""
    given_up = script != Script() or DROPPED in changed.met
    return plain.status != "succeeded" or given_up or _left(plain)


def _left(plain: Outcome) -> bool:
    """Whether anything stood in for what had failed."""
    return any(plain.fired.get(name) for name in ("fallback", "on_error null", "on_error drop"))


def _other_prompts(sent: set[str], plain: set[str]) -> Iterator[str]:
    """Yield what models were asked otherwise than in the plain run."""
    for prompt in sorted(plain - sent)[:1]:
        yield f"never asked: {prompt[:300]}"
    for prompt in sorted(sent - plain)[:1]:
        yield f"not asked plainly: {prompt[:300]}"


def _script(number: int) -> Script:
    """Return the faults of a workflow: of every other one, none. Of some, a list fails at first."""
    if number % 2 == 0:
        return Script()
    rules = (LISTS_FAIL,) if number % 6 == 1 else ()
    return Script(seed=number, rules=rules, transient=0.1, permanent=0.04, slow=0.02)


def _settings(number: int) -> Settings:
    random = Random(f"settings {number}")
    return Settings(
        seed=number,
        policy=random.choice(sorted(POLICIES)),
        batch_rows=random.choice((1, 2, 8, 64)),
        replicas=random.choice((1, 2, 5)),
        passes=_passes(number, random),
        saturated=_saturated(random),
    )


def _passes(number: int, random: Random) -> frozenset[str]:
    """Return the passes that are on: all of them, for every third workflow some."""
    if number % 3:
        return frozenset(NAMES)
    return frozenset(name for name in NAMES if random.random() < 0.5)


def _saturated(random: Random) -> frozenset[PoolName]:
    """Return the pools that are saturated: of seven workflows in eight none, else any."""
    if random.random() >= UNDER_LOAD:
        return frozenset()
    return frozenset(pool for pool in sorted(POOLS.kinds) if random.random() < 0.5)


def _is_file(document: Document, id: str) -> bool:
    return next(each for each in document.inputs if each.id == id).type.word == "file"


def _bytes(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)
