# Long because it is one contract: each promise of an event store, a few lines.
"""The text of `kapell.engine.event_store`, and what `Batch` says of events, held to each store."""

import threading
from datetime import timedelta
from hashlib import sha256

import pytest
from msgspec.structs import replace

from kapell.engine.event_store import EventQuery, EventUse, Listener, Listening
from kapell.errors import ConflictError, NotFoundError, StaleOwnerError
from kapell.kernel.listening import ListenKey

ALL = EventQuery()
SECOND = timedelta(seconds=1)


@pytest.fixture
def add(store, make_event):
    """Store events with ids `1`, `2`, ..., each with the fields of one argument; return their positions."""

    def add(*fields):
        return store.events.append([make_event(str(number), **each) for number, each in enumerate(fields, 1)])

    return add


def make_key(word, shape="type"):
    return ListenKey(shape, sha256(f"{shape}={word}".encode()).digest()[:16])


def listen(entry, *words):
    return Listening(entry=entry, keys=tuple(make_key(word) for word in words))


def ids(events):
    return [event.event_id for event in events]


def find(store, *words):
    return sorted((listener for _, listener in store.events.find_listeners([make_key(word).digest for word in words])))


def prune(store, **fields):
    defaults = {"keep_most": 2**62, "below": 2**62, "limit": 100}
    return store.events.prune(**(defaults | fields))


class TestAppending:
    def test_events_are_given_back_as_they_were_stored_in_the_order_of_their_positions(self, store, make_event):
        events = [make_event("a"), make_event("b", subject="order-7", via="run/r1"), make_event("c", body=b"\x00\xff")]

        positions = store.events.append(events)

        assert positions == sorted(positions)
        assert positions[0] > 0
        stored = [replace(event, position=at) for event, at in zip(events, positions, strict=True)]
        assert store.events.read(0, limit=10) == stored
        assert [store.events.get(at) for at in positions] == stored

    def test_no_events_need_no_position(self, store):
        assert store.events.append([]) == []
        assert store.events.last_position() == 0

    def test_an_event_with_the_namespace_source_and_id_of_a_stored_one_is_dropped(self, store, make_event):
        (first,) = store.events.append([make_event("a")])

        positions = store.events.append([make_event("a", body=b"other", type="other"), make_event("b")])

        assert positions[0] == 0
        assert positions[1] > first
        assert [event.body for event in store.events.read(0, limit=10)] == [b'{"id": "a"}', b'{"id": "b"}']

    def test_an_event_that_is_twice_in_a_call_is_stored_once(self, store, make_event):
        positions = store.events.append([make_event("a"), make_event("a")])

        assert [bool(position) for position in positions] == [True, False]
        assert ids(store.events.read(0, limit=10)) == ["a"]

    def test_where_events_come_twice_in_a_call_the_order_is_that_of_the_first_ones(self, store, make_event):
        assert store.events.append([make_event(name) for name in "babc"]) == [1, 2, 0, 3]
        assert ids(store.events.read(0, limit=10)) == ["b", "a", "c"]

    @pytest.mark.parametrize(
        "other",
        [{"namespace": "other"}, {"source": "/other"}, {"source": "/ordersa", "event_id": ""}, {"event_id": "A"}],
        ids=["namespace", "source", "shifted", "case"],
    )
    def test_events_are_others_if_one_of_namespace_source_and_id_differs(self, store, make_event, other):
        event = make_event("a")

        assert all(store.events.append([event, replace(event, **other)]))

    def test_what_was_dropped_takes_no_number_that_the_last_position_would_show(self, store, make_event):
        positions = store.events.append([make_event("a"), make_event("a")])

        assert store.events.last_position() == positions[0]

    def test_very_long_words_are_stored_and_found(self, store, make_event):
        word = "é" * 10_000
        event = make_event(word, source=word, type=word, subject=word, via=word)

        (position,) = store.events.append([event])
        assert store.events.append([event]) == [0]

        for where in (
            EventQuery(source=word),
            EventQuery(types=frozenset({word})),
            EventQuery(subject=word),
            EventQuery(event_id=word),
            EventQuery(via=word),
        ):
            assert [found.position for found in store.events.list_newest(where, limit=2)] == [position]
        assert store.events.list_newest(EventQuery(subject=word + "é"), limit=2) == []

    def test_several_hundred_events_at_once_are_told_apart_from_those_stored(self, store, make_event):
        store.events.append([make_event(str(number)) for number in range(0, 1200, 3)])

        positions = store.events.append([make_event(str(number)) for number in range(1200)])

        assert [not position for position in positions] == [number % 3 == 0 for number in range(1200)]
        assert len(store.events.read(0, limit=2000)) == 1200


