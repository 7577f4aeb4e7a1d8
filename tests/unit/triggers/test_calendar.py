from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cron_oracle import fires_at

from kapell.errors import UsageError
from kapell.triggers.calendar import (
    CronCalendar,
    IntervalCalendar,
    find_jitter,
    find_zone,
    iter_between,
    list_last,
)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def list_firings(expression: str, zone: str, begin: str, end: str) -> list[str]:
    found = iter_between(CronCalendar(expression, zone), at(begin), at(end))
    return [moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for moment in found]


# Written by hand from the changes of each zone: (expression, zone, after, until, firings in UTC).
BY_HAND = [
    # Berlin, 29 March 2026: 02:00 CET becomes 03:00 CEST (01:00 UTC).
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28",
        "2026-03-31",
        ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"],
    ),
    ("*/20 2 * * *", "Europe/Berlin", "2026-03-29", "2026-03-29 12:00", ["2026-03-29 01:00"]),
    (
        "*/30 2,3 * * *",
        "Europe/Berlin",
        "2026-03-29",
        "2026-03-29 12:00",
        ["2026-03-29 01:00", "2026-03-29 01:30"],
    ),
    ("0 3 * * *", "Europe/Berlin", "2026-03-29", "2026-03-29 12:00", ["2026-03-29 01:00"]),
    # Berlin, 25 October 2026: 03:00 CEST becomes 02:00 CET (01:00 UTC).
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24 12:00",
        "2026-10-26 12:00",
        ["2026-10-25 00:30", "2026-10-26 01:30"],
    ),
    (
        "*/30 1-3 * * *",
        "Europe/Berlin",
        "2026-10-24 22:30",
        "2026-10-25 12:00",
        [f"2026-10-{time}" for time in ("24 23:00", "24 23:30", "25 00:00", "25 00:30", "25 02:00", "25 02:30")],
    ),
    # New York, 8 March 2026: 02:00 EST becomes 03:00 EDT (07:00 UTC).
    (
        "15 2 * * *",
        "America/New_York",
        "2026-03-07 12:00",
        "2026-03-09 12:00",
        ["2026-03-08 07:00", "2026-03-09 06:15"],
    ),
    # New York, 1 November 2026: 02:00 EDT becomes 01:00 EST (06:00 UTC).
    (
        "15 1 * * *",
        "America/New_York",
        "2026-10-31 12:00",
        "2026-11-02 12:00",
        ["2026-11-01 05:15", "2026-11-02 06:15"],
    ),
    # Lord Howe, 4 October 2026: 02:00 (+10:30) becomes 02:30 (+11), at 15:30 UTC of the day before.
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-02 12:00",
        "2026-10-04 16:00",
        ["2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"],
    ),
    ("30 2 4 10 *", "Australia/Lord_Howe", "2026-10-03", "2026-10-05", ["2026-10-03 15:30"]),
    # Lord Howe, 5 April 2026: 02:00 (+11) becomes 01:30 (+10:30), at 15:00 UTC of the day before.
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-03 12:00",
        "2026-04-05 16:00",
        ["2026-04-03 14:45", "2026-04-04 14:45", "2026-04-05 15:15"],
    ),
    # Kathmandu is at +05:45 the whole year.
    ("0 0 * * *", "Asia/Kathmandu", "2026-03-28", "2026-03-30", ["2026-03-28 18:15", "2026-03-29 18:15"]),
    # Apia went over the date line: after 29 December 2011 (-10) came 31 December (+14), at 10:00 UTC.
    (
        "0 12 * * *",
        "Pacific/Apia",
        "2011-12-29",
        "2012-01-01",
        ["2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00", "2011-12-31 22:00"],
    ),
    ("0 */6 30 12 *", "Pacific/Apia", "2011-12-29", "2012-01-01", ["2011-12-30 10:00"]),
    # UTC never changes.
    ("30 2 * * *", "UTC", "2026-03-28", "2026-03-30", ["2026-03-28 02:30", "2026-03-29 02:30"]),
]


@pytest.mark.parametrize(("expression", "zone", "after", "until", "expected"), BY_HAND)
def test_changes_of_the_clocks_agree_with_the_table_by_hand(expression, zone, after, until, expected):
    assert list_firings(expression, zone, after, until) == expected


EXPRESSIONS_OF_A_YEAR = (
    "30 2 * * *",
    "*/15 1-3 * * *",
    "0 0 29 2 *",
    "0 12 13 * FRI",
    "5 */7 */3 * MON",
    "0 9 1 JAN-JUN *",
)


@pytest.mark.parametrize("zone", ZONES)
def test_a_leap_year_agrees_with_the_clock_on_the_wall(zone):
    begin, end = at("2027-12-31 23:00"), at("2029-01-01")
    for expression in EXPRESSIONS_OF_A_YEAR:
        found = list(iter_between(CronCalendar(expression, zone), begin, end))
        assert found == fires_at(expression, zone, begin, end), expression


def _field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest)
    span = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    stepped = st.tuples(st.one_of(st.just("*"), span), st.integers(1, 9)).map(lambda both: f"{both[0]}/{both[1]}")
    part = st.one_of(number.map(str), span, stepped)
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 7)).map(" ".join)
# Near the changes of 2026, where most can go wrong.
MOMENTS = st.tuples(
    st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01", "2026-02-28"]),
    st.integers(-3000, 3000),
).map(lambda both: at(both[0]) + timedelta(minutes=both[1]))


@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS)
@settings(max_examples=60, deadline=None)
def test_any_expression_agrees_with_the_clock_on_the_wall(expression, zone, begin):
    end = begin + timedelta(days=2)
    found = list(iter_between(CronCalendar(expression, zone), begin, end))
    assert found == fires_at(expression, zone, begin, end)


