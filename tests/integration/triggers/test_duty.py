from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.cron_oracle import fires_at

from kapell.errors import ConflictError, StorageError
from kapell.triggers import store
from kapell.triggers.firing import Firings
from kapell.triggers.model import Trigger, TriggerSchedule, TriggerSpec
from kapell.triggers.service import plan_from

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def test_each_firing_starts_one_run_at_its_time(bench):
    trigger = bench.create(cron="0 * * * *", input={"number": 1})
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 5 * HOUR)
    assert bench.runs.starts == [START + number * HOUR for number in range(1, 6)]
    assert bench.tell(trigger) == [(START + number * HOUR, "started") for number in range(1, 6)]
    order = next(iter(bench.runs.orders.values()))
    assert (order.namespace, order.workflow, order.version, order.input) == ("shop", "order", "latest", {"number": 1})
    assert bench.triggers.list_firings(trigger.trigger_id)[-1].run_id == order.run_id


async def test_an_interval_does_not_drift(bench):
    bench.create(every="PT7M")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2 * HOUR)
    assert bench.runs.starts == [START + number * 7 * MINUTE for number in range(1, 18)]


async def test_what_is_made_while_the_duty_sleeps_wakes_it(bench):
    async with bench.working(longest_sleep_seconds=1e9) as duty:
        await bench.pass_time(duty, START + HOUR)
        bench.create(every="PT1M")
        await bench.pass_time(duty, START + HOUR + 2 * MINUTE)
    assert bench.runs.starts == [START + HOUR + MINUTE, START + HOUR + 2 * MINUTE]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("one", [2, 5.5, 6]),  # of 3, 4 and 5 one, when the server is back
        ("skip", [2, 6]),
        ("all", [2, 5.5, 5.5, 5.5, 6]),
    ],
)
async def test_a_server_that_was_down_follows_the_policy(bench, missed, expected):
    trigger = bench.create(cron="0 2-6 * * *", missed=missed)
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2.5 * HOUR)
    bench.clock.advance(3 * 3600)
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 6.5 * HOUR)
    assert bench.runs.starts == [START + hours * HOUR for hours in expected]
    decided = [
        firing.since + number * HOUR
        for firing in bench.triggers.list_firings(trigger.trigger_id)[::-1]
        for number in range(firing.count)
    ]
    assert decided == [START + hours * HOUR for hours in range(2, 7)]  # each is told of, once


async def test_a_jump_ahead_is_noticed_and_a_jump_back_fires_nothing_twice(bench):
    bench.create(cron="*/10 * * * *", missed="skip")
    async with bench.working(longest_sleep_seconds=10.0) as duty:
        await bench.pass_time(duty, START + 15 * MINUTE)
        bench.clock.set_back(-3600)  # the clock says 01:15
        await bench.pass_time(duty, START + 85 * MINUTE)
        before = bench.runs.planned
        bench.clock.set_back(3600)  # and 00:25 again
        await bench.pass_time(duty, START + 95 * MINUTE)
    assert before == [START + 10 * MINUTE, START + 80 * MINUTE]
    assert bench.runs.planned == [*before, START + 90 * MINUTE]


async def test_a_trigger_planned_anew_after_a_jump_back_fires_nothing_twice(bench, ann):
    trigger = bench.create(cron="*/10 * * * *")
    async with bench.working(longest_sleep_seconds=10.0) as duty:
        await bench.pass_time(duty, START + 35 * MINUTE)
        bench.clock.set_back(1800)  # the clock says 00:05
        bench.triggers.pause(trigger.trigger_id, actor=ann)
        bench.triggers.resume(trigger.trigger_id, actor=ann)
        await bench.pass_time(duty, START + 45 * MINUTE)
    assert bench.runs.planned == [START + number * MINUTE for number in (10, 20, 30, 40)]