class TestReading:
    def test_read_gives_what_is_behind_a_position(self, store, add):
        first, second, third = add({}, {}, {})

        assert ids(store.events.read(0, limit=2)) == ["1", "2"]
        assert ids(store.events.read(first, limit=2)) == ["2", "3"]
        assert ids(store.events.read(second, limit=2)) == ["3"]
        assert store.events.read(third, limit=2) == []

    def test_read_gives_only_what_a_filter_asks_for(self, store, add):
        add({"type": "a"}, {"type": "b"}, {"type": "a", "namespace": "other"}, {"type": "c"}, {"type": "a"})
        where = EventQuery(namespaces=frozenset({"shop"}), types=frozenset({"a", "c"}))

        assert ids(store.events.read(0, limit=10, where=where)) == ["1", "4", "5"]
        assert ids(store.events.read(0, limit=2, where=where)) == ["1", "4"]
        assert ids(store.events.read(1, limit=2, where=where)) == ["4", "5"]

    def test_the_newest_are_listed_page_by_page(self, store, add):
        add(*[{}] * 5)

        first = store.events.list_newest(ALL, limit=2)
        second = store.events.list_newest(ALL, limit=2, before=first[-1].position)
        third = store.events.list_newest(ALL, limit=2, before=second[-1].position)

        assert [ids(page) for page in (first, second, third)] == [["5", "4"], ["3", "2"], ["1"]]

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (EventQuery(), "4321"),
            (EventQuery(namespaces=frozenset({"n1"})), "31"),
            (EventQuery(namespaces=frozenset({"n1", "n2", "n3"})), "4321"),
            (EventQuery(namespaces=frozenset()), ""),
            (EventQuery(types=frozenset({"t1"})), "21"),
            (EventQuery(types=frozenset({"t1", "t3"})), "421"),
            (EventQuery(source="s2"), "42"),
            (EventQuery(subject="u1"), "41"),
            (EventQuery(event_id="3"), "3"),
            (EventQuery(via="v2"), "43"),
            (EventQuery(source="s2", types=frozenset({"t1"})), "2"),
            (EventQuery(source="s2", namespaces=frozenset({"n1"})), ""),
            (EventQuery(subject="u1", via="v2", types=frozenset({"t3"}), namespaces=frozenset({"n2"})), "4"),
            (EventQuery(source="nothing"), ""),
        ],
        ids=[
            "all",
            "namespace",
            "namespaces",
            "no-namespace",
            "type",
            "types",
            "source",
            "subject",
            "id",
            "via",
            "source-and-type",
            "nothing-of-both",
            "four",
            "nothing",
        ],
    )
    def test_a_list_holds_what_its_filter_asks_for(self, store, add, where, expected):
        add(
            {"namespace": "n1", "type": "t1", "source": "s1", "subject": "u1", "via": "v1"},
            {"namespace": "n2", "type": "t1", "source": "s2", "subject": None, "via": "v1"},
            {"namespace": "n1", "type": "t2", "source": "s1", "subject": "u2", "via": "v2"},
            {"namespace": "n2", "type": "t3", "source": "s2", "subject": "u1", "via": "v2"},
        )

        assert ids(store.events.list_newest(where, limit=10)) == list(expected)
        assert ids(store.events.read(0, limit=10, where=where)) == list(reversed(expected))
        assert ids(store.events.list_newest(where, limit=1)) == list(expected[:1])
        assert ids(store.events.list_newest(where, limit=10, before=3)) == [each for each in expected if each < "3"]

    def test_times_are_from_the_first_to_before_the_second(self, store, add, now):
        add(*({"arrived_at": now + number * SECOND} for number in range(6)))

        def count(since, until):
            return ids(store.events.list_newest(EventQuery(arrived_after=since, arrived_before=until), limit=10))

        assert count(now + SECOND, now + 4 * SECOND) == ["4", "3", "2"]
        assert count(now + 4 * SECOND, None) == ["6", "5"]
        assert count(None, now + 2 * SECOND) == ["2", "1"]
        assert count(None, now) == count(now + 6 * SECOND, None) == []
        assert count(now - timedelta(days=2), now - timedelta(days=1)) == []
        assert count(now + timedelta(days=1), now + timedelta(days=2)) == []

    def test_times_are_exact_though_clocks_differ_by_a_minute(self, store, add, now):
        add(*({"arrived_at": now + seconds * SECOND} for seconds in (50, 0, 90, 40, 100, 60)))

        found = store.events.list_newest(
            EventQuery(arrived_after=now + 50 * SECOND, arrived_before=now + 100 * SECOND), limit=10
        )

        assert ids(found) == ["6", "3", "1"]

    def test_what_is_not_there_is_not_found(self, store, add):
        (position,) = add({})

        with pytest.raises(NotFoundError):
            store.events.get(position + 1)

    def test_the_last_position_is_that_of_the_last_event_also_when_it_is_deleted(self, store, add, medium, now):
        assert store.events.last_position() == 0
        last = add({}, {})[-1]

        assert store.events.last_position() == last
        assert prune(store, arrived_before=now + SECOND) == 2
        assert store.events.last_position() == last
        assert medium.open().events.last_position() == last