@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS, st.integers(0, 59_999_999))
@settings(max_examples=60, deadline=None)
def test_the_next_moment_is_after_and_nothing_lies_between(expression, zone, begin, microseconds):
    calendar = CronCalendar(expression, zone)
    moment = begin + timedelta(microseconds=microseconds)
    following = calendar.find_next(moment)
    assert following is not None
    assert following > moment
    assert calendar.find_next(following - timedelta(microseconds=1)) == following
    assert calendar.find_next(moment + (following - moment) / 2) == following


@given(
    st.integers(1_000, 10**9).map(lambda number: timedelta(milliseconds=number)),
    st.integers(-(10**12), 10**12).map(lambda number: timedelta(milliseconds=number)),
)
def test_an_interval_never_drifts(interval, offset):
    anchor = at("2026-01-01")
    following = IntervalCalendar(interval, anchor).find_next(anchor + offset)
    assert following is not None
    assert following > anchor + offset
    assert (following - anchor) % interval == timedelta()
    assert following == anchor or following - interval <= anchor + offset


def test_six_fields_begin_with_the_seconds():
    found = list_firings("*/20 0 12 * * *", "UTC", "2026-01-01", "2026-01-02")
    assert found == ["2026-01-01 12:00", "2026-01-01 12:00:20", "2026-01-01 12:00:40"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 L * *", ["2028-01-31 00:00", "2028-02-29 00:00", "2028-03-31 00:00"]),
        ("0 0 LW * *", ["2028-01-31 00:00", "2028-02-29 00:00", "2028-03-31 00:00"]),
        ("0 0 * * 5L", ["2028-01-28 00:00", "2028-02-25 00:00", "2028-03-31 00:00"]),
        ("0 0 * * MON#2", ["2028-01-10 00:00", "2028-02-14 00:00", "2028-03-13 00:00"]),
        ("0 0 31 * *", ["2028-01-31 00:00", "2028-03-31 00:00"]),
        ("0 0 30 * *", ["2028-01-30 00:00", "2028-03-30 00:00"]),
        ("0 0 29-29/3 * *", ["2028-01-29 00:00", "2028-02-29 00:00", "2028-03-29 00:00"]),
        ("0 0 29 feb *", ["2028-02-29 00:00"]),
    ],
)
def test_ends_of_months(expression, expected):
    assert list_firings(expression, "UTC", "2028-01-01", "2028-04-01") == expected


def test_leap_days_are_awaited_over_years():
    assert CronCalendar("0 0 29 2 *").find_next(at("2096-03-01")) == at("2104-02-29")


UNREADABLE = ("", "@daily", "* * * *", "* * * * * * *", "a b c d e", "\0 * * * *", "1," * 101 + "1 * * * *")
IMPOSSIBLE = ("60 * * * *", "* 24 * * *", "0 0 30 2 *", "*/0 * * * *", "5-1 * * * *")


@pytest.mark.parametrize("expression", [*UNREADABLE, *IMPOSSIBLE])
def test_what_is_no_cron_expression_is_refused_with_a_hint(expression):
    with pytest.raises(UsageError) as caught:
        CronCalendar(expression)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["Europe/Berln", "", "Europe", "../../etc/passwd", "\0", "Mars/Base"])
def test_unknown_zones_are_refused_with_a_hint(name):
    with pytest.raises(UsageError) as caught:
        find_zone(name)
    assert caught.value.hint


def test_a_mistyped_zone_is_told():
    with pytest.raises(UsageError, match="no time zone `Europe/Berln`") as caught:
        find_zone("Europe/Berln")
    assert "Europe/Berlin" in (caught.value.hint or "")


def test_an_interval_below_a_second_is_refused():
    with pytest.raises(UsageError):
        IntervalCalendar(timedelta(milliseconds=999), at("2026-01-01"))


def test_time_has_an_end():
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert CronCalendar("0 0 * * *", "Pacific/Apia").find_next(last) is None
    assert CronCalendar("0 0 * * *", "America/New_York").find_next(last) is None
    assert IntervalCalendar(timedelta(days=1), at("2026-01-01")).find_next(last) is None


@given(st.integers(0, 40), st.integers(1, 5_000))
@settings(max_examples=60, deadline=None)
def test_the_last_moments_of_a_span_are_those_of_all(limit, minutes):
    calendar = CronCalendar("*/7 8-17 * * *", "Europe/Berlin")
    until = at("2026-03-29 12:00")
    after = until - timedelta(minutes=minutes)
    assert list_last(calendar, after, until, limit + 1) == list(iter_between(calendar, after, until))[-limit - 1 :]


def test_jitter_is_the_same_each_time_and_within_its_bounds():
    moments = [at("2026-01-01") + timedelta(minutes=number) for number in range(500)]
    jitter = timedelta(seconds=30)
    found = [find_jitter("trigger", moment, jitter) for moment in moments]
    assert found == [find_jitter("trigger", moment, jitter) for moment in moments]
    assert found != [find_jitter("another", moment, jitter) for moment in moments]
    assert all(timedelta() <= each <= jitter for each in found)
    assert max(found) - min(found) > timedelta(seconds=25)
    assert find_jitter("trigger", moments[0], timedelta()) == timedelta()


def test_planned_moments_rise_strictly_over_all_changes_of_a_year():
    for zone in (*ZONES, "Pacific/Apia", "Africa/Casablanca"):
        calendar = CronCalendar("7 * * * *", zone)
        moments = list(iter_between(calendar, at("2026-01-01"), at("2027-01-01")))
        assert all(before < after for before, after in pairwise(moments))
