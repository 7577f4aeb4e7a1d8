"""Versions: published once, never changed, taken out of use and back."""

import threading

import pytest
import sqlalchemy as sa

from kapell.errors import ConflictError, NotFoundError, StorageError, UsageError
from kapell.language import InvalidWorkflowError
from kapell.storage.tables.workflows import workflow_versions


def test_a_version_keeps_its_text_exactly(desk, ann):
    source = "# kept\n" + desk.write(title="Order")
    done = desk.service.publish("shop", "order", source, actor=ann, note="first")
    assert not done.was_published
    stored = desk.service.get_version("shop", "order", "1.0.0")
    assert stored.source == source
    assert stored.about == done.version
    assert (stored.about.note, stored.about.title, stored.about.published_by_name) == ("first", "Order", "Ann")


def test_publishing_the_same_again_says_so(desk, ben):
    first = desk.publish("1.0.0").version
    again = desk.publish("1.0.0", actor=ben)
    assert again.was_published
    assert again.version == first
    commented = desk.service.publish("shop", "order", desk.write("1.0.0") + "# more\n", actor=ben)
    assert commented.was_published
    assert [record.action for record in desk.records] == ["workflow.publish"]


def test_a_version_is_never_another_workflow(desk, ann):
    desk.publish("1.0.0")
    with pytest.raises(ConflictError, match=r"1\.0\.0 was published by Ann on 2026-01-31, with another definition"):
        desk.publish("1.0.0", value=2)
    desk.service.deprecate("shop", "order", "1.0.0", "wrong", actor=ann)
    with pytest.raises(ConflictError, match="with another definition"):
        desk.publish("1.0.0", value=2)
    with pytest.raises(ConflictError, match="build metadata"):
        desk.publish("1.0.0+build.2")
    assert "value: 1" in desk.service.get_version("shop", "order", "1.0.0").source


def test_a_lower_version_must_be_asked_for(desk):
    desk.publish("1.10.0")
    with pytest.raises(ConflictError, match=r"1\.9\.0 is lower than 1\.10\.0"):
        desk.publish("1.9.0")
    with pytest.raises(ConflictError):
        desk.publish("1.10.0-rc.1")
    desk.publish("1.9.0", allow_lower=True)
    desk.publish("1.10.1-rc.1")
    found = [about.version for about in desk.service.list_versions("shop", "order").items]
    assert found == ["1.10.1-rc.1", "1.10.0", "1.9.0"]


def test_errors_are_refused_with_their_places(desk, ann):
    with pytest.raises(InvalidWorkflowError) as caught:
        desk.service.publish("shop", "order", desk.write() + "- begin\n", actor=ann)
    assert all(problem.line > 0 for problem in caught.value.problems)
    with pytest.raises(InvalidWorkflowError, match=r"`store`, not `shop`"):
        desk.service.publish("shop", "order", desk.write(namespace="store"), actor=ann)
    assert desk.records == []
    with pytest.raises(NotFoundError):
        desk.service.get_version("shop", "order")


def test_what_cannot_run_yet_is_a_warning(desk, ann):
    source = desk.write() + "- later:\n    run:\n      container:\n        image: x\n"
    done = desk.service.publish("shop", "order", source, actor=ann)
    assert [(problem.severity, problem.code) for problem in done.warnings if problem.code == "not_supported"] == [
        ("warning", "not_supported")
    ]
    report = desk.service.check(source, namespace="shop", name="order")
    assert report.is_valid
    assert (report.namespace, report.name, report.version) == ("shop", "order", "1.0.0")


def test_publishing_a_draft_ends_it(desk, ann, ben):
    saved = desk.save(desk.write("1.0.0"))
    with pytest.raises(ConflictError, match="revision 1"):
        desk.service.publish_draft("shop", "order", actor=ben, revision=saved.revision + 1)
    done = desk.service.publish_draft("shop", "order", actor=ben, revision=saved.revision, note="go")
    assert done.version.published_by_name == "Ben"
    with pytest.raises(NotFoundError):
        desk.service.get_draft("shop", "order")
    with pytest.raises(NotFoundError):
        desk.service.publish_draft("shop", "order", actor=ann, revision=saved.revision)
    assert [record.action for record in desk.records] == ["draft.save", "workflow.publish", "draft.publish"]


def test_a_draft_that_cannot_be_published_stays(desk, ann):
    saved = desk.save("nonsense")
    with pytest.raises(InvalidWorkflowError):
        desk.service.publish_draft("shop", "order", actor=ann, revision=saved.revision)
    desk.publish("2.0.0")
    lower = desk.save(desk.write("1.0.0"), saved.revision)
    with pytest.raises(ConflictError):
        desk.service.publish_draft("shop", "order", actor=ann, revision=lower.revision)
    assert desk.service.get_draft("shop", "order") == lower


def test_publishing_a_text_leaves_the_draft(desk):
    saved = desk.save("going on")
    desk.publish("1.0.0")
    assert desk.service.get_draft("shop", "order") == saved