class TestBatches:
    def test_emitted_events_are_stored_with_their_batch(self, store, epoch, make_batch, make_event):
        store.append(epoch, [make_batch("r1", emitted=(make_event("a"), make_event("b"))), make_batch("r2")])
        store.append(epoch, [make_batch("r2", 2, emitted=(make_event("c"),))])

        assert ids(store.events.read(0, limit=10)) == ["a", "b", "c"]

    def test_an_emitted_event_that_is_stored_changes_nothing(self, store, epoch, make_batch, make_event):
        store.events.append([make_event("a")])

        store.append(epoch, [make_batch("r1", emitted=(make_event("a", body=b"other"), make_event("b")))])

        assert [event.body for event in store.events.read(0, limit=10)] == [b'{"id": "a"}', b'{"id": "b"}']
        assert store.get_record("r1")

    def test_what_is_refused_leaves_nothing(self, store, epoch, make_batch, make_event, now):
        store.append(epoch, [make_batch("r1", listens=(listen(1, "kept"),))])
        (position,) = store.events.append([make_event("stored")])
        told = {
            "emitted": (make_event("a"),),
            "listens": (listen(1, "new"), listen(2, "new")),
            "uses": (EventUse(position=position, reference="/do/0", at=now),),
        }

        with pytest.raises(ConflictError):
            store.append(epoch, [make_batch("r1", 2, **told), make_batch("r1", 2, **told)])
        with pytest.raises(StaleOwnerError):
            store.append(epoch - 1, [make_batch("r1", 2, **told)])

        assert ids(store.events.read(0, limit=10)) == ["stored"]
        assert store.events.last_position() == position
        assert find(store, "kept", "new") == [Listener("r1", 1)]
        assert store.events.list_uses(position, limit=10) == []

    def test_a_batch_without_events_may_tell_of_them(self, store, epoch, make_batch, make_event, now):
        store.append(epoch, [make_batch("r1", emitted=(make_event("a"),))])

        store.append(
            epoch,
            [
                make_batch(
                    "r1",
                    0,
                    count=0,
                    body=b"",
                    emitted=(make_event("b"),),
                    listens=(listen(1, "x"),),
                    uses=(EventUse(position=1, reference="/do/0", at=now),),
                )
            ],
        )

        assert ids(store.events.read(0, limit=10)) == ["a", "b"]
        assert find(store, "x") == [Listener("r1", 1)]
        assert len(store.events.list_uses(1, limit=10)) == 1


