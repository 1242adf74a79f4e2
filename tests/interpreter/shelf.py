"""Documents that are checked and can be called: the modules that ship, and those a test adds."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from spec.load import load
from spec.model import Document
from spec.problems import SpecError
from spec.source import Source
from spec.values import JSON
from spec.vocabulary import Signature, StoredFlow, Vocabulary
from tests.interpreter.interpreter import Library
from tests.interpreter.ports import PORTS

MODULES = Path(__file__).resolve().parents[2] / "workflows" / "modules"
ALIASES = {"small": "llm", "large": "llm", "near": "embedding"}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A value: adding a document makes another shelf."""

    modules: dict[str, Document] = field(default_factory=dict)
    flows: dict[str, Document] = field(default_factory=dict)  # by name, and by name@version

    @staticmethod
    def standard() -> "Shelf":
        """Return the modules that ship with the product."""
        shelf = Shelf()
        texts = [path.read_text("utf-8") for path in sorted(MODULES.glob("*.yaml"))]
        while texts:
            waiting = []
            for text in texts:
                try:
                    shelf = shelf.with_module(text)
                except SpecError as error:
                    waiting.append((text, error))
            if len(waiting) == len(texts):
                raise waiting[0][1]
            texts = [text for text, _ in waiting]
        return shelf

    def with_module(self, text: str) -> "Shelf":
        """Return a shelf that also has the module in `text`."""
        ops = {name: ports.signature() for name, ports in PORTS.items()}
        document = load(_source(text), replace(self.vocabulary(), ops=ops))
        return replace(self, modules={**self.modules, document.name: document})

    def with_flow(self, text: str, version: str | None = None) -> "Shelf":
        """Return a shelf on which the workflow in `text` can be called, as `version` if given."""
        document = self.load(text)
        document = replace(document, version=version or document.version)
        names = {document.name, f"{document.name}@{document.version}"}
        return replace(self, flows={**self.flows, **dict.fromkeys(names, document)})

    def load(self, page: JSON) -> Document:
        """Return the workflow on `page`: YAML text, or the same tree as data. Raise `SpecError`."""
        return load(_source(page), self.vocabulary())

    def vocabulary(self) -> Vocabulary:
        """Return what a workflow may call."""
        return Vocabulary(
            modules={name: Signature.of(each) for name, each in self.modules.items()},
            flows={
                name: StoredFlow(each.version, Signature.of(each))
                for name, each in self.flows.items()
            },
            engines=frozenset(ALIASES),
            passes=frozenset({"prune_dependencies", "split_prefill", "speculate"}),
        )

    def library(self) -> Library:
        """Return what an interpreter may open."""
        flows = {(each.name, each.version): each for each in self.flows.values()}
        return Library(self.modules, flows)


def _source(page: JSON) -> Source:
    if isinstance(page, str):
        return Source("page.yaml", page.encode(), "yaml")
    return Source("page.json", json.dumps(page).encode(), "json")
