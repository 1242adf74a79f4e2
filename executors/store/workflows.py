"""Named workflows and their versions, as their authors wrote them.

A version is the hash of its content. The latest is the one that was put last, so putting an old
text again brings its version back.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from executors.errors import Refused
from executors.store.errors import Unknown


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """One version of a workflow: its text, byte for byte, and how that is to be read."""

    name: str
    version: str
    description: str
    source: bytes
    media: Literal["yaml", "json"]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowLimits:
    """How much is kept. Beyond `versions_max` a name forgets the version put longest ago."""

    workflows_max: int = 2_000
    versions_max: int = 50
    bytes_max: int = 128 << 20


class Workflows:
    """Workflows by tenant and name. A full store refuses; it forgets no name by itself."""

    def __init__(self, limits: WorkflowLimits | None = None) -> None:
        self._limits = limits or WorkflowLimits()
        self._versions: dict[tuple[str, str], OrderedDict[str, StoredWorkflow]] = {}
        self._bytes = 0

    def put(self, tenant: str, workflow: StoredWorkflow) -> bool:
        """Make `workflow` the latest of its name; return whether its version is new here.

        Raise `Refused` when there is no room; then nothing has changed.
        """
        key = (tenant, workflow.name)
        versions = self._versions.get(key, OrderedDict())
        if workflow.version in versions:
            versions.move_to_end(workflow.version)
            return False
        self._check_room(new_name=not versions, size=len(workflow.source))
        self._versions[key] = versions
        versions[workflow.version] = workflow
        self._bytes += len(workflow.source)
        while len(versions) > self._limits.versions_max:
            self._bytes -= len(versions.popitem(last=False)[1].source)
        return True

    def get(self, tenant: str, name: str, version: str | None = None) -> StoredWorkflow:
        """Return a version, or the latest. Raise `Unknown`."""
        versions = self._versions.get((tenant, name))
        if versions is None:
            raise Unknown("workflow", name)
        if version is None:
            return next(reversed(versions.values()))
        if version not in versions:
            raise Unknown("workflow", f"{name}@{version}")
        return versions[version]

    def versions(self, tenant: str, name: str) -> tuple[str, ...]:
        """Return the versions of a name, the latest first. Raise `Unknown`."""
        self.get(tenant, name)
        return tuple(reversed(self._versions[tenant, name]))

    def list(self, tenant: str) -> tuple[StoredWorkflow, ...]:
        """Return the latest version of each of a tenant's workflows, by name."""
        names = sorted(name for owner, name in tuple(self._versions) if owner == tenant)
        return tuple(self.get(tenant, name) for name in names)

    def delete(self, tenant: str, name: str) -> None:
        """Forget a name and all its versions; runs of it go on. Raise `Unknown`."""
        self.get(tenant, name)
        for workflow in self._versions.pop((tenant, name)).values():
            self._bytes -= len(workflow.source)

    def _check_room(self, *, new_name: bool, size: int) -> None:
        limits = self._limits
        if new_name and len(self._versions) >= limits.workflows_max:
            detail = f"there are {limits.workflows_max} workflows, as many as may be"
            raise Refused("workflows-full", detail, retry_after_s=60)
        if self._bytes + size > limits.bytes_max:
            raise Refused("workflows-full", "there is no room for another text", retry_after_s=60)
