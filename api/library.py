"""Which modules each tenant has, and what documents mean and become with them.

Stored workflows are kept as they were read, and plans of all of them as they were made, so that a
run of one costs neither; a registered module makes both void for its tenant.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from api.flows import Flows
from api.plans import NO_TERMS, PlanKey, Plans, Terms, layout_of
from api.problems import ApiProblem, from_spec, problem_of
from executors.errors import Refused
from executors.store.errors import Unknown
from executors.store.workflows import StoredWorkflow, Workflows
from planner.available import Later, is_available, not_available
from planner.errors import BrokenPass, IllegalGraph, PlanTooLarge
from planner.expand import choice_of, make_plan
from planner.explain import Explained, explain
from planner.graph import PoolName
from planner.lints import Lint, lints
from planner.needs import kinds_needed, unserved
from planner.passes.choice import NO_CHOICE, Choice, Chosen, are_on, choose
from planner.passes.names import NONE
from planner.plan import Plan
from planner.pools import Pools
from planner.registry import Registry
from spec.check import check
from spec.codes import Code
from spec.limits import Limits
from spec.load import content_hash, load, read
from spec.model import Document, Origin
from spec.page import decode
from spec.problems import SpecError, problem_at, quoted
from spec.report import Report
from spec.source import Page, Position, Source, Tree
from spec.vocabulary import Vocabulary

MODULES_MAX = 500
READ_MAX = 512

#: What an operator does about a kind of pools that a service has none of.
_CURES = {
    "web": "the operator sets TEOLA_CORPUS to a folder of pages, or declares a pool of that kind "
    "in the file that TEOLA_ENGINES names"
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A workflow as it is run: checked, and planned."""

    document: Document
    plan: Plan


@dataclass(frozen=True, slots=True)
class Shelf:
    """One tenant's modules. `edition` rises with every change."""

    registry: Registry
    edition: int


class Learned(Protocol):
    """What a service has learned of its engines; `version` rises whenever that says more."""

    def version(self) -> int: ...

    def known(self, pools: Pools) -> Pools: ...


