"""Searching on PostgreSQL: whatever the way that a search takes, it finds what reading all runs finds."""

from random import Random

import pytest

from kapell.engine.store import RunFilter, RunText
from kapell.engine.words import has_phrases, read_query, split_words

RUNS = 400
NAMESPACES = ["shop", "bank", "port"]
STATUSES = ["completed", "completed", "completed", "faulted"]
WORDS = [f"{begin}{end}" for begin in ("ord", "orde", "cust", "ship", "zeph") for end in ("er", "ing", "omer", "7")]
QUERIES = [
    "ord",
    "orde",
    "order",
    '"order"',
    "ship cust",
    "zeph",
    "absent",
    "abs",
    "ording ord",
    '"custer shiper"',
    "or-d",
]


@pytest.fixture
def small(monkeypatch):
    """Make everything that is counted small, so that few runs take all the ways."""
    for name, value in {
        "pieces.FIRST_BITS": 3,
        "searching._FIRST_KEYS": 16,
        "searching._FIRST_CANDIDATES": 10,
        "searching._CANDIDATES_AT_ONCE": 25,
        "searching._MOST_CANDIDATES": 60,
        "searching._RARE": 5,
    }.items():
        monkeypatch.setattr(f"kapell.engine.postgres_store.{name}", value)


@pytest.fixture
def medium(postgres_medium):
    return postgres_medium


@pytest.fixture
def texts(small, store, add_runs):
    """Store and index runs; the text of each, the newest first. Words are common and rare, and lie unevenly."""
    chance = Random(5)  # noqa: S311 -- no secret
    texts, fields = {}, {}
    for number in range(RUNS):
        run_id = f"r{number:04}"
        weights = [1 + 40 * (index % 4 == number // 100) for index in range(len(WORDS))]
        texts[run_id] = chance.choices(WORDS, weights, k=4) + (["zephyr"] if number % 97 == 3 else [])
        fields[run_id] = {
            "namespace": chance.choices(NAMESPACES, [20, 5, 1])[0],
            "status": chance.choice(STATUSES),
        }
    add_runs(**fields)
    while found := store.list_unindexed(100):
        store.index_texts(
            [
                RunText(each.place, each.fault, each.run_id, each.namespace, " ".join(texts[each.run_id]))
                for each in found
            ]
        )
    return {run_id: (texts[run_id], fields[run_id]) for run_id in sorted(texts, reverse=True)}


def read_pages(store, where):
    found, after = [], None
    while True:
        page = store.search_runs(where, limit=7, after=after)
        assert len(page.records) <= 7
        found += [record.run_id for record in page.records]
        after = page.next_after
        if after is None:
            return found


@pytest.mark.parametrize("namespaces", [None, {"shop"}, {"port"}, {"bank", "port"}])
@pytest.mark.parametrize("statuses", [(), ("faulted",)])
def test_a_search_finds_what_reading_all_runs_finds(store, texts, namespaces, statuses):
    for text in QUERIES:
        phrases = read_query(text)
        expected = [
            run_id
            for run_id, (words, fields) in texts.items()
            if has_phrases(split_words(" ".join(words)), phrases)
            and (namespaces is None or fields["namespace"] in namespaces)
            and (not statuses or fields["status"] in statuses)
        ]
        where = RunFilter(
            text=text,
            namespaces=None if namespaces is None else frozenset(namespaces),
            statuses=frozenset(statuses),
        )
        assert read_pages(store, where) == expected, text
