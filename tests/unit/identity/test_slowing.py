from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.identity.sign_in import find_site
from kapell.identity.slowing import Slowing

FAILED = datetime(2026, 1, 1, tzinfo=UTC)
SLOWING = Slowing(free=3, longest=timedelta(seconds=10))


def find_wait(failures, seconds_later=0):
    return SLOWING.find_wait(failures, FAILED, FAILED + timedelta(seconds=seconds_later)).total_seconds()


def test_waits_double_after_the_free_failures_up_to_the_longest():
    assert [find_wait(failures) for failures in range(9)] == [0, 0, 0, 0, 1, 2, 4, 8, 10]


def test_time_that_has_passed_counts():
    assert [find_wait(7, later) for later in (0, 3, 7.5, 8, 9)] == [8, 5, 0.5, 0, 0]


@given(failures=st.integers(0, 10**9), later=st.integers(0, 10**7))
def test_nobody_waits_for_good(failures, later):
    assert 0 <= find_wait(failures, later) <= 10
    assert find_wait(failures, 10) == 0


def test_after_a_day_all_is_forgotten():
    slow = Slowing(free=0, longest=timedelta(days=3), first=timedelta(days=2))
    assert slow.find_wait(1, FAILED, FAILED + timedelta(hours=23)) == timedelta(hours=25)
    assert slow.find_wait(1, FAILED, FAILED + timedelta(days=1)) == timedelta()


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unix:" + "x" * 100, "unix:" + "x" * 59),
        ("", ""),
    ],
)
def test_what_counts_of_an_address(address, site):
    assert find_site(address) == site
