from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kapell.errors import UsageError
from kapell.triggers.deciding import MOST_COUNTED, MOST_MADE_UP, MOST_QUEUED, Standing, decide, make_run_id_of
from kapell.triggers.model import Trigger, TriggerSchedule, TriggerSpec
from kapell.triggers.timing import read_timing

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_trigger(planned_at=NOON, *, is_paused=False, schedule=None, **spec):
    schedule = schedule or TriggerSchedule(cron="0 * * * *")
    spec = TriggerSpec(workflow="order", schedule=schedule, **spec)
    return Trigger(
        trigger_id="t",
        namespace="shop",
        name="hourly",
        spec=spec,
        is_paused=is_paused,
        planned_at=planned_at,
        next_at=planned_at,
        created_at=NOON,
        updated_at=NOON,
        updated_by="u",
        updated_by_name="Ann",
    )


def decide_at(now, trigger=None, standing=None, **spec):
    trigger = trigger or make_trigger(**spec)
    return decide(trigger, read_timing(trigger.spec, NOON), standing or Standing(), now)


def tell(decision):
    return [(firing.planned_at, firing.outcome, firing.count) for firing in decision.firings]


def test_a_firing_at_its_time_starts_without_a_word():
    decision = decide_at(NOON)
    assert tell(decision) == [(NOON, "starting", 1)]
    assert decision.firings[0].reason == ""
    assert decision.planned_at == NOON + HOUR


def test_a_little_late_is_on_time_for_every_policy():
    for missed in ("one", "skip", "all"):
        assert tell(decide_at(NOON + timedelta(seconds=60), missed=missed)) == [(NOON, "starting", 1)]


def test_what_is_not_due_is_left_alone():
    decision = decide_at(NOON - timedelta(microseconds=1))
    assert not decision.firings
    assert decision.planned_at == NOON


DOWN = NOON + 3 * HOUR + timedelta(minutes=30)


def test_one_run_makes_up_for_all_that_was_missed():
    decision = decide_at(DOWN, missed="one")
    assert tell(decision) == [(NOON + 2 * HOUR, "skipped", 3), (NOON + 3 * HOUR, "starting", 1)]
    assert decision.firings[0].since == NOON
    assert "3 before it" in decision.firings[1].reason
    assert decision.planned_at == NOON + 4 * HOUR


def test_missed_firings_can_be_skipped():
    decision = decide_at(DOWN, missed="skip")
    assert tell(decision) == [(NOON + 3 * HOUR, "skipped", 4)]
    assert "missed" in decision.firings[0].reason


def test_all_missed_firings_can_be_made_up_for():
    decision = decide_at(DOWN, missed="all")
    assert tell(decision) == [(NOON + number * HOUR, "starting", 1) for number in range(4)]


@pytest.mark.parametrize("missed", ["one", "skip"])
def test_a_firing_on_time_stands_for_those_before(missed):
    decision = decide_at(NOON + 3 * HOUR, missed=missed)
    assert tell(decision) == [(NOON + 2 * HOUR, "skipped", 3), (NOON + 3 * HOUR, "starting", 1)]
    assert decision.firings[1].reason == ""


def test_at_most_a_thousand_are_made_up_for_and_the_history_says_so():
    decision = decide_at(NOON + 2_000 * HOUR + HOUR / 2, missed="all")
    assert len(decision.firings) == MOST_MADE_UP + 1
    assert decision.firings[0].planned_at == NOON
    assert decision.firings[0].outcome == "skipped"
    assert "only the last 1,000" in decision.firings[0].reason
    assert decision.firings[1].planned_at == NOON + 1_001 * HOUR
    assert decision.firings[-1].planned_at == NOON + 2_000 * HOUR


def test_years_of_seconds_are_skipped_at_once():
    trigger = make_trigger(schedule=TriggerSchedule(cron="* * * * * *"), missed="skip")
    now = NOON + timedelta(days=3_000)
    decision = decide_at(now, trigger)
    skipped, *on_time = decision.firings
    assert skipped.count == MOST_COUNTED
    assert "more than 100" in skipped.reason
    assert [firing.outcome for firing in on_time] == ["starting"] * 61
    assert decision.planned_at == now + timedelta(seconds=1)


