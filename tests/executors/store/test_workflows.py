"""Named workflows and their versions."""

from datetime import UTC, datetime

import pytest

from executors.errors import Refused
from executors.store.errors import Unknown
from executors.store.workflows import StoredWorkflow, WorkflowLimits, Workflows


def a_workflow(name: str, version: str, source: bytes = b"text") -> StoredWorkflow:
    return StoredWorkflow(name, version, "", source, "yaml", datetime(2026, 1, 1, tzinfo=UTC))


def test_the_latest_is_what_was_put_last():
    store = Workflows()
    assert store.put("local", a_workflow("w", "1"))
    assert store.put("local", a_workflow("w", "2"))
    assert store.get("local", "w").version == "2"
    assert not store.put("local", a_workflow("w", "1"))
    assert store.get("local", "w").version == "1"
    assert store.versions("local", "w") == ("1", "2")
    assert store.get("local", "w", "2").version == "2"


@pytest.mark.parametrize(("name", "version"), [("x", None), ("w", "9")])
def test_what_was_never_put_is_unknown(name, version):
    store = Workflows()
    store.put("local", a_workflow("w", "1"))
    with pytest.raises(Unknown):
        store.get("local", name, version)
    with pytest.raises(Unknown):
        store.get("other", "w")


def test_deleting_forgets_every_version():
    store = Workflows(WorkflowLimits(workflows_max=1))
    store.put("local", a_workflow("w", "1"))
    store.put("local", a_workflow("w", "2"))
    store.delete("local", "w")
    assert store.list("local") == ()
    store.put("local", a_workflow("x", "1"))


def test_old_versions_make_room_for_new_ones():
    store = Workflows(WorkflowLimits(versions_max=2))
    for version in "123":
        store.put("local", a_workflow("w", version))
    assert store.versions("local", "w") == ("3", "2")


@pytest.mark.parametrize("limits", [WorkflowLimits(workflows_max=1), WorkflowLimits(bytes_max=5)])
def test_a_full_store_refuses_and_changes_nothing(limits):
    store = Workflows(limits)
    store.put("local", a_workflow("w", "1"))
    with pytest.raises(Refused):
        store.put("local", a_workflow("x", "1"))
    assert [stored.name for stored in store.list("local")] == ["w"]
