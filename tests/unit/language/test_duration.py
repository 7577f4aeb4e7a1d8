"""Durations as they are written in definitions and as expressions give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.language.duration import WRITTEN_PARTS, parse_duration
from kapell.language.model import Duration


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("PT5M", timedelta(minutes=5)),
        ("P1DT12H", timedelta(hours=36)),
        ("P2W", timedelta(weeks=2)),
        ("P1Y2M", timedelta(days=365 + 60)),
        ("PT1.5S", timedelta(seconds=1.5)),
        ("PT0S", timedelta()),
        ({"seconds": 3}, timedelta(seconds=3)),
        ({"days": 1, "hours": 2, "minutes": 3, "seconds": 4, "milliseconds": 5}, timedelta(1, 7384, 5000)),
        ({"seconds": 2.0}, timedelta(seconds=2)),
    ],
)
def test_durations_are_read(written: Any, length: timedelta) -> None:
    assert parse_duration(written) == length
    assert Duration(written=written).to_timedelta() == length


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5m", "'5m' is no ISO 8601 duration such as PT5M (5 minutes) or P1DT12H (a day and a half)"),
        ("P", "'P' is no ISO 8601 duration"),
        ("PT", "'PT' is no ISO 8601 duration"),
        ("PT5M\n", "is no ISO 8601 duration"),
        ("PT\u0665M", "is no ISO 8601 duration"),
        ("-PT5M", "'-PT5M' is no ISO 8601 duration"),
        (5, "a duration is ISO 8601 text such as PT5M or an object such as {minutes: 5}, not 5"),
        (None, "a duration is ISO 8601 text"),
        ({}, "an empty object is no duration; give at least one part, such as {seconds: 0}"),
        ({"weeks": 1}, "'weeks' is no part of a duration; the parts are days, hours, minutes, seconds, milliseconds"),
        ({"seconds": 1.5}, "the seconds of a duration must be a whole number, not 1.5"),
        ({"seconds": True}, "the seconds of a duration must be a whole number, not True"),
        ({"seconds": "1"}, "the seconds of a duration must be a whole number, not '1'"),
        ({"seconds": -1}, "a duration cannot be negative"),
        ({"days": 10**12}, "the duration is longer than Kapell can count (about 2.7 million years)"),
        (f"P{'9' * 400}Y", "the duration is longer than Kapell can count"),
    ],
)
def test_what_is_no_duration_is_refused(written: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(written)
    assert said in str(caught.value)


@given(st.dictionaries(st.sampled_from(WRITTEN_PARTS), st.integers(0, 10**6), min_size=1))
def test_an_object_and_its_text_have_the_same_length(parts: dict[str, int]) -> None:
    days, hours, minutes, seconds, milliseconds = (parts.get(part, 0) for part in WRITTEN_PARTS)
    text = f"P{days}DT{hours}H{minutes}M{seconds + milliseconds // 1000}.{milliseconds % 1000:03}S"
    assert abs(parse_duration(text) - parse_duration(parts)) <= timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("written", "expression"), [("${ .delay }", "${ .delay }"), ("PT1S", None), ({"seconds": 1}, None)]
)
def test_a_duration_may_be_an_expression(written: Any, expression: str | None) -> None:
    duration = Duration(written=written)
    assert duration.expression == expression
    if expression is not None:
        with pytest.raises(ValueError, match="no ISO 8601 duration"):
            duration.to_timedelta()