def test_a_paused_trigger_starts_nothing_and_says_so():
    decision = decide_at(DOWN, is_paused=True)
    assert tell(decision) == [(NOON + 3 * HOUR, "skipped", 4)]
    assert "paused" in decision.firings[0].reason
    assert decision.planned_at == NOON + 4 * HOUR


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("allow", ["starting", "starting"]),
        ("queue", ["queued", "queued"]),
        ("skip", ["skipped", "skipped"]),
        ("replace", ["replaced", "queued"]),
    ],
)
def test_a_run_under_way_is_met_by_the_policy(overlap, expected):
    decision = decide_at(NOON + HOUR, standing=Standing(is_busy=True), missed="all", overlap=overlap)
    assert [firing.outcome for firing in decision.firings] == expected
    assert decision.cancels is (overlap == "replace")


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("allow", ["starting", "starting"]),
        ("queue", ["starting", "queued"]),
        ("skip", ["starting", "skipped"]),
        ("replace", ["replaced", "starting"]),
    ],
)
def test_two_firings_at_once_overlap_with_each_other(overlap, expected):
    decision = decide_at(NOON + HOUR, missed="all", overlap=overlap)
    assert [firing.outcome for firing in decision.firings] == expected
    assert not decision.cancels


def test_a_replacement_takes_the_place_of_what_is_queued():
    waiting = (NOON - HOUR,)
    decision = decide_at(NOON, standing=Standing(is_busy=True, queued=waiting), overlap="replace")
    assert decision.replaced == waiting
    assert tell(decision) == [(NOON, "queued", 1)]


def test_a_queue_has_an_end():
    waiting = tuple(NOON - number * HOUR for number in range(1, MOST_QUEUED + 1))
    decision = decide_at(NOON, standing=Standing(is_busy=True, queued=waiting), overlap="queue")
    assert tell(decision) == [(NOON, "skipped", 1)]


def test_after_a_start_the_end_of_the_run_says_what_comes_next():
    trigger = make_trigger(schedule=TriggerSchedule(after="PT10M"))
    decision = decide_at(NOON, trigger)
    assert tell(decision) == [(NOON, "starting", 1)]
    assert decision.planned_at is None
    paused = decide_at(NOON, msgspec.structs.replace(trigger, is_paused=True))
    assert paused.planned_at == NOON + timedelta(minutes=10)


def test_jitter_puts_off_each_firing_and_loses_none():
    trigger = make_trigger(schedule=TriggerSchedule(cron="* * * * *"), jitter="PT50S", missed="all")
    timing = read_timing(trigger.spec, NOON)
    found = []
    now = NOON
    while now < NOON + HOUR:
        now += timedelta(seconds=7)
        decision = decide(trigger, timing, Standing(), now)
        assert all(timing.find_due("t", firing.planned_at) <= now for firing in decision.firings)
        found += [firing.planned_at for firing in decision.firings]
        trigger = msgspec.structs.replace(trigger, planned_at=decision.planned_at)
    assert found == [NOON + timedelta(minutes=number) for number in range(len(found))]
    assert len(found) >= 59


def test_the_run_of_a_moment_has_one_id():
    assert make_run_id_of("t", NOON) == make_run_id_of("t", NOON)
    assert make_run_id_of("t", NOON) != make_run_id_of("u", NOON)
    assert make_run_id_of("t", NOON) != make_run_id_of("t", NOON + timedelta(microseconds=1))


@pytest.mark.parametrize(
    "schedule",
    [
        TriggerSchedule(),
        TriggerSchedule(cron="0 * * * *", every="PT1H"),
        TriggerSchedule(every="PT0.5S"),
        TriggerSchedule(every="soon"),
        TriggerSchedule(after="PT0S"),
        TriggerSchedule(cron="0 * * * *", zone="Mars/Base"),
        TriggerSchedule(every="P40000D"),
    ],
)
def test_schedules_that_will_not_do_are_refused_with_a_hint(schedule):
    with pytest.raises(UsageError):
        read_timing(TriggerSpec(workflow="order", schedule=schedule), NOON)


def test_the_longest_jitter_is_an_hour():
    schedule = TriggerSchedule(cron="0 0 * * *")
    read_timing(TriggerSpec(workflow="order", schedule=schedule, jitter="PT1H"), NOON)
    with pytest.raises(UsageError, match="longer than an hour"):
        read_timing(TriggerSpec(workflow="order", schedule=schedule, jitter="PT1H0.001S"), NOON)
