"""List pages: what they show, find, and leave to the next page."""

import pytest


def names(page):
    return [f"{item.namespace}/{item.name}" for item in page.items]


@pytest.fixture
def shop(desk):
    desk.publish("1.0.0", name="order", title="Order a pizza", summary="Takes the order.", tags="{team: Größe}")
    desk.publish("1.0.0", name="refund", title="100% refund", tags="{cost_centre: 42}")
    desk.publish("1.0.0", name="order", namespace="Store")
    desk.publish("1.0.0", name="a-b", namespace="store")
    desk.publish("1.0.0", name="ab", namespace="store")
    return desk


def test_pages_go_by_namespace_and_name_byte_by_byte(shop):
    every = ["Store/order", "shop/order", "shop/refund", "store/a-b", "store/ab"]
    assert names(shop.service.list_workflows()) == every
    found, after = [], None
    for size in (2, 2, 1):
        page = shop.service.list_workflows(limit=2, after=after)
        assert len(page.items) == size
        found += names(page)
        after = page.after
    assert found == every
    assert after is None


def test_a_page_that_is_just_full_is_the_last(shop):
    assert shop.service.list_workflows(limit=5).after is None
    assert shop.service.list_workflows(limit=4).after == ("store", "a-b")


def test_only_the_asked_namespaces_are_shown(shop):
    assert names(shop.service.list_workflows(namespaces={"shop"})) == ["shop/order", "shop/refund"]
    assert names(shop.service.list_workflows(namespaces=["Store", "shop"], limit=2)) == ["Store/order", "shop/order"]
    assert names(shop.service.list_workflows(namespaces=set())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pizza", ["shop/order"]),
        ("PIZZA takes", ["shop/order"]),
        ("pizza refund", []),
        ("grosse", ["shop/order"]),
        ("GRÖSSE", ["shop/order"]),
        ("100%", ["shop/refund"]),
        ("%", ["shop/refund"]),
        ("_", ["shop/refund"]),
        ("42", ["shop/refund"]),
        ("a-b", ["store/a-b"]),
        ("/", []),
        ("\\", []),
        ("'", []),
        (" \t", ["Store/order", "shop/order", "shop/refund", "store/a-b", "store/ab"]),
        ("x" * 100_000, []),
        ("\0 \ud800", []),
        ("order " * 1000, ["Store/order", "shop/order"]),
    ],
)
def test_words_are_found_anywhere(shop, text, found):
    assert names(shop.service.list_workflows(text=text)) == found


def test_a_page_shows_the_newest_version_that_is_not_deprecated(desk, ann):
    desk.publish("1.0.0", title="One")
    desk.publish("2.0.0", title="Two")
    desk.service.deprecate("shop", "order", "2.0.0", "bad", actor=ann)
    (shown,) = desk.service.list_workflows(text="one").items
    assert (shown.newest, shown.title, shown.is_deprecated) == ("1.0.0", "One", False)
    assert names(desk.service.list_workflows(text="two")) == []
    desk.service.deprecate("shop", "order", "1.0.0", "bad", actor=ann)
    (shown,) = desk.service.list_workflows().items
    assert (shown.newest, shown.title, shown.is_deprecated) == ("2.0.0", "Two", True)


def test_a_workflow_with_but_a_draft_is_shown_until_it_is_discarded(desk, ann):
    saved = desk.save(desk.write(title="Coming"))
    (shown,) = desk.service.list_workflows(text="coming").items
    assert (shown.newest, shown.has_draft, shown.title) == (None, True, "Coming")
    desk.service.discard_draft("shop", "order", actor=ann, revision=saved.revision)
    assert names(desk.service.list_workflows()) == []


def test_a_draft_changes_nothing_of_what_is_shown_of_the_published(desk):
    desk.publish("1.0.0", title="One")
    desk.save(desk.write(title="Coming"))
    (shown,) = desk.service.list_workflows().items
    assert (shown.newest, shown.has_draft, shown.title) == ("1.0.0", True, "One")