def test_latest_passes_over_deprecated_versions(desk, ann, ben):
    desk.publish("1.0.0")
    desk.publish("2.0.0")
    gone = desk.service.deprecate("shop", "order", "2.0.0", "it loses orders", actor=ben)
    assert (gone.deprecation.by_name, gone.deprecation.reason) == ("Ben", "it loses orders")
    assert desk.service.get_version("shop", "order").about.version == "1.0.0"
    desk.service.deprecate("shop", "order", "1.0.0", "old", actor=ann)
    with pytest.raises(NotFoundError, match="All versions of shop/order are deprecated"):
        desk.service.get_version("shop", "order")
    desk.service.undeprecate("shop", "order", "2.0.0", actor=ann)
    assert desk.service.get_version("shop", "order").about.version == "2.0.0"
    assert desk.service.get_version("shop", "order").about.deprecation is None


def test_deprecation_needs_a_reason_and_happens_once(desk, ann, ben):
    desk.publish("1.0.0")
    for reason in ("", " \n", "x" * 2001, "a\0b", "\ud800"):
        with pytest.raises(UsageError):
            desk.service.deprecate("shop", "order", "1.0.0", reason, actor=ann)
    with pytest.raises(ConflictError, match="is not deprecated"):
        desk.service.undeprecate("shop", "order", "1.0.0", actor=ann)
    desk.service.deprecate("shop", "order", "1.0.0", "old", actor=ann)
    with pytest.raises(ConflictError, match="was deprecated by Ann on 2026-01-31: old"):
        desk.service.deprecate("shop", "order", "1.0.0", "older", actor=ben)


def test_missing_versions_are_named_with_those_that_there_are(desk, ann):
    with pytest.raises(NotFoundError, match="no workflow shop/order"):
        desk.service.get_version("shop", "order")
    for patch in range(7):
        desk.publish(f"1.0.{patch}")
    with pytest.raises(NotFoundError) as caught:
        desk.service.deprecate("shop", "order", "3.0.0", "old", actor=ann)
    assert caught.value.hint == "There are 1.0.6, 1.0.5, 1.0.4, 1.0.3, 1.0.2, ...."
    with pytest.raises(UsageError, match="`three` is no version"):
        desk.service.get_version("shop", "order", "three")
    with pytest.raises(NotFoundError):
        desk.service.list_versions("shop", "other")


def test_versions_are_paged(desk):
    for minor in range(7):
        desk.publish(f"1.{minor}.0")
    pages, after = [], None
    while True:
        page = desk.service.list_versions("shop", "order", limit=3, after=after)
        pages.append([about.version for about in page.items])
        after = page.after
        if after is None:
            break
    assert pages == [["1.6.0", "1.5.0", "1.4.0"], ["1.3.0", "1.2.0", "1.1.0"], ["1.0.0"]]


def test_the_audit_log_tells_of_each_change_of_a_version(desk, ann, ben):
    about = desk.publish("1.0.0", note="first").version
    desk.service.deprecate("shop", "order", "1.0.0", "old", actor=ben)
    desk.service.undeprecate("shop", "order", "1.0.0", actor=ann)
    assert [(record.action, record.actor_id) for record in desk.records] == [
        ("workflow.publish", "u-1"),
        ("workflow.deprecate", "u-2"),
        ("workflow.undeprecate", "u-1"),
    ]
    assert {record.target for record in desk.records} == {"workflow/shop/order@1.0.0"}
    assert desk.records[0].after_digest == about.digest
    assert desk.records[0].private.details["note"] == "first"
    assert desk.records[1].private.reason == "old"


def test_nothing_is_kept_of_a_change_that_the_audit_log_refuses(desk, ann, monkeypatch):
    def refuse(*_):
        raise StorageError("The disk is full.")

    desk.publish("1.0.0")
    monkeypatch.setattr(desk.audit, "append", refuse)
    for change in (
        lambda: desk.publish("2.0.0"),
        lambda: desk.save("text"),
        lambda: desk.service.deprecate("shop", "order", "1.0.0", "old", actor=ann),
    ):
        with pytest.raises(StorageError):
            change()
    assert [about.version for about in desk.service.list_versions("shop", "order").items] == ["1.0.0"]
    assert desk.service.get_version("shop", "order").about.deprecation is None
    with pytest.raises(NotFoundError):
        desk.service.get_draft("shop", "order")


def test_of_many_who_publish_a_version_at_once_one_wins(desk):
    outcomes = []

    def publish(number):
        try:
            outcomes.append(desk.publish("1.0.0", value=number).was_published)
        except ConflictError:
            outcomes.append(None)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [False] + [None] * 5
    assert len(desk.records) == 1


def test_the_database_knows_of_no_half_deprecation(desk):
    desk.publish("1.0.0")
    with pytest.raises(StorageError), desk.database.write() as connection:
        connection.execute(sa.update(workflow_versions).values(deprecation_reason="because"))


@pytest.mark.parametrize("title", ['"a\\0b"', '"\\ud800"', '"\\ud83d\\ude00"', "x" * 5000])
def test_odd_titles_are_kept_from_the_database(desk, title):
    try:
        desk.publish("1.0.0", title=title)
    except InvalidWorkflowError:
        return
    (found,) = desk.service.list_workflows().items
    assert len(found.title) <= 500
    assert "\0" not in found.title