class TestUses:
    @pytest.fixture
    def use(self, now):
        def use(position, reference, seconds=0):
            return EventUse(position=position, reference=reference, at=now + seconds * SECOND)

        return use

    def test_uses_are_listed_by_event_the_first_ones_first(self, store, epoch, make_batch, add, use, now):
        first, second = add({}, {})

        store.append(epoch, [make_batch("r2", uses=(use(first, "/do/0", 1), use(second, "/do/0", 2)))])
        store.append(epoch, [make_batch("r1", uses=(use(first, "", 0), use(first, "/do/1", 3)))])

        assert store.events.list_uses(first, limit=10) == [
            EventUse(position=first, run_id="r1", reference="", at=now),
            EventUse(position=first, run_id="r2", reference="/do/0", at=now + SECOND),
            EventUse(position=first, run_id="r1", reference="/do/1", at=now + 3 * SECOND),
        ]
        assert [each.run_id for each in store.events.list_uses(first, limit=2)] == ["r1", "r2"]
        assert [each.run_id for each in store.events.list_uses(second, limit=10)] == ["r2"]

    def test_a_use_that_is_told_twice_is_kept_once(self, store, epoch, make_batch, add, use):
        (position,) = add({})

        store.append(epoch, [make_batch("r1", uses=(use(position, "/do/0"), use(position, "/do/0")))])
        store.append(epoch, [make_batch("r1", 2, uses=(use(position, "/do/0"),))])

        assert len(store.events.list_uses(position, limit=10)) == 1

    def test_a_run_may_use_what_it_emits_in_the_same_batch(self, store, epoch, make_batch, make_event, use):
        store.append(epoch, [make_batch("r1", emitted=(make_event("a"),), uses=(use(1, "/do/0"),))])

        assert len(store.events.list_uses(1, limit=10)) == 1

    def test_a_use_outlives_its_run_and_goes_with_its_event(self, store, epoch, make_batch, make_record, add, use, now):
        (position,) = add({})
        store.append(
            epoch, [make_batch("r1", record=make_record("r1", status="completed"), uses=(use(position, "/do/0"),))]
        )

        assert store.prune(epoch, now + SECOND, limit=10) == 1
        assert [each.run_id for each in store.events.list_uses(position, limit=10)] == ["r1"]

        assert prune(store, arrived_before=now + SECOND) == 1
        assert store.events.list_uses(position, limit=10) == []

    def test_a_use_of_an_event_that_is_gone_is_not_kept(self, store, epoch, make_batch, add, use, now):
        (position,) = add({})
        prune(store, arrived_before=now + SECOND)

        store.append(epoch, [make_batch("r1", uses=(use(position, "/do/0"),))])

        assert store.events.list_uses(position, limit=10) == []
        assert store.get_record("r1")