class Library:
    """Modules by tenant, on top of those that ship with the service. Any thread may ask it.

    Plans are made by what has been `learned` of engines, where anything is.
    """

    def __init__(
        self,
        shipped: Registry,
        pools: Pools,
        workflows: Workflows,
        on_bug: Callable[[Exception], object],
        plans: Plans,
        passes: Choice = NO_CHOICE,
        learned: Learned | None = None,
    ) -> None:
        self._learned = learned
        self._on_bug = on_bug
        self._plans = plans
        self._passes = passes
        self._shipped = shipped
        self._workflows = workflows
        self.pools = pools
        self._shelves: dict[str, Shelf] = {}
        self._registering = threading.Lock()
        self._read: OrderedDict[tuple[str, int, str, str], Document] = OrderedDict()

    def modules(self, tenant: str) -> Mapping[str, Document]:
        """Return every module there is for a tenant."""
        return self._shelf(tenant).registry.modules

    def module(self, tenant: str, name: str) -> Document:
        """Return a module. Raise `Unknown`."""
        modules = self.modules(tenant)
        if name not in modules:
            raise Unknown("module", name)
        return modules[name]

    def module_text(self, tenant: str, name: str) -> str:
        """Return a module as its author wrote it. Raise `Unknown`."""
        self.module(tenant, name)
        return self._shelf(tenant).registry.sources[name].data.decode()

    def vocabulary(self, tenant: str) -> Vocabulary:
        """Return all that documents of a tenant may call: workflows, and in modules primitives."""
        return self._shelf(tenant).registry.module_vocabulary(self._flows(tenant))

    def is_shipped(self, name: str) -> bool:
        """Whether a module came with the service."""
        return name in self._shipped.standard

    def read_workflow(self, tenant: str, source: Source) -> Document:
        """Check a workflow that is to be run against what the tenant has.

        Raise `invalid-workflow`.
        """
        document = self._checked(tenant, source)
        _refuse_unavailable(document, self._later(tenant), source)
        if not self._is_served(tenant, document):
            raise from_spec("invalid-workflow", self._unserved(tenant, document, read(source)))
        return document

    def read_inline(self, tenant: str, body: Tree, key: str) -> Document:
        """Check the workflow that stands under `key` of a body, where it stands."""
        tree = body.below(key)
        report = Report(tree, [])
        vocabulary = self._shelf(tenant).registry.vocabulary(self._flows(tenant))
        document = check(report, vocabulary, content_hash(tree.value))
        if document is None:
            error = SpecError(report.problems, body.page.name)
            raise from_spec("invalid-workflow", error, within=f"/{key}")
        later = not_available(document, self._later(tenant), tree)
        if later:
            error = SpecError(later, body.page.name)
            raise from_spec("invalid-workflow", error, within=f"/{key}")
        if not self._is_served(tenant, document):
            error = self._unserved(tenant, document, tree)
            raise from_spec("invalid-workflow", error, within=f"/{key}")
        return _of_kind("workflow", document, body.page, within=f"/{key}")

    def register(self, tenant: str, name: str, source: Source) -> bool:
        """Check a module and make it known to its tenant; return whether anything changed.

        Raise `invalid-module`, also when a module that uses it would no longer be valid, and
        `Refused` when there are too many. May be called from any thread.
        """
        with self._registering:  # each starts from what the one before has left
            return self._register(tenant, name, source, to_run=True)

    def _register(self, tenant: str, name: str, source: Source, *, to_run: bool) -> bool:
        shelf = self._shelf(tenant)
        try:
            changed = shelf.registry.with_module(source, self._flows(tenant))
        except SpecError as error:
            raise from_spec("invalid-module", error) from None
        document = next(
            changed.modules[known] for known, text in changed.sources.items() if text is source
        )
        same_name(_of_kind("module", document, source), source, name)
        if to_run:
            _refuse_unavailable(document, changed.later, source)
        known = shelf.registry.modules.get(name)
        if known is not None and known.version == document.version:
            return False
        if len(changed.modules) - len(self._shipped.modules) > MODULES_MAX:
            detail = f"there are {MODULES_MAX} modules, as many as may be"
            raise Refused("workflows-full", detail, retry_after_s=60)
        self._shelves[tenant] = Shelf(changed, shelf.edition + 1)
        return True

    def open(self, tenant: str, stored: StoredWorkflow, terms: Terms = NO_TERMS) -> Opened:
        """Return a stored workflow ready to run, planned by `terms`.

        Raise `invalid-workflow` if a module it uses has changed so that it no longer fits.
        """
        document = self._document(tenant, stored)
        source = Source(stored.name, stored.source, stored.media)
        return Opened(document, self.plan(tenant, document, source, terms=terms))

    def is_open(self, tenant: str, stored: StoredWorkflow, terms: Terms = NO_TERMS) -> bool:
        """Whether `open` would have nothing to do."""
        document = self._read.get(self._key(tenant, stored))
        return document is not None and self._plan_key(tenant, document, terms) in self._plans

    def open_text(self, tenant: str, source: Source, terms: Terms = NO_TERMS) -> Opened:
        """Return a workflow that is not stored, ready to run. Raise `invalid-workflow`."""
        document = self.read_workflow(tenant, source)
        return Opened(document, self.plan(tenant, document, source, terms=terms))

    def refuses(self, tenant: str, source: Source) -> ApiProblem | None:
        """Return what is wrong with a workflow, or None if nothing is."""
        return _refusal(lambda: self._try(tenant, source))

    def refuses_module(self, tenant: str, name: str, source: Source) -> ApiProblem | None:
        """Make a module known, for checking others alone, or return what is wrong with it."""
        return _refusal(lambda: self._register(tenant, name, source, to_run=False))

    def plan(
        self,
        tenant: str,
        document: Document,
        text: Source | Page,
        within: str = "",
        terms: Terms = NO_TERMS,
    ) -> Plan:
        """Return the plan of a checked workflow, which says `text` and stands at `within` of it.

        Raise `invalid-workflow` when it would be too large.
        """
        key = self._plan_key(tenant, document, terms)
        plan = self._plans.recall(key)
        if plan is None:
            plan = self._planned(tenant, document, text, within, key)
            self._plans.keep(key, plan, _size(text))
        return plan

    def explain_stored(
        self, tenant: str, stored: StoredWorkflow, terms: Terms = NO_TERMS
    ) -> tuple[Document, Explained]:
        """Return a stored workflow, and how its plan comes about. Raise as `open`."""
        document = self._document(tenant, stored)
        source = Source(stored.name, stored.source, stored.media)
        return document, self.explain(tenant, document, source, terms)

    def explain(
        self, tenant: str, document: Document, text: Source | Page, terms: Terms = NO_TERMS
    ) -> Explained:
        """Return how the plan of a checked workflow comes about. Raise as `plan`."""
        modules, chosen = self.modules(tenant), self.passes(document, terms.request)
        flows = self._flows(tenant).documents(document, modules)
        try:
            return explain(document, modules, self._known(terms.saturated), chosen, flows)
        except (PlanTooLarge, IllegalGraph) as error:
            raise _unplanned(text, document, error) from None

    def lints(self, tenant: str, source: Source) -> tuple[Lint, ...]:
        """Return what could be better in a workflow; nothing of one that is refused."""
        try:
            opened = self.open_text(tenant, source)
        except (ApiProblem, SpecError, Refused):
            return ()
        return lints(opened.document, opened.plan)

    def passes(self, document: Document, request: Choice = NO_CHOICE) -> Mapping[str, Chosen]:
        """Return for each pass whether it is on for a document, and who said so."""
        return choose(choice_of(document), request, self._passes)

    def _planned(
        self,
        tenant: str,
        document: Document,
        text: Source | Page,
        within: str,
        key: PlanKey,
    ) -> Plan:
        modules = self.modules(tenant)
        flows = self._flows(tenant).documents(document, modules)
        pools = self._known(key.saturated)
        try:
            return make_plan(document, modules, pools, flows, key.passes)
        except BrokenPass as error:
            self._on_bug(error)
        except (PlanTooLarge, IllegalGraph) as error:
            raise _unplanned(text, document, error, within) from None
        return make_plan(document, modules, pools, flows, NONE)

    def _known(self, saturated: frozenset[PoolName]) -> Pools:
        pools = self.pools if self._learned is None else self._learned.known(self.pools)
        return replace(pools, saturated=saturated)

    def _plan_key(self, tenant: str, document: Document, terms: Terms) -> PlanKey:
        flows = self._flows(tenant).documents(document, self.modules(tenant))
        return PlanKey(
            tenant=tenant,
            edition=self._shelf(tenant).edition,
            content=document.version,
            layout=layout_of(document),
            flows=tuple(sorted(flows)),
            passes=are_on(self.passes(document, terms.request)),
            snapshot=self._learned.version() if self._learned is not None else 0,
            saturated=terms.saturated,
        )

    def _document(self, tenant: str, stored: StoredWorkflow) -> Document:
        """Return a stored workflow as it was read, or read it. Raise `invalid-workflow`."""
        key = self._key(tenant, stored)
        document = self._read.get(key)
        if document is None:
            source = Source(stored.name, stored.source, stored.media)
            document = self._read[key] = self.read_workflow(tenant, source)
            if len(self._read) > READ_MAX:
                self._read.popitem(last=False)
        return document

    def _key(self, tenant: str, stored: StoredWorkflow) -> tuple[str, int, str, str]:
        return (tenant, self._shelf(tenant).edition, stored.name, stored.version)

    def _try(self, tenant: str, source: Source) -> None:
        document = self._checked(tenant, source)
        if is_available(document, self._later(tenant)) and self._is_served(tenant, document):
            self.plan(tenant, document, source)  # may be too large

    def _checked(self, tenant: str, source: Source) -> Document:
        try:
            vocabulary = self._shelf(tenant).registry.vocabulary(self._flows(tenant))
            document = load(source, vocabulary)
        except SpecError as error:
            raise from_spec("invalid-workflow", error) from None
        return _of_kind("workflow", document, source)

    def _is_served(self, tenant: str, document: Document) -> bool:
        """Whether there is a pool of every kind that a document needs."""
        return kinds_needed(document, self.modules(tenant)) <= self.pools.default.keys()

    def _unserved(self, tenant: str, document: Document, tree: Tree) -> SpecError:
        kinds = self.pools.default.keys()
        found = unserved(document, self.modules(tenant), kinds, _CURES, tree)
        return SpecError(found, tree.page.name)

    def _flows(self, tenant: str) -> Flows:
        return Flows(tenant, self._workflows, lambda stored: self._document(tenant, stored))

    def _later(self, tenant: str) -> Mapping[str, Later]:
        return self._shelf(tenant).registry.later

    def _shelf(self, tenant: str) -> Shelf:
        return self._shelves.get(tenant) or Shelf(self._shipped, 0)


