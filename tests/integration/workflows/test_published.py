"""Published workflows, ready to run: compiled once, and never an old answer after a change."""

import threading

import pytest
import sqlalchemy as sa

from kapell.errors import ConflictError, DamagedHistoryError, NotFoundError, UsageError
from kapell.storage.tables.workflows import workflow_versions
from kapell.workflows import PublishedWorkflows, published, store


def test_a_workflow_is_compiled_once(desk):
    about = desk.publish("1.0.0").version
    fresh = PublishedWorkflows(desk.database)
    first, second = fresh.get("shop", "order"), fresh.get("shop", "order", "1.0.0")
    assert first.about == about
    assert first.program.name == "order"
    assert first.workflow is second.workflow
    assert first.program is second.program


def test_what_is_known_is_answered_without_the_database(desk):
    desk.publish("1.0.0")
    found = desk.published.get("shop", "order")
    desk.database.close()
    assert desk.published.get("shop", "order").workflow is found.workflow
    assert desk.published.get_startable("shop", "order").about == found.about


def test_publication_and_deprecation_count_at_once(desk, ann):
    desk.publish("1.0.0")
    assert desk.published.get("shop", "order").about.version == "1.0.0"
    desk.publish("2.0.0")
    assert desk.published.get("shop", "order").about.version == "2.0.0"
    desk.service.deprecate("shop", "order", "2.0.0", "it loses orders", actor=ann)
    assert desk.published.get_startable("shop", "order").about.version == "1.0.0"
    with pytest.raises(ConflictError, match=r"starts no more runs: it loses orders \(Ann, 2026-01-31\)"):
        desk.published.get_startable("shop", "order", "2.0.0")
    assert desk.published.get("shop", "order", "2.0.0").about.deprecation is not None
    desk.service.undeprecate("shop", "order", "2.0.0", actor=ann)
    assert desk.published.get_startable("shop", "order").about.version == "2.0.0"


def test_what_is_missing_is_looked_for_again(desk):
    with pytest.raises(NotFoundError):
        desk.published.get("shop", "order")
    desk.publish("1.0.0")
    assert desk.published.get("shop", "order").about.version == "1.0.0"
    with pytest.raises(UsageError):
        desk.published.get("shop", "order", "x")


def test_who_reads_while_something_is_published_keeps_nothing_old(desk, monkeypatch):
    desk.publish("1.0.0")
    desk.published.forget("shop", "order")
    read, go_on = threading.Event(), threading.Event()
    real = store.get_stored_version

    def read_slowly(*arguments):
        found = real(*arguments)
        read.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(published.store, "get_stored_version", read_slowly)
    thread = threading.Thread(target=desk.published.get, args=("shop", "order"))
    thread.start()
    assert read.wait(10)
    monkeypatch.setattr(published.store, "get_stored_version", real)
    desk.publish("2.0.0")
    go_on.set()
    thread.join()
    assert desk.published.get("shop", "order").about.version == "2.0.0"


def test_other_spellings_of_a_version_take_no_memory(desk):
    desk.publish("1.0.0")
    for number in range(10):
        assert desk.published.get("shop", "order", f"1.0.0+{number}").about.version == "1.0.0"
    assert sum(len(versions) for versions in desk.published._versions.values()) == 0


def test_memory_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(published, "_KEPT_PROGRAMS", 2)
    monkeypatch.setattr(published, "_KEPT_NAMES", 2)
    for number in range(4):
        desk.publish("1.0.0", name=f"order-{number}")
        desk.published.get("shop", f"order-{number}")
    assert len(desk.published._programs) == len(desk.published._versions) == 2
    assert desk.published.get("shop", "order-0").about.name == "order-0"


def test_what_was_changed_in_the_database_does_not_run(desk):
    desk.publish("1.0.0")
    with desk.database.write() as connection:
        source = desk.write("1.0.0", value=666).encode()
        connection.execute(sa.update(workflow_versions).values(source=source))
    with pytest.raises(DamagedHistoryError, match=r"shop/order@1\.0\.0 is not what was published"):
        PublishedWorkflows(desk.database).get("shop", "order")


def test_what_cannot_run_yet_is_said(desk, ann):
    source = desk.write() + "- later:\n    run:\n      container:\n        image: x\n"
    desk.service.publish("shop", "order", source, actor=ann)
    assert desk.published.get("shop", "order").unsupported == ("not supported yet: `run: container` (task `later`)",)


def test_versions_are_compared(desk, ann):
    desk.publish("1.0.0")
    desk.publish("1.1.0", value=2)
    desk.save("nonsense")
    found = desk.service.diff("shop", "order", "1.0.0", "latest")
    assert (found.before, found.after) == ("shop/order@1.0.0", "shop/order@1.1.0")
    assert [change.text for change in found.changes] == [
        "Task `begin` changed: `set/value` changed from 1 to 2.",
        'The workflow\'s `document/version` changed from "1.0.0" to "1.1.0".',
    ]
    assert desk.service.diff("shop", "order", "latest", "draft").invalid == ("shop/order@draft",)
    with pytest.raises(NotFoundError):
        desk.service.diff("shop", "order", "1.0.0", "9.0.0")