class TestListeners:
    def test_listeners_are_found_by_any_of_their_keys(self, store, epoch, make_batch):
        store.append(
            epoch,
            [
                make_batch("r1", listens=(listen(1, "a", "b"), listen(2, "c"))),
                make_batch("r2", listens=(listen(1, "a"),)),
            ],
        )

        found = store.events.find_listeners([make_key("a").digest, make_key("c").digest, make_key("nobody").digest])

        assert sorted(found) == sorted(
            [
                (make_key("a").digest, Listener("r1", 1)),
                (make_key("a").digest, Listener("r2", 1)),
                (make_key("c").digest, Listener("r1", 2)),
            ]
        )
        assert store.events.find_listeners([]) == []

    def test_hundreds_of_digests_may_be_asked_for_at_once(self, store, epoch, make_batch):
        words = [str(number) for number in range(1500)]
        store.append(epoch, [make_batch("r1", listens=tuple(listen(at, word) for at, word in enumerate(words)))])

        digests = [make_key(word).digest for word in words]
        found = dict(store.events.find_listeners([*digests, *digests]))

        assert found == {digest: Listener("r1", at) for at, digest in enumerate(digests)}

    def test_what_is_said_of_an_entry_replaces_what_was_said_before(self, store, epoch, make_batch):
        store.append(epoch, [make_batch("r1", listens=(listen(1, "a", "b"), listen(2, "a")))])

        store.append(epoch, [make_batch("r1", 2, listens=(listen(1, "b", "c"),))])

        assert find(store, "a") == [Listener("r1", 2)]
        assert find(store, "b") == find(store, "c") == [Listener("r1", 1)]

    def test_the_last_that_is_said_in_a_call_counts(self, store, epoch, make_batch):
        store.append(
            epoch,
            [
                make_batch("r1", listens=(listen(1, "a"), listen(2, "a"), listen(3, "a"))),
                make_batch("r1", 2, listens=(listen(1, "b"),), unlistens=(2,)),
                make_batch("r1", 3, listens=(listen(3, "b"),), unlistens=(3,)),
            ],
        )

        assert find(store, "a") == []
        assert find(store, "b") == [Listener("r1", 1)]

    def test_a_key_that_is_named_twice_is_found_once(self, store, epoch, make_batch):
        store.append(epoch, [make_batch("r1", listens=(listen(1, "a", "a"),))])

        assert store.events.find_listeners([make_key("a").digest]) == [(make_key("a").digest, Listener("r1", 1))]

    def test_an_entry_that_listens_no_more_is_not_found(self, store, epoch, make_batch):
        store.append(epoch, [make_batch("r1", listens=(listen(1, "a"), listen(2, "a")))])

        store.append(epoch, [make_batch("r1", 2, unlistens=(1, 7))])

        assert find(store, "a") == [Listener("r1", 2)]

    def test_shapes_are_those_that_are_listened_for(self, store, epoch, make_batch):
        keys = (make_key("a"), make_key("b"), make_key("a", "type+data.orderId"))
        assert store.events.list_shapes() == set()

        store.append(epoch, [make_batch("r1", listens=(Listening(entry=1, keys=keys),))])
        assert store.events.list_shapes() == {"type", "type+data.orderId"}

        store.append(epoch, [make_batch("r1", 2, listens=(listen(1, "a"),))])
        assert store.events.list_shapes() == {"type"}

        store.append(epoch, [make_batch("r1", 3, unlistens=(1,))])
        assert store.events.list_shapes() == set()

    @pytest.mark.parametrize("status", ["completed", "faulted", "cancelled", "damaged"])
    def test_a_run_that_has_ended_listens_no_more(self, store, epoch, make_batch, make_record, status):
        store.append(epoch, [make_batch(run_id, listens=(listen(1, "a"), listen(2, "b"))) for run_id in ("r1", "r2")])

        store.append(epoch, [make_batch("r1", 2, record=make_record("r1", status=status))])

        assert find(store, "a", "b") == [Listener("r2", 1), Listener("r2", 2)]

    def test_a_run_that_ends_in_the_batch_in_which_it_listens_does_not_listen(
        self, store, epoch, make_batch, make_record
    ):
        ended = make_record("r1", status="completed")
        store.append(epoch, [make_batch("r1", record=ended, listens=(listen(1, "a"),))])
        store.append(
            epoch,
            [make_batch("r2", listens=(listen(1, "a"),)), make_batch("r2", 2, record=replace(ended, run_id="r2"))],
        )

        assert find(store, "a") == []

    def test_a_run_that_goes_on_after_its_end_can_listen_again(self, store, epoch, make_batch, make_record):
        store.append(
            epoch,
            [
                make_batch("r1", listens=(listen(1, "a"),)),
                make_batch("r1", 2, record=make_record("r1", status="faulted")),
                make_batch("r1", 3, record=make_record("r1", status="running"), listens=(listen(2, "b"),)),
            ],
        )
        assert find(store, "a", "b") == [Listener("r1", 2)]

        store.append(epoch, [make_batch("r1", 4, record=make_record("r1", status="faulted"))])
        assert find(store, "a", "b") == []

    def test_a_run_that_ends_after_a_restart_listens_no_more(self, medium, store, epoch, make_batch, make_record, now):
        store.append(epoch, [make_batch(run_id, listens=(listen(1, "a"),)) for run_id in ("r1", "r2", "r3")])

        other = medium.open()
        later = other.acquire("other", now, 10.0)
        other.append(later, [make_batch("r1", 2, record=make_record("r1", status="completed"))])
        other.append(later, [make_batch("r2", 2)])
        other.append(later, [make_batch("r2", 3, record=make_record("r2", status="completed"))])

        assert find(other, "a") == [Listener("r3", 1)]

    def test_a_run_that_is_closed_as_damaged_listens_no_more(self, store, epoch, make_batch, now):
        store.append(epoch, [make_batch(run_id, listens=(listen(1, "a"),)) for run_id in ("r1", "r2")])

        store.close_damaged(epoch, "r1", "why", now)

        assert find(store, "a") == [Listener("r2", 1)]

    def test_a_run_that_is_deleted_listens_no_more(self, store, epoch, make_batch, make_record, now):
        ended = make_record("r1", status="faulted")
        store.append(epoch, [make_batch("r1", record=ended)])
        store.append(epoch, [make_batch("r1", 2, listens=(listen(1, "a"),))])

        assert store.prune(epoch, now + SECOND, limit=10) == 1

        assert find(store, "a") == []


class TestCursors:
    def test_a_cursor_is_as_it_was_kept_last(self, store, medium):
        assert store.events.find_cursor("matcher") is None

        store.events.keep_cursor("matcher", 5)
        store.events.keep_cursor("other", 1)
        store.events.keep_cursor("matcher", 3)

        assert medium.open().events.find_cursor("matcher") == 3
        assert store.events.find_cursor("other") == 1


