"""What a sealed store adds to the contract of events: what lies in the database, and what becomes of it."""

import sqlite3

import pytest
from msgspec.structs import replace

from kapell.engine.event_store import EventQuery
from kapell.engine.seal_marks import is_sealed
from kapell.errors import DamagedHistoryError
from kapell.vault.master_keys import MasterKeyError, open_master_keys

ALL = EventQuery()
BODY = b'{"data": "canary-in-a-coal-mine"}'


@pytest.fixture(params=["sealed_sqlite", "sealed_postgres"])
def any_medium(request):
    return request.getfixturevalue(f"{request.param}_medium")


@pytest.fixture
def medium(sealed_sqlite_medium):
    return sealed_sqlite_medium


def bodies(store):
    return [event.body for event in store.events.read(0, limit=10)]


def test_bodies_are_sealed_and_what_is_searched_is_not(any_medium, make_event, make_batch, now):
    store = any_medium.open()
    store.put_definition("definition-1", b"document: {}")
    epoch = store.acquire("test", now, 10.0)
    published, emitted = make_event("a", body=BODY, subject="s"), make_event("b", body=BODY, via="run/r1")

    store.events.append([published])
    store.append(epoch, [make_batch("r1", emitted=(emitted,))])

    stored = [replace(published, position=1), replace(emitted, position=2)]
    for reader in (store, any_medium.open(seals=False)):
        assert reader.events.read(0, limit=10) == stored
        assert reader.events.list_newest(ALL, limit=10) == stored[::-1]
        assert [reader.events.get(position) for position in (1, 2)] == stored
    bare = any_medium.bare.open().events.read(0, limit=10)
    assert all(is_sealed(event.body) and b"canary" not in event.body for event in bare)
    assert [replace(event, body=BODY) for event in bare] == stored


def test_events_from_before_it_was_switched_on_and_after_it_was_switched_off(medium, make_event):
    for seals, event_id in ((False, "1"), (True, "2"), (False, "3")):
        medium.open(seals=seals).events.append([make_event(event_id, body=event_id.encode())])

    for seals in (True, False):
        assert bodies(medium.open(seals=seals)) == [b"1", b"2", b"3"]
    assert [is_sealed(body) for body in bodies(medium.bare.open())] == [False, True, False]


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("body", [b"\x01", b"\x02", b"\x02\x01", b""])
def test_a_body_that_looks_as_if_it_were_sealed_is_given_back_as_it_was(medium, make_event, make_batch, seals, body):
    store = medium.open(seals=seals)
    store.put_definition("definition-1", b"document: {}")
    epoch = store.acquire("test", make_event("a").arrived_at, 10.0)

    store.events.append([make_event("a", body=body)])
    store.append(epoch, [make_batch("r1", emitted=(make_event("b", body=body),))])

    assert bodies(medium.open()) == [body, body]


def test_a_body_in_the_place_of_another_does_not_open_and_those_behind_it_are_read(medium, store, make_event):
    positions = store.events.append([make_event(event_id, body=BODY) for event_id in "abc"])
    with sqlite3.connect(medium.bare.path) as connection:
        connection.execute(
            "UPDATE events SET body = (SELECT body FROM events WHERE position = ?) WHERE position = ?", positions[:2]
        )
    connection.close()

    reader = medium.open()
    assert bodies(reader) == [BODY, b"", BODY]
    assert [event.body for event in reader.events.list_newest(ALL, limit=10)] == [BODY, b"", BODY]
    with pytest.raises(DamagedHistoryError, match=f"event {positions[1]} does not open"):
        reader.events.get(positions[1])
    assert reader.events.get(positions[2]).body == BODY


def test_a_key_that_is_missing_is_named_and_nothing_is_passed_over(medium, store, make_event):
    (position,) = store.events.append([make_event("a", body=BODY)])
    key = medium.key_path.read_bytes()
    name = open_master_keys(medium.key_path, may_create=False).current.name
    medium.key_path.unlink()
    stranger = medium.open().events

    for ask in (lambda: stranger.read(0, limit=10), lambda: stranger.get(position)):
        with pytest.raises(MasterKeyError, match=name):
            ask()
    assert [event.body for event in stranger.list_newest(ALL, limit=10)] == [b""]

    medium.key_path.write_bytes(key)
    assert bodies(medium.open()) == [BODY]


def test_a_sealed_event_is_known_again(medium, store, make_event):
    store.events.append([make_event("a", body=BODY)])

    assert medium.open().events.append([make_event("a", body=BODY)]) == [0]
    assert medium.open(seals=False).events.append([make_event("a", body=BODY)]) == [0]
