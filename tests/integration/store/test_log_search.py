"""Looking through a log: on every store, and where it is sealed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from kapell.engine import log_search
from kapell.engine.log_search import LogFilter, find_lines, find_lines_back

LAST = 2**53


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    monkeypatch.setattr(log_search, "_AT_ONCE", 4)


@pytest.fixture
def log(store, make_line, now):
    """A log of 30 lines: every third goes to stderr, every tenth says that something broke."""
    lines = [
        replace(
            make_line(
                "It BRÖKE here" if number % 10 == 0 else f"line {number}", "stderr" if number % 3 == 0 else "stdout"
            ),
            reference="/do/1/build" if number % 2 else "/do/1/build/do/0/run",
            at=now + timedelta(seconds=number),
        )
        for number in range(1, 31)
    ]
    store.append_log("a", [*lines])
    return store


def never():
    return False


def forth(store, after=0, limit=100, is_over=never, **wanted):
    found = find_lines(store, "a", LogFilter(**wanted), after=after, limit=limit, is_over=is_over)
    return [line.seq for line in found.lines], found.next_seq


def back(store, before=LAST, limit=100, is_over=never, **wanted):
    found = find_lines_back(store, "a", LogFilter(**wanted), before=before, limit=limit, is_over=is_over)
    return [line.seq for line in found.lines], found.next_seq


def test_a_text_is_found_in_whatever_case(log):
    assert forth(log, text="brÖKE") == ([10, 20, 30], None)
    assert back(log, text="bröke HERE") == ([10, 20, 30], None)
    assert forth(log, text="nowhere") == ([], None)


def test_stream_task_and_time_restrict_too(log, now):
    assert forth(log, stream="stderr", text="line") == ([3, 6, 9, 12, 15, 18, 21, 24, 27], None)
    assert forth(log, task="/do/1/build/do/0/run")[0] == list(range(2, 31, 2))
    assert forth(log, task="/do/1/build")[0] == list(range(1, 31))
    assert forth(log, task="/do/1/bui") == ([], None)
    assert back(log, until=now + timedelta(seconds=3)) == ([1, 2, 3], None)


def test_a_page_ends_with_its_last_line_and_the_next_goes_on_there(log):
    assert forth(log, limit=2, text="here") == ([10, 20], 20)
    assert forth(log, after=20, limit=2, text="here") == ([30], None)
    assert back(log, limit=2, text="here") == ([20, 30], 20)
    assert back(log, before=20, limit=2, text="here") == ([10], None)
    assert forth(log, limit=30) == (list(range(1, 31)), None)
    assert back(log, limit=29) == (list(range(2, 31)), 2)


def test_who_has_waited_long_enough_is_told_how_far_it_was_looked(log):
    seen, searched_to = forth(log, text="here", is_over=lambda: True, limit=3)
    assert (seen, searched_to) == ([], 4)
    found = []
    while searched_to is not None:
        seen, searched_to = forth(log, after=searched_to, text="here", is_over=lambda: True, limit=3)
        found += seen
    assert found == [10, 20, 30]
    seen, searched_to = back(log, text="line 1", is_over=lambda: True, limit=3)
    assert (seen, searched_to) == ([], 27)
    while searched_to is not None:
        seen, searched_to = back(log, before=searched_to, text="line 1", is_over=lambda: True, limit=3)
        found = seen + found
    assert found == [1, *range(11, 20), 10, 20, 30]


def test_no_line_is_lost_between_pages_of_either_direction(log):
    for limit in (1, 3, 4, 7):
        after, read = 0, []
        while after is not None:
            lines, after = forth(log, after=after, limit=limit, stream="stdout")
            read += lines
        before, read_back = LAST, []
        while before is not None:
            lines, before = back(log, before=before, limit=limit, stream="stdout")
            read_back = lines + read_back
        assert read == read_back == [number for number in range(1, 31) if number % 3]


def test_a_log_with_no_lines_has_none(log):
    assert find_lines(log, "b", LogFilter(text="x"), after=0, limit=5, is_over=never).next_seq is None
    assert find_lines_back(log, "b", LogFilter(), before=LAST, limit=5, is_over=never).lines == []
