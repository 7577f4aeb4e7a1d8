"""The contract of lists, counts and the search index, on every implementation."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from kapell.engine.counting import DAY, HOUR, STARTED, classify, read_duration
from kapell.engine.selecting import make_cursor, matches
from kapell.engine.store import CountFilter, RunFilter, RunText
from kapell.engine.words import normalise

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOURS = [NOW + timedelta(hours=number) for number in range(24)]
STATUSES = ["running", "completed", "completed", "faulted", "waiting", "completed", "cancelled"]


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def medium(request):
    if request.param == "memory":
        return request.getfixturevalue("memory_medium")
    return request.getfixturevalue(f"{request.param}_medium")


def ids(records):
    return [record.run_id for record in records]


def list_all(store, where, limit=7):
    """Every page, one after another."""
    found, after = [], None
    while page := store.list_runs(where, limit=limit, after=after):
        found += page
        after = make_cursor(where, page[-1])
    return ids(found)


FILTERS = [
    {},
    {"statuses": frozenset({"faulted", "waiting"})},
    {"namespace": "shop"},
    {"namespaces": frozenset({"shop", "bank", "none"})},
    {"namespace": "shop", "namespaces": frozenset({"bank"})},
    {"namespaces": frozenset()},
    {"namespaces": frozenset({"bank"}), "statuses": frozenset({"completed"})},
    {"name": "order"},
    {"name": "order", "version": "2.0.0"},
    {"name": "order", "namespaces": frozenset({"shop"}), "statuses": frozenset({"completed", "running"})},
    {"parent_run_id": "r00"},
    {"parent_run_id": "r00", "statuses": frozenset({"completed"})},
    {"only_top": True, "namespace": "bank"},
    {"started_after": HOURS[3], "started_before": HOURS[9]},
    {"started_after": HOURS[3], "name": "bill", "statuses": frozenset({"faulted"})},
    {"started_before": HOURS[9], "namespaces": frozenset({"shop", "bank"})},
    {"ended_after": HOURS[3]},
    {"ended_before": HOURS[20], "namespace": "shop"},
    {"ended_after": HOURS[3], "started_before": HOURS[9]},
    {"updated_after": HOURS[2], "updated_before": HOURS[22], "only_top": True},
    {"updated_before": HOURS[12], "statuses": frozenset({"waiting"}), "name": "order"},
]


def add_many(add_runs):
    """Store runs whose start, end and change come in three different orders."""
    wanted = {}
    for number in range(40):
        status = STATUSES[number % len(STATUSES)]
        has_ended = status in {"completed", "faulted", "cancelled"}
        wanted[f"r{number:02}"] = {
            "status": status,
            "namespace": ["shop", "bank", "farm"][number % 3],
            "name": ["order", "bill"][number // 2 % 2],
            "version": ["1.0.0", "2.0.0"][number // 5 % 2],
            "created_at": HOURS[number % 11],
            "ended_at": HOURS[number * 7 % 24] if has_ended else None,
            "parent_run_id": "r00" if number % 5 == 1 else None,
        }
    add_runs(**wanted)


def test_a_page_shows_what_the_filter_asks_for_and_the_next_one_goes_on(store, add_runs):
    add_many(add_runs)
    everything = store.list_runs(RunFilter(), limit=100)
    age = {record.run_id: number for number, record in enumerate(sorted(everything, key=lambda each: each.run_id))}
    found = 0
    for fields in FILTERS:
        where = RunFilter(**fields)
        expected = [record for record in everything if matches(record, where)]
        expected.sort(key=lambda each: (getattr(each, where.order), age[each.run_id]), reverse=True)
        assert list_all(store, where) == ids(expected), fields
        assert ids(store.list_runs(where, limit=3)) == ids(expected[:3]), fields
        found += len(expected) > 1
    assert found == len(FILTERS) - 2, "two filters leave no namespace"


def test_a_run_that_changes_while_people_read_shifts_no_page(store, epoch, add_runs, make_batch, make_record):
    add_runs(**{f"r{number}": {"created_at": HOURS[number]} for number in range(6)})
    where = RunFilter(updated_after=NOW)
    first = store.list_runs(where, limit=3)
    assert ids(first) == ["r5", "r4", "r3"]
    moved = replace(make_record("r3", created_at=HOURS[3]), updated_at=HOURS[20])
    store.append(epoch, [make_batch("r3", 2, record=moved)])
    add_runs(r6={"created_at": HOURS[21]})
    assert ids(store.list_runs(where, limit=3, after=make_cursor(where, first[-1]))) == ["r2", "r1", "r0"]


# -- counts ------------------------------------------------------------------------------------------------------------


def count(store, **fields):
    day = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    defaults = {"span_seconds": DAY, "since": day, "until": day + timedelta(days=2)}
    return Counter({each.what: each.count for each in store.count_runs(CountFilter(**(defaults | fields)))})


def test_what_happens_is_counted_by_hour_and_day_and_by_version(store, add_runs):
    at = NOW.replace(minute=59)
    add_runs(
        a={"status": "completed", "created_at": at, "ended_at": at + timedelta(seconds=90)},
        b={"status": "faulted", "created_at": at, "ended_at": at},
        c={"namespace": "bank"},
        d={"namespace": "bank", "version": "2.0.0", "status": "cancelled"},
    )
    took = classify(90_000_000)
    assert count(store) == {STARTED: 4, 1: 1, 2: 1, 3: 1, took: 1}
    assert read_duration(took) == pytest.approx(90, rel=0.095)
    assert count(store, namespace="bank") == {STARTED: 2, 3: 1}
    assert count(store, namespace="bank", version="2.0.0") == {STARTED: 1, 3: 1}
    assert count(store, namespaces=frozenset({"shop"})) == {STARTED: 2, 1: 1, 2: 1, took: 1}
    assert count(store, namespace="bank", namespaces=frozenset({"shop"})) == {}
    assert count(store, namespaces=frozenset()) == {}
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    by_hour = store.count_runs(CountFilter(span_seconds=HOUR, since=hour, until=hour + timedelta(hours=2)))
    assert [(each.begins_at, each.what, each.count) for each in by_hour] == [
        (hour, STARTED, 4),
        (hour, 2, 1),
        (hour, 3, 1),
        (hour + timedelta(hours=1), 1, 1),
        (hour + timedelta(hours=1), took, 1),
    ]
    subjects = store.count_by_subject(
        CountFilter(span_seconds=HOUR, since=hour, until=hour + timedelta(hours=1), level="version")
    )
    assert [(each.namespace, each.name, each.version, each.what, each.count) for each in subjects] == [
        ("bank", "order", "1.0.0", STARTED, 1),
        ("bank", "order", "2.0.0", STARTED, 1),
        ("bank", "order", "2.0.0", 3, 1),
        ("shop", "order", "1.0.0", STARTED, 2),
        ("shop", "order", "1.0.0", 2, 1),
    ]


def test_subjects_are_told_apart_as_finely_as_is_asked(store, add_runs):
    add_runs(a={}, b={"version": "2.0.0"}, c={"name": "bill"}, d={"namespace": "bank"})
    day = NOW.replace(hour=0, minute=0, second=0, microsecond=0)

    def count_by(level, **fields):
        where = CountFilter(span_seconds=DAY, since=day, until=day + timedelta(days=1), level=level, **fields)
        return [(each.namespace, each.name, each.version, each.count) for each in store.count_by_subject(where)]

    assert count_by("all") == [("", "", "", 4)]
    assert count_by("namespace") == [("bank", "", "", 1), ("shop", "", "", 3)]
    assert count_by("workflow", namespace="shop") == [("shop", "bill", "", 1), ("shop", "order", "", 2)]
    assert count_by("namespace", name="order") == [("bank", "order", "", 1), ("shop", "order", "", 2)]
    assert count_by("version", name="order", namespaces=frozenset({"shop"})) == [
        ("shop", "order", "1.0.0", 1),
        ("shop", "order", "2.0.0", 1),
    ]


def test_each_end_counts_once_and_pruning_takes_nothing_back(medium, store, epoch, add_runs, make_batch, make_record):
    add_runs(a={"status": "faulted"}, b={})
    store.append(epoch, [make_batch("a", 2, record=make_record("a"))])
    store.append(epoch, [make_batch("a", 3)])
    store.append(epoch, [make_batch("a", 4, record=make_record("a", "completed"))])
    store.close_damaged(epoch, "b", "broken", NOW)
    expected = {STARTED: 2, 1: 1, 2: 1, 4: 1, classify(0): 1}
    assert count(store) == expected
    assert store.prune(epoch, NOW + timedelta(days=1), limit=10) == 2
    assert count(medium.open()) == expected


def test_nothing_of_a_refused_call_is_counted(store, epoch, add_runs, make_batch, make_record):
    with pytest.raises(Exception, match="follow"):
        store.append(epoch, [make_batch("a", record=make_record("a", name="new")), make_batch("a", 7)])
    assert count(store) == {}
    store.append(epoch, [make_batch("a", record=make_record("a", name="new"))])
    assert count(store, name="new") == {STARTED: 1}


# -- the search index --------------------------------------------------------------------------------------------------


def index(store, texts, at_once=100):
    """Tell the index of all runs that it does not know; `texts` gives the text of each."""
    told = []
    while found := store.list_unindexed(at_once):
        told += [each.run_id for each in found]
        store.index_texts(
            [
                RunText(
                    each.place,
                    each.fault,
                    each.run_id,
                    each.namespace,
                    normalise(f"{texts.get(each.run_id, '')} {each.error or ''}"),
                )
                for each in found
            ]
        )
    return told


def find(store, text, limit=50, after=None, **fields):
    return ids(store.search_runs(RunFilter(text=text, **fields), limit=limit, after=after).records)


TEXTS = {
    "r1": "customer Müller ordered ORD-1234 for 12.50",
    "r2": "customer Meyer ordered ORD-1235; it's urgent",
    "r3": "nothing of note",
    "r4": "ordered by customer müller twice, 顧客 注文",
}


def test_words_and_phrases_are_found(store, add_runs):
    add_runs("r1", "r2", r3={"namespace": "bank"}, r4={"namespace": "bank", "status": "faulted", "error": "No route"})
    assert find(store, "customer") == []
    assert index(store, TEXTS, at_once=3) == ["r1", "r2", "r3", "r4", "r4"]
    for text, expected in {
        "customer": ["r4", "r2", "r1"],
        "CUSTOMER muller": ["r4", "r1"],
        "cust": ["r4", "r2", "r1"],
        "cust ordered": [],
        "ordered cust": ["r4", "r2", "r1"],
        '"cust"': [],
        '"customer ordered"': [],
        '"ordered by customer"': ["r4"],
        "ORD-1234": ["r1"],
        "ord-123": ["r2", "r1"],
        "1234-ord": [],
        "12.5": ["r1"],
        "顧客": ["r4"],
        "no route": ["r4"],
        "absent": [],
    }.items():
        assert find(store, text) == expected, text
    assert find(store, "customer", namespace="bank") == ["r4"]
    assert find(store, "customer", namespaces=frozenset({"bank", "shop"})) == ["r4", "r2", "r1"]
    assert find(store, "customer", namespaces=frozenset()) == []
    assert find(store, "customer", statuses=frozenset({"faulted"})) == ["r4"]
    assert find(store, "customer", started_after=NOW + timedelta(hours=1)) == []


NONSENSE = [
    "",
    " ",
    '"',
    '""',
    "*",
    "AND",
    "a OR",
    "-",
    "words:",
    "(",
    "'",
    "\\",
    "\0",
    "\ud800",
    "a:*",
    "NEAR(a b)",
    "^a",
]


def test_no_query_is_syntax(store, add_runs):
    add_runs("r1")
    index(store, {"r1": "and or words a b near"})
    for text in NONSENSE:
        assert find(store, text) in ([], ["r1"]), text


def test_a_search_goes_on_behind_a_page(store, epoch, add_runs):
    add_runs(*(f"r{number:03}" for number in range(250)))
    index(store, {f"r{number:03}": f"common {'rare' if number % 100 == 0 else ''}" for number in range(250)})
    where, found, after = RunFilter(text="common"), [], None
    while True:
        page = store.search_runs(where, limit=60, after=after)
        found += ids(page.records)
        after = page.next_after
        if after is None:
            break
    assert found == [f"r{number:03}" for number in reversed(range(250))]
    assert find(store, "rare") == ["r200", "r100", "r000"]
    assert find(store, "rare", after="r150") == ["r100", "r000"]


def test_an_error_that_comes_later_is_indexed_and_a_pruned_run_leaves(
    medium, store, epoch, add_runs, make_batch, make_record
):
    add_runs("r1", r2={"status": "completed"})
    index(store, TEXTS)
    store.append(epoch, [make_batch("r1", 2, record=make_record("r1", "faulted", error="Timeout of Müller"))])
    assert index(store, TEXTS) == ["r1"]
    assert find(store, "timeout") == find(store, "1234") == ["r1"]
    store.prune(epoch, NOW + timedelta(days=1), limit=10)
    assert find(store, "customer") == find(medium.open(), "customer") == []
    assert store.list_unindexed(10) == []


def test_a_key_that_is_given_anew_is_indexed_anew(medium, store, epoch, add_runs, make_batch):
    add_runs("r0", r1={"status": "completed"}, r2={"status": "completed", "error": "why"})
    index(store, TEXTS)
    store.prune(epoch, NOW + timedelta(days=1), limit=10)
    again = medium.open()
    epoch = again.acquire("other", NOW, 10.0)
    again.append(epoch, [make_batch("r3"), make_batch("r4")])
    assert index(again, TEXTS) == ["r3", "r4"]
    assert find(again, "nothing") == ["r3"]


def test_a_cleared_index_begins_again(medium, store, add_runs):
    add_runs("r1", "r2")
    index(store, TEXTS)
    store.clear_index()
    assert find(store, "customer") == []
    assert index(medium.open(), TEXTS) == ["r1", "r2"]
    assert find(store, "customer") == ["r2", "r1"]


def test_what_was_indexed_outlives_the_store(medium, store, add_runs):
    add_runs("r1")
    index(store, TEXTS)
    other = medium.open()
    assert other.list_unindexed(10) == []
    assert find(other, "customer") == ["r1"]


def test_the_first_events_come_with_a_run_that_is_not_indexed(store, add_runs):
    add_runs("r1")
    (found,) = store.list_unindexed(10)
    assert found.first is not None
    assert (found.first.first_seq, found.first.count, found.first.body) == (1, 1, b"events")
    assert found.run_id == "r1"
