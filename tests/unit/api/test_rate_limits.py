"""The pace that principals and strangers are held to, on a clock that moves by hand."""

from __future__ import annotations

import pytest

from kapell.api import rate_limits
from kapell.api.rate_limits import Pace, RateLimitedError, RateLimits
from kapell.errors import UsageError
from kapell.settings import Settings, read_settings
from kapell.testing.virtual_clock import VirtualClock


@pytest.fixture
def clock():
    return VirtualClock()


def take_until_refused(pace, key="a"):
    """Return how many requests are taken at once, and the refusal of the next."""
    for taken in range(10_000):
        try:
            pace.take(key)
        except RateLimitedError as error:
            return taken, error
    raise AssertionError


def test_a_burst_is_taken_and_then_what_the_rate_allows(clock):
    pace = Pace("stranger", 10, 3, clock)
    taken, refused = take_until_refused(pace)
    assert (taken, refused.retry_after_seconds) == (30, 1)
    assert refused.headers == {"RateLimit-Policy": '"stranger";q=30;w=3', "RateLimit": '"stranger";r=0;t=1'}
    clock.advance(0.5)
    assert take_until_refused(pace)[0] == 5
    clock.advance(100)
    assert take_until_refused(pace)[0] == 30


def test_a_request_that_is_refused_costs_nothing(clock):
    pace = Pace("principal", 1, 2, clock)
    take_until_refused(pace)
    for _ in range(100):
        with pytest.raises(RateLimitedError):
            pace.take("a")
    clock.advance(1)
    pace.take("a")


def test_keys_have_a_bucket_each(clock):
    pace = Pace("principal", 1, 5, clock)
    assert take_until_refused(pace, "a")[0] == take_until_refused(pace, "b")[0] == 5


def test_a_rate_below_one_takes_one_at_a_time(clock):
    pace = Pace("principal", 0.1, 1, clock)
    taken, refused = take_until_refused(pace)
    assert (taken, refused.retry_after_seconds) == (1, 10)


def test_however_many_keys_there_are_memory_has_a_limit(clock, monkeypatch):
    monkeypatch.setattr(rate_limits, "_MOST_REMEMBERED", 100)
    pace = Pace("stranger", 1, 2, clock)
    for number in range(1000):
        pace.take(str(number))
    assert len(pace._used_until) <= 100
    take_until_refused(pace, "new")
    clock.advance(10)
    for number in range(101):
        pace.take(str(number))
    assert "new" not in pace._used_until


def test_strangers_are_counted_by_site_and_only_where_they_show_nothing(clock):
    limits = RateLimits(Settings(stranger_rate_limit=1, rate_burst_seconds=2), clock)
    shown = {b"authorization": b"Bearer x"}
    for _ in range(10):
        limits.take_before("/health", {}, "192.0.2.1")
        limits.take_before("/ready", {}, "192.0.2.1")
        limits.take_before("/api/v1/runs", shown, "192.0.2.1")
        limits.take_for_principal("p")
    limits.take_before("/api/v1/sign-in", shown, "2001:db8::1")
    limits.take_before("/api/v1/runs", {}, "2001:db8::2")
    with pytest.raises(RateLimitedError):
        limits.take_before("/api/v1/runs", {}, "2001:db8::3")
    limits.take_before("/api/v1/runs", {}, "2001:db8:0:1::3")


def test_no_limit_is_no_limit(clock):
    limits = RateLimits(Settings(stranger_rate_limit=0), clock)
    for _ in range(10_000):
        limits.take_before("/", {}, "192.0.2.1")
        limits.take_for_stranger("192.0.2.1")


@pytest.mark.parametrize(
    "wrong", ["KAPELL_RATE_LIMIT=-1", "KAPELL_STRANGER_RATE_LIMIT=inf", "KAPELL_RATE_BURST_SECONDS=0"]
)
def test_what_is_no_limit_is_refused(wrong):
    name, _, value = wrong.partition("=")
    with pytest.raises(UsageError, match=name.removeprefix("KAPELL_").lower()):
        read_settings({name: value})