class TestPruning:
    def test_events_that_arrived_before_a_time_go(self, store, add, now):
        add(*({"arrived_at": now + number * SECOND} for number in range(4)))

        assert prune(store, arrived_before=now + 2 * SECOND) == 2
        assert prune(store, arrived_before=now + 2 * SECOND) == 0
        assert ids(store.events.read(0, limit=10)) == ["3", "4"]

    def test_events_that_are_too_many_go(self, store, add, now):
        add(*[{}] * 5)

        assert prune(store, arrived_before=now, keep_most=2) == 3
        assert prune(store, arrived_before=now, keep_most=2) == 0
        assert ids(store.events.read(0, limit=10)) == ["4", "5"]

    def test_the_oldest_go_first_and_no_more_than_asked_for(self, store, add, now):
        add(*({"arrived_at": now + number * SECOND} for number in range(5)))

        assert prune(store, arrived_before=now + 2 * SECOND, keep_most=1, limit=3) == 3
        assert ids(store.events.read(0, limit=10)) == ["4", "5"]
        assert prune(store, arrived_before=now + 2 * SECOND, keep_most=1, limit=3) == 1
        assert prune(store, arrived_before=now + 2 * SECOND, keep_most=1, limit=3) == 0

    def test_what_not_everybody_has_read_stays(self, store, add, now):
        _, second, _ = add({}, {}, {})

        assert prune(store, arrived_before=now + SECOND, keep_most=0, below=second) == 1
        assert prune(store, arrived_before=now + SECOND, keep_most=0, below=second) == 0
        assert ids(store.events.read(0, limit=10)) == ["2", "3"]

    def test_a_deleted_event_can_be_stored_again_behind_all_others(self, store, add, make_event, now):
        positions = add({}, {})
        prune(store, arrived_before=now + SECOND)

        (again,) = store.events.append([make_event("2")])

        assert again > positions[-1]
        assert ids(store.events.list_newest(EventQuery(event_id="2"), limit=10)) == ["2"]


class TestSeveralWriters:
    """Stores of one medium, each with connections of its own, as processes have them."""

    EVENTS = 120

    def test_a_reader_that_follows_by_position_misses_nothing(self, medium, make_event, make_batch, store, epoch):
        run_ids = ["r1"]
        store.append(epoch, [make_batch(run_id) for run_id in run_ids])
        failures = []

        def publish(name):
            try:
                events = medium.open().events
                for number in range(0, self.EVENTS, 2):
                    events.append([make_event(f"{name}-{number}"), make_event(f"{name}-{number + 1}")])
            except Exception as error:  # noqa: BLE001 -- shown by the test
                failures.append(error)

        def emit():
            try:
                for number in range(self.EVENTS):
                    store.append(epoch, [make_batch("r1", number + 2, emitted=(make_event(f"run-{number}"),))])
            except Exception as error:  # noqa: BLE001 -- shown by the test
                failures.append(error)

        writers = [threading.Thread(target=publish, args=(name,)) for name in ("one", "two")]
        writers.append(threading.Thread(target=emit))
        reader = medium.open().events
        seen, after, is_last = [], 0, False
        for writer in writers:
            writer.start()
        while not is_last:
            is_last = not any(writer.is_alive() for writer in writers)
            while page := reader.read(after, limit=7):
                assert reader.last_position() >= page[-1].position
                after = page[-1].position
                seen += ids(page)
        for writer in writers:
            writer.join()

        assert failures == []
        assert sorted(seen) == sorted(
            f"{name}-{number}" for name in ("one", "two", "run") for number in range(self.EVENTS)
        )
        assert after == reader.last_position()

    def test_of_the_same_event_from_two_writers_one_is_stored(self, medium, make_event):
        given = []

        def publish(events):
            for number in range(60):
                given.extend(events.append([make_event(str(number))]))

        stores = [medium.open().events for _ in range(2)]
        writers = [threading.Thread(target=publish, args=(events,)) for events in stores]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert sorted(position for position in given if position) == sorted(
            event.position for event in stores[0].read(0, limit=1000)
        )
        assert sorted(ids(stores[1].read(0, limit=1000)), key=int) == [str(number) for number in range(60)]
