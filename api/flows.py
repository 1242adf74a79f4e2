"""The stored workflows of one tenant, as the documents that run them see them.

Each is looked at when it is asked for: a name alone means the latest version.
"""

from collections.abc import Callable, Iterator, Mapping

from api.problems import ApiProblem
from executors.store.errors import Unknown
from executors.store.workflows import StoredWorkflow, Workflows
from spec.model import Document, Flow, Use, all_steps
from spec.vocabulary import Signature, StoredFlow


class Flows(Mapping[str, StoredFlow]):
    """By name and by `name@version`. One that can no longer be run is not there."""

    def __init__(
        self, tenant: str, workflows: Workflows, open: Callable[[StoredWorkflow], Document]
    ) -> None:
        self._tenant = tenant
        self._workflows = workflows
        self._open = open

    def documents(
        self, document: Document, modules: Mapping[str, Document]
    ) -> dict[tuple[str, str], Document]:
        """Return every workflow that `document` comes to run, by name and version.

        Raise `Unknown` for one that is gone.
        """
        found: dict[tuple[str, str], Document] = {}
        used: set[str] = set()
        waiting = [document]
        while waiting:
            for step in all_steps(waiting.pop().steps):
                match step.body:
                    case Flow(name, version) if (name, version) not in found:
                        stored = self._workflows.get(self._tenant, name, version)
                        found[name, version] = self._open(stored)
                        waiting.append(found[name, version])
                    case Use(name) if name not in used:
                        used.add(name)
                        waiting.append(modules[name])
        return found

    def __getitem__(self, name: str) -> StoredFlow:
        plain, at, version = name.partition("@")
        try:
            stored = self._workflows.get(self._tenant, plain, version if at else None)
            signature = Signature.of(self._open(stored))
        except (Unknown, ApiProblem):
            raise KeyError(name) from None
        return StoredFlow(stored.version, signature)

    def __iter__(self) -> Iterator[str]:
        return (stored.name for stored in self._workflows.list(self._tenant))

    def __len__(self) -> int:
        return len(self._workflows.list(self._tenant))
