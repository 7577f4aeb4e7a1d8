"""The arithmetic of retries, and chance that is none."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kapell.kernel.retry import compute_delay, compute_jitter

LENGTHS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))


@given(LENGTHS, st.integers(1, 50))
def test_constant_and_linear(delay, retry):
    longest = timedelta(days=3650)
    assert compute_delay("constant", delay, retry) == delay
    linear = compute_delay("linear", delay, retry)
    assert abs(linear - min(delay * retry, longest)) < timedelta(milliseconds=1)


def test_exponential():
    second = timedelta(seconds=1)
    assert [compute_delay("exponential", second, n).total_seconds() for n in range(1, 6)] == [1, 2, 4, 8, 16]
    assert [compute_delay("exponential", second, n, factor=1.5).total_seconds() for n in (1, 2, 3)] == [1, 1.5, 2.25]
    assert compute_delay("exponential", second, 3, factor=0.5) == timedelta(seconds=0.25)


@given(LENGTHS, st.integers(1, 10**9), st.floats(0.001, 1e6))
def test_exponential_never_overflows(delay, retry, factor):
    assert timedelta() <= compute_delay("exponential", delay, retry, factor=factor) <= timedelta(days=3650)


@given(LENGTHS, LENGTHS, st.integers(1, 1000))
def test_the_longest_delay_bounds_all_kinds(delay, longest, retry):
    for kind in ("constant", "linear", "exponential"):
        assert compute_delay(kind, delay, retry, max_delay=longest) <= longest


@given(LENGTHS, LENGTHS, st.text())
def test_jitter_stays_within_its_bounds_and_is_the_same_for_one_seed(one, other, seed):
    lowest, highest = sorted((one, other))
    jitter = compute_jitter(lowest, highest, seed)
    assert lowest <= jitter <= highest
    assert compute_jitter(lowest, highest, seed) == jitter


def test_jitter_is_spread_evenly():
    span = timedelta(seconds=10)
    jitters = [compute_jitter(timedelta(), span, str(number)).total_seconds() for number in range(2000)]
    assert 4.7 < sum(jitters) / len(jitters) < 5.3
    assert sum(jitter < 1 for jitter in jitters) > 140
    assert sum(jitter > 9 for jitter in jitters) > 140
