"""The clock that never goes back, however the machine's clock is set."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kapell.clock import SteadyClock, SystemClock
from kapell.testing.virtual_clock import VirtualClock


def test_it_tells_the_time_of_the_clock_behind():
    clock = VirtualClock()
    steady = SteadyClock(clock)
    assert steady.now() == clock.now()
    clock.advance(7)
    assert steady.now() == clock.now()
    assert steady.monotonic() == clock.monotonic() == 7


def test_set_back_by_an_hour_it_goes_on_at_its_own_pace():
    clock = VirtualClock()
    steady = SteadyClock(clock)
    before = steady.now()
    clock.advance(10)
    clock.set_back(3600)
    assert steady.now() == before + timedelta(seconds=10)
    clock.advance(5)
    assert steady.now() == before + timedelta(seconds=15)


def test_a_jump_ahead_is_believed():
    clock = VirtualClock()
    steady = SteadyClock(clock)
    before = steady.now()
    clock.set_back(-3600)
    assert steady.now() == before + timedelta(hours=1)


def test_set_back_and_corrected_again_it_does_not_run_ahead_for_good():
    clock = VirtualClock()
    steady = SteadyClock(clock)
    before = steady.now()
    clock.set_back(3600)
    steady.now()
    clock.set_back(-3600)
    clock.advance(1)
    assert before < steady.now()


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e5, 1e5)), max_size=20))
def test_it_never_goes_back(steps):
    clock = VirtualClock()
    steady = SteadyClock(clock)
    last = steady.now()
    for passed, back in steps:
        clock.advance(passed)
        clock.set_back(back)
        assert steady.now() >= last
        last = steady.now()


async def test_the_machines_clock():
    clock = SystemClock()
    before, mono = clock.now(), clock.monotonic()
    await clock.sleep(0.001)
    assert clock.now().utcoffset() == timedelta()
    assert clock.now() >= before
    assert clock.monotonic() > mono