async def test_a_paused_trigger_says_that_it_was_paused(bench, ann):
    trigger = bench.create(cron="0 * * * *")
    async with bench.working() as duty:
        bench.triggers.pause(trigger.trigger_id, actor=ann)
        await bench.pass_time(duty, START + 2.5 * HOUR)
        bench.triggers.resume(trigger.trigger_id, actor=ann)
        await bench.pass_time(duty, START + 3.5 * HOUR)
    outcomes = [outcome for _, outcome in bench.tell(trigger)]
    assert outcomes == ["skipped", "skipped", "started"]
    assert "paused" in bench.triggers.list_firings(trigger.trigger_id)[-1].reason


async def test_a_trigger_is_fired_by_hand(bench, ann):
    trigger = bench.create(after="PT10M")
    async with bench.working(longest_sleep_seconds=1e9) as duty:
        await bench.pass_time(duty, START + 5 * MINUTE)
        order = bench.triggers.fire(trigger.trigger_id, actor=ann)
        await bench.pass_time(duty, START + 20 * MINUTE)
        assert list(bench.runs.orders) == [order.run_id]
        bench.runs.end(order.run_id)
        await bench.pass_time(duty, START + 35 * MINUTE)
    assert bench.runs.starts == [START + 5 * MINUTE, START + 30 * MINUTE]
    lost = bench.triggers.fire(trigger.trigger_id, actor=ann)  # and the process is gone
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 36 * MINUTE)
    assert lost.run_id in bench.runs.orders
    assert [outcome for _, outcome in bench.tell(trigger)] == ["started"] * 3
    assert bench.records.count("trigger.fire") == 2


# -- runs under way ----------------------------------------------------------------------------------------------------


async def test_overlaps_are_skipped_until_the_run_has_ended(bench):
    trigger = bench.create(cron="0 * * * *", overlap="skip")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2.5 * HOUR)
        bench.runs.end(next(iter(bench.runs.orders)))
        await bench.pass_time(duty, START + 3.5 * HOUR)
    assert [outcome for _, outcome in bench.tell(trigger)] == ["started", "skipped", "started"]
    assert bench.triggers.list_firings(trigger.trigger_id)[1].reason == "The run before had not ended."


async def test_queued_firings_start_one_after_the_other(bench):
    trigger = bench.create(cron="0 * * * *", overlap="queue")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 3.5 * HOUR)
        assert [outcome for _, outcome in bench.tell(trigger)] == ["started", "queued", "queued"]
        bench.runs.end(list(bench.runs.orders)[-1])
        await bench.pass_time(duty, START + 3.6 * HOUR)
        assert [outcome for _, outcome in bench.tell(trigger)] == ["started", "started", "queued"]
    bench.runs.end(list(bench.runs.orders)[-1])  # while no server is there
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 3.7 * HOUR)
        assert [outcome for _, outcome in bench.tell(trigger)] == ["started", "started", "started"]
        assert bench.runs.planned == [START + number * HOUR for number in (1, 2, 3)]
        await bench.pass_time(duty, START + 4.5 * HOUR)
    assert [outcome for _, outcome in bench.tell(trigger)][-1] == "queued"


async def test_a_replaced_run_is_cancelled_before_the_next_begins(bench):
    trigger = bench.create(cron="0 * * * *", overlap="replace")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 3.5 * HOUR)
    ids = list(bench.runs.orders)
    assert bench.runs.cancelled == ids[:2]
    assert bench.runs.starts == [START + number * HOUR for number in (1, 2, 3)]
    assert [outcome for _, outcome in bench.tell(trigger)] == ["started"] * 3


async def test_after_counts_from_the_end_of_the_run_before(bench):
    bench.create(after="PT10M")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + HOUR)
        assert bench.runs.starts == [START + 10 * MINUTE]
        bench.runs.end(next(iter(bench.runs.orders)))
        await bench.pass_time(duty, START + 2 * HOUR)
    assert bench.runs.starts == [START + 10 * MINUTE, START + 70 * MINUTE]