def _refusal(attempt: Callable[[], object]) -> ApiProblem | None:
    try:
        attempt()
    except (ApiProblem, SpecError, Refused) as error:
        return problem_of(error)
    return None


def _refuse_unavailable(document: Document, modules: Mapping[str, Later], source: Source) -> None:
    if is_available(document, modules):
        return
    error = SpecError(not_available(document, modules, read(source)), source.name)
    raise from_spec(f"invalid-{document.kind}", error)


def same_name(document: Document, source: Source, name: str) -> None:
    """Refuse a document that calls itself otherwise than its address does."""
    if document.name != name:
        detail = f"the document is called {quoted(document.name)}, its address says {quoted(name)}"
        problem = _problem(source, "bad-value", document.origin, detail, hint=name[:80])
        raise from_spec(f"invalid-{document.kind}", problem)


def _of_kind(kind: str, document: Document, text: Source | Page, within: str = "") -> Document:
    if document.kind == kind:
        return document
    detail = f"this is a {document.kind}; a {kind} belongs here"
    problem = _problem(text, "bad-value", document.origin, detail, hint=kind)
    raise from_spec(f"invalid-{document.kind}", problem, within)


def _problem(
    text: Source | Page, code: Code, at: Origin, detail: str, hint: str | None = None
) -> SpecError:
    """Say what is wrong with a checked document, as everything wrong with one is said."""
    page = text if isinstance(text, Page) else decode(text, Limits(bytes_max=len(text.data)))[1]
    pointer = tuple(at.pointer.split("/")[1:])  # ids hold nothing that a pointer has to escape
    problem = problem_at(page, code, pointer, Position(at.line, at.column), detail, hint)
    return SpecError([problem], page.name)


def _size(text: Source | Page) -> int:
    return len(text.data) if isinstance(text, Source) else len(text.text)


def _unplanned(
    text: Source | Page, document: Document, error: PlanTooLarge | IllegalGraph, within: str = ""
) -> ApiProblem:
    """Say why no plan can be made, at the step of the document that is the reason."""
    if isinstance(error, PlanTooLarge):
        problem = _problem(text, "too-large", error.origin, str(error))
    else:  # only what a registered module does with primitives can lead here
        detail = "; ".join(error.problems)[:200]
        problem = _problem(text, "bad-value", error.origin or document.origin, detail)
    return from_spec("invalid-workflow", problem, within)
