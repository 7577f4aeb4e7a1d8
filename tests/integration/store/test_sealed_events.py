"""What a sealed store adds to the contract of events: what lies in the database, and what becomes of it."""

import sqlite3

import pytest
from msgspec.structs import replace

from kapell.engine.event_store import EventQuery, Listener, Listening
from kapell.engine.seal_marks import is_sealed
from kapell.errors import DamagedHistoryError
from kapell.kernel.listening import ListenKey
from kapell.vault.master_keys import MasterKeyError, open_master_keys

ALL = EventQuery()
BODY = b'{"data": "canary-in-a-coal-mine"}'
KEYS = tuple(ListenKey("type+data.order", bytes([number]) * 16) for number in range(3))


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


def listen(store, epoch, make_batch, run_id, key):
    store.append(epoch, [make_batch(run_id, listens=(Listening(entry=1, keys=(key,)),))])


def find_all(store):
    return sorted(store.events.find_listeners([key.digest for key in KEYS]))


def test_what_is_listened_for_cannot_be_guessed(any_medium, make_batch, now):
    store = any_medium.open()
    store.put_definition("definition-1", b"document: {}")
    epoch = store.acquire("test", now, 10.0)

    listen(store, epoch, make_batch, "r1", KEYS[0])

    assert find_all(store) == find_all(any_medium.open()) == [(KEYS[0].digest, Listener("r1", 1))]
    assert store.events.list_shapes() == {"type+data.order"}
    assert find_all(any_medium.bare.open()) == []


def test_listeners_are_found_that_began_before_encryption_was_switched_on_or_off(medium, store, epoch, make_batch):
    listen(medium.open(seals=False), epoch, make_batch, "r0", KEYS[0])
    listen(medium.open(), epoch, make_batch, "r1", KEYS[1])
    later = medium.open(seals=False)
    listen(later, epoch, make_batch, "r2", KEYS[2])

    expected = [(key.digest, Listener(f"r{number}", 1)) for number, key in enumerate(KEYS)]
    for reader in (later, medium.open(seals=False), medium.open()):
        assert find_all(reader) == expected
        assert reader.events.list_shapes() == {"type+data.order"}


def test_listeners_are_found_that_began_under_an_earlier_key(medium, store, epoch, make_batch):
    listen(store, epoch, make_batch, "r1", KEYS[0])
    open_master_keys(medium.key_path, may_create=False).rotate()
    listen(medium.open(), epoch, make_batch, "r2", KEYS[0])

    assert find_all(medium.open()) == [(KEYS[0].digest, Listener(name, 1)) for name in ("r1", "r2")]


def test_where_nothing_was_ever_encrypted_no_key_is_asked_for(medium, make_batch, now):
    plain = medium.open(seals=False)
    plain.put_definition("definition-1", b"document: {}")
    listen(plain, plain.acquire("test", now, 10.0), make_batch, "r1", KEYS[0])

    assert find_all(plain) == [(KEYS[0].digest, Listener("r1", 1))]
    assert not medium.key_path.exists()