@pytest.mark.parametrize("overlap", ["allow", "queue"])
async def test_runs_that_end_at_once_are_not_waited_for(bench, overlap):
    bench.runs.ends_at_once = True
    bench.create(after="PT10M", overlap=overlap)
    async with bench.working() as duty:
        await bench.pass_time(duty, START + HOUR)
    assert bench.runs.starts == [START + number * 10 * MINUTE for number in range(1, 7)]


async def test_a_run_that_ended_while_no_server_was_there_is_looked_up(bench):
    bench.create(after="PT10M")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 15 * MINUTE)
    bench.clock.advance(5 * 60)
    bench.runs.end(next(iter(bench.runs.orders)))  # at 00:20
    bench.clock.advance(5 * 60)
    async with bench.working() as duty:
        await bench.pass_time(duty, START + HOUR)
    assert bench.runs.starts == [START + 10 * MINUTE, START + 30 * MINUTE]


# -- what goes wrong ---------------------------------------------------------------------------------------------------


async def test_a_workflow_that_cannot_start_is_told_of(bench):
    trigger = bench.create(every="PT1H")
    bench.runs.failures = [ConflictError("shop/order starts no more runs: it is old.")]
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2 * HOUR)
    assert [outcome for _, outcome in bench.tell(trigger)] == ["skipped", "started"]
    reason = bench.triggers.list_firings(trigger.trigger_id)[-1].reason
    assert reason == "It could not be started: shop/order starts no more runs: it is old."


async def test_an_after_trigger_whose_start_is_refused_goes_on(bench):
    trigger = bench.create(after="PT10M")
    bench.runs.failures = [ConflictError("no")]
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 25 * MINUTE)
    assert [outcome for _, outcome in bench.tell(trigger)] == ["skipped", "started"]


async def test_a_start_that_is_held_up_is_tried_again(bench):
    trigger = bench.create(every="PT1H")
    bench.runs.failures = [StorageError("away"), StorageError("away")]
    async with bench.working() as duty:
        await bench.pass_time(duty, START + HOUR + MINUTE)
    assert bench.tell(trigger) == [(START + HOUR, "started")]
    assert len(bench.runs.orders) == 1


@pytest.mark.parametrize("is_started", [False, True])
async def test_a_crash_after_the_decision_leads_to_one_run(bench, is_started):
    trigger = bench.create(every="PT1H")
    bench.clock.advance(3600)
    orders = bench.firings.decide_due(bench.clock.now())  # written down, and then the process is gone
    assert bench.tell(trigger) == [(START + HOUR, "starting")]
    if is_started:
        await bench.runs.start(orders.starts[0])
    bench.clock.advance(600)
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 1.5 * HOUR)
    assert bench.tell(trigger) == [(START + HOUR, "started")]
    assert list(bench.runs.orders) == [orders.starts[0].run_id]


async def test_two_processes_decide_on_a_firing_once(bench):
    trigger = bench.create(every="PT1H")
    bench.clock.advance(3600)
    first = bench.firings.decide_due(bench.clock.now())
    second = Firings(bench.database, bench.runs).decide_due(bench.clock.now())
    assert (len(first.starts), len(second.starts)) == (1, 0)
    assert len(bench.tell(trigger)) == 1


async def test_what_another_process_ordered_and_could_not_start_is_started(bench):
    trigger = bench.create(every="PT1H")
    async with bench.working(longest_sleep_seconds=30.0) as duty:
        await bench.pass_time(duty, START + HOUR - MINUTE)
        orders = bench.firings.decide_due(START + HOUR)  # its clock is ahead; and then it loses the runs
        await bench.pass_time(duty, START + HOUR + 2 * MINUTE)
    assert list(bench.runs.orders) == [orders.starts[0].run_id]
    assert bench.tell(trigger) == [(START + HOUR, "started")]


