"""The stored workflows of one tenant, as the documents that run them see them.

Each is looked at when it is asked for: a name alone means the latest version.
"""

from collections.abc import Callable, Iterator, Mapping

from api.problems import ApiProblem
from executors.store.errors import Unknown
from executors.store.workflows import StoredWorkflow, Workflows
from spec.model import Document
from spec.vocabulary import Signature, StoredFlow


class Flows(Mapping[str, StoredFlow]):
    """By name and by `name@version`. One that can no longer be run is not there."""

    def __init__(
        self, tenant: str, workflows: Workflows, open: Callable[[StoredWorkflow], Document]
    ) -> None:
        self._tenant = tenant
        self._workflows = workflows
        self._open = open

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
