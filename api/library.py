"""Which modules each tenant has, and what documents mean and become with them.

Plans of stored workflows are kept, so that a run of one costs no planning; a registered module
makes its tenant's kept plans void.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from api.problems import ApiProblem, from_spec
from executors.errors import Refused
from executors.store.errors import Unknown
from executors.store.workflows import StoredWorkflow
from planner.expand import make_plan
from planner.graph import PoolName
from planner.plan import Plan
from planner.registry import Registry
from spec.check import check
from spec.load import content_hash, load
from spec.model import Document
from spec.problems import SpecError
from spec.report import Report
from spec.source import Source, Tree
from spec.vocabulary import Vocabulary

MODULES_MAX = 500
OPENED_MAX = 512


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
    texts: Mapping[str, str]


class Library:
    """Modules by tenant, on top of those that ship with the service."""

    def __init__(
        self,
        shipped: Registry,
        pools: Mapping[str, PoolName],
        kinds: Mapping[str, str],
    ) -> None:
        self._shipped = shipped
        self._pools = pools
        self._kinds = kinds
        self._shelves: dict[str, Shelf] = {}
        self._opened: OrderedDict[tuple[str, int, str, str], Opened] = OrderedDict()

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
        shelf = self._shelf(tenant)
        return shelf.texts[name] if name in shelf.texts else shelf.registry.text(name)

    def is_shipped(self, name: str) -> bool:
        """Whether a module came with the service."""
        return name in self._shipped.modules

    def read_workflow(self, tenant: str, source: Source) -> Document:
        """Check a workflow against what the tenant has. Raise `invalid-workflow`."""
        try:
            return load(source, self._vocabulary(tenant, for_module=False))
        except SpecError as error:
            raise from_spec("invalid-workflow", error) from None

    def read_inline(self, tenant: str, body: Tree, key: str) -> Document:
        """Check the workflow that stands under `key` of a body, where it stands."""
        tree = _below(body, key)
        report = Report(tree, [])
        vocabulary = self._vocabulary(tenant, for_module=False)
        document = check(report, vocabulary, content_hash(tree.value))
        if document is None:
            error = SpecError(report.problems, body.page.name)
            raise from_spec("invalid-workflow", error, within=f"/{key}")
        return document

    def read_module(self, tenant: str, source: Source) -> Document:
        """Check a module against what the tenant has. Raise `invalid-module`."""
        try:
            return load(source, self._vocabulary(tenant, for_module=True))
        except SpecError as error:
            raise from_spec("invalid-module", error) from None

    def register(self, tenant: str, document: Document, text: str) -> bool:
        """Make a module known to its tenant; return whether anything changed.

        Raise `name-taken` for the name of a shipped one and `Refused` when there are too many.
        """
        if self.is_shipped(document.name):
            detail = f"'{document.name}' is a module that ships with the service."
            raise ApiProblem("name-taken", detail)
        shelf = self._shelf(tenant)
        known = shelf.registry.modules.get(document.name)
        if known is not None and known.version == document.version:
            return False
        if known is None and len(shelf.texts) >= MODULES_MAX:
            detail = f"there are {MODULES_MAX} modules, as many as may be"
            raise Refused("workflows-full", detail, retry_after_s=60)
        self._shelves[tenant] = Shelf(
            shelf.registry.with_module(document),
            shelf.edition + 1,
            {**shelf.texts, document.name: text},
        )
        return True

    def open(self, tenant: str, stored: StoredWorkflow) -> Opened:
        """Return a stored workflow ready to run. Raise `invalid-workflow` if a module it uses has
        changed so that it no longer fits.
        """
        key = (tenant, self._shelf(tenant).edition, stored.name, stored.version)
        opened = self._opened.get(key)
        if opened is None:
            source = Source(stored.name, stored.source, stored.media)
            document = self.read_workflow(tenant, source)
            opened = Opened(document, self.plan(tenant, document))
            self._opened[key] = opened
            while len(self._opened) > OPENED_MAX:
                self._opened.popitem(last=False)
        self._opened.move_to_end(key)
        return opened

    def plan(self, tenant: str, document: Document) -> Plan:
        """Return the plan of a checked workflow."""
        registry = self._shelf(tenant).registry
        return make_plan(document, registry, self._pools, self._kinds)

    def _shelf(self, tenant: str) -> Shelf:
        return self._shelves.get(tenant) or Shelf(self._shipped, 0, {})

    def _vocabulary(self, tenant: str, *, for_module: bool) -> Vocabulary:
        vocabulary = self._shelf(tenant).registry.vocabulary(for_module)
        return replace(vocabulary, engines=frozenset(self._kinds))


def _below(tree: Tree, key: str) -> Tree:
    places = {
        pointer[1:]: place for pointer, place in tree.places.items() if pointer[:1] == (key,)
    }
    return Tree(tree.value[key], tree.page, places)