async def test_a_schedule_that_cannot_be_read_any_more_holds_up_no_other(bench):
    broken = bench.create("broken", cron="0 * * * *")
    bench.create("good", cron="0 * * * *")
    with bench.database.write() as connection:
        spec = msgspec.structs.replace(broken.spec, schedule=TriggerSchedule(cron="0 * * * *", zone="Mars/Base"))
        store.update_trigger(connection, msgspec.structs.replace(broken, spec=spec))
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2 * HOUR)
    assert len(bench.runs.orders) == 2
    assert [outcome for _, outcome in bench.tell(broken)] == ["skipped"]
    assert "Mars/Base" in bench.triggers.list_firings(broken.trigger_id)[0].reason
    assert bench.triggers.get(broken.trigger_id).next_at is None


async def test_the_history_keeps_about_a_thousand_firings(sqlite_bench):
    bench = sqlite_bench
    trigger = bench.create(every="PT1S", missed="all")
    async with bench.working() as duty:
        bench.clock.advance(990)
        await bench.pass_time(duty, START + timedelta(seconds=990))
        bench.clock.advance(210)
        await bench.pass_time(duty, START + timedelta(seconds=1200))
    assert len(bench.runs.orders) == 1200
    kept = bench.tell(trigger)
    assert 1000 <= len(kept) <= 1100
    assert kept[-1][0] == START + timedelta(seconds=1200)


# -- many, and for long ------------------------------------------------------------------------------------------------

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@pytest.mark.timeout(160)
async def test_a_leap_year_in_five_zones_fires_as_the_oracle_says(sqlite_bench):
    bench = sqlite_bench
    begin, end = datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    bench.clock.advance((begin - START).total_seconds())
    expressions = {zone: expression for zone in ZONES for expression in ["30 2 * * *"]}
    expressions["Australia/Lord_Howe"] = "45 1 * * *"
    expressions["America/New_York"] = "15 1,2 1-15 3,11 *"
    expressions["Asia/Kathmandu"] = "0 0 29 2 *"
    triggers = {zone: bench.create(zone.replace("/", "-"), cron=expressions[zone], zone=zone) for zone in ZONES}
    async with bench.working(longest_sleep_seconds=1e9) as duty:
        await bench.pass_time(duty, end)
    for zone, trigger in triggers.items():
        expected = fires_at(expressions[zone], zone, begin, end)
        started = [
            (order.planned_at, bench.runs.started_at[run_id])
            for run_id, order in bench.runs.orders.items()
            if order.trigger_id == trigger.trigger_id
        ]
        assert started == [(moment, moment) for moment in expected], zone


@pytest.mark.timeout(160)
async def test_ten_thousand_schedules_fire_as_the_oracle_says(sqlite_bench):
    bench = sqlite_bench
    chance = random.Random(7)  # noqa: S311 -- the same schedules each time
    with bench.database.write() as connection:
        triggers = [_make_one(bench.clock.now(), number, chance) for number in range(10_000)]
        for trigger in triggers:
            store.add_trigger(connection, trigger)
    end = START + 2 * HOUR
    async with bench.working(longest_sleep_seconds=1e9) as duty:
        await bench.pass_time(duty, end)
    expected = {
        (trigger.trigger_id, moment)
        for trigger in triggers
        for moment in fires_at(trigger.spec.schedule.cron, trigger.spec.schedule.zone, START, end)
    }
    started = [(order.trigger_id, order.planned_at) for order in bench.runs.orders.values()]
    assert len(started) == len(set(started))
    assert set(started) == expected
    assert len(expected) > 1_500
    assert bench.runs.starts == bench.runs.planned  # each at its time
    assert not bench.list_open()


def _make_one(now, number, chance):
    hour = "*" if number % 20 == 0 else chance.randrange(24)
    schedule = TriggerSchedule(cron=f"{chance.randrange(60)} {hour} * * *", zone=chance.choice(ZONES))
    spec = TriggerSpec(workflow="order", schedule=schedule)
    trigger = Trigger(
        trigger_id=f"t{number:025}",
        namespace="shop",
        name=f"n{number}",
        spec=spec,
        created_at=now,
        updated_at=now,
        updated_by="u-1",
        updated_by_name="Ann",
    )
    return plan_from(trigger, now)
