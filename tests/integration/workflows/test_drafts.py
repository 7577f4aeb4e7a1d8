"""Drafts: saved by several people, and never over each other."""

import threading

import pytest

from kapell.errors import ConflictError, NotFoundError, UsageError
from kapell.workflows.model import digest_source


def test_a_draft_may_be_any_text(desk, ann):
    saved = desk.save("no: [workflow\x00", actor=ann)
    assert saved.revision == 1
    assert desk.service.get_draft("shop", "order") == saved
    assert (saved.updated_by, saved.updated_by_name) == ("u-1", "Ann")
    assert saved.updated_at == desk.clock.moment


def test_saving_goes_on_from_the_revision_that_was_read(desk, ann, ben):
    first = desk.save("one", actor=ann)
    second = desk.save("two", first.revision, actor=ben)
    assert (second.revision, second.source, second.updated_by_name) == (2, "two", "Ben")
    with pytest.raises(ConflictError, match=r"saved by Ben on 2026-01-31 at 12:00:\d\d UTC and is at revision 2"):
        desk.save("three", first.revision, actor=ann)
    assert desk.service.get_draft("shop", "order").source == "two"


def test_who_knows_of_no_draft_overwrites_none(desk):
    desk.save("one")
    with pytest.raises(ConflictError, match="revision 1"):
        desk.save("two", None)


def test_saving_the_same_text_again_changes_nothing(desk):
    first = desk.save("one")
    assert desk.save("one", None) == first
    assert desk.save("one", first.revision) == first
    assert [record.action for record in desk.records] == ["draft.save"]


def test_a_draft_that_is_gone_is_not_brought_back_unawares(desk, ann):
    first = desk.save("one")
    desk.service.discard_draft("shop", "order", actor=ann, revision=first.revision)
    with pytest.raises(ConflictError, match="is gone"):
        desk.save("two", first.revision)
    again = desk.save("two", None)
    assert again.revision == 2
    with pytest.raises(ConflictError):
        desk.service.discard_draft("shop", "order", actor=ann, revision=first.revision)


def test_what_is_not_there_is_not_found(desk, ann):
    with pytest.raises(NotFoundError, match="no draft of shop/order"):
        desk.service.get_draft("shop", "order")
    with pytest.raises(NotFoundError):
        desk.service.discard_draft("shop", "order", actor=ann, revision=1)
    with pytest.raises(NotFoundError):
        desk.save("one", base_version="1.0.0")


def test_the_base_version_is_kept(desk):
    desk.publish("1.0.0")
    first = desk.save("one", base_version="1.0.0")
    assert desk.save("two", first.revision).base_version == "1.0.0"


@pytest.mark.parametrize(
    ("namespace", "name", "source"),
    [
        ("shop", "-order", "text"),
        ("shop", "a" * 64, "text"),
        ("", "order", "text"),
        ("shop/x", "order", "text"),
        ("shop", "order\n", "text"),
        ("shop", "order", "\ud800"),
        ("shop", "order", "x" * (1024 * 1024 + 1)),
        ("shop", "order", "\u20ac" * (400 * 1024)),
    ],
)
def test_what_cannot_be_kept_is_refused(desk, ann, namespace, name, source):
    with pytest.raises(UsageError):
        desk.service.save_draft(namespace, name, source, actor=ann, revision=None)
    assert desk.records == []


def test_each_change_is_in_the_audit_log(desk, ann, ben):
    first = desk.save("one", actor=ann)
    second = desk.save("two", first.revision, actor=ben)
    desk.service.discard_draft("shop", "order", actor=ann, revision=second.revision)
    found = [(record.action, record.actor_id, record.before_digest, record.after_digest) for record in desk.records]
    one, two = digest_source("one"), digest_source("two")
    assert found == [
        ("draft.save", "u-1", None, one),
        ("draft.save", "u-2", one, two),
        ("draft.discard", "u-1", two, None),
    ]
    assert {(record.target, record.namespace) for record in desk.records} == {("workflow/shop/order", "shop")}


def test_of_many_who_save_at_once_one_wins(desk):
    first = desk.save("start")
    outcomes = []

    def save(number):
        try:
            outcomes.append(desk.save(f"text {number}", first.revision).source)
        except ConflictError:
            outcomes.append(None)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [outcome for outcome in outcomes if outcome is not None]
    assert len(outcomes) == 8
    assert desk.service.get_draft("shop", "order").source == won
    assert [record.action for record in desk.records] == ["draft.save"] * 2
