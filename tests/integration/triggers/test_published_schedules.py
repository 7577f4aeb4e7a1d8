from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kapell.errors import ConflictError, UsageError
from kapell.triggers.published_schedules import follow_versions

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(version, schedule=""):
    document = f"{{dsl: '1.0.3', namespace: shop, name: report, version: '{version}'}}"
    return f"document: {document}\n{schedule}\ndo: [{{begin: {{set: {{value: 1}}}}}}]\n"


@pytest.fixture
def publish(bench, ann):
    bench.workflows.on_versions = follow_versions

    def publish(version, schedule="", **rest):
        bench.workflows.publish("shop", "report", write(version, schedule), actor=ann, **rest)
        return bench.triggers.find("shop", "workflow:report")

    return publish


async def test_a_published_schedule_starts_its_version(bench, publish):
    trigger = publish("1.0.0", "schedule: {cron: '0 * * * *'}")
    assert (trigger.owner_version, trigger.spec.version, trigger.spec.missed) == ("1.0.0", "1.0.0", "one")
    async with bench.working() as duty:
        await bench.pass_time(duty, START + 2 * HOUR)
    assert [(order.workflow, order.version) for order in bench.runs.orders.values()] == [("report", "1.0.0")] * 2


@pytest.mark.parametrize(
    ("schedule", "first"),
    [("{every: {hours: 2}}", 2 * HOUR), ("{every: PT90M}", 1.5 * HOUR), ("{after: {minutes: 30}}", HOUR / 2)],
)
def test_intervals_and_delays_count_from_the_publication(publish, schedule, first):
    assert publish("1.0.0", f"schedule: {schedule}").planned_at == START + first


def test_a_new_version_takes_the_place_of_the_one_before(bench, publish, ann):
    before = publish("1.0.0", "schedule: {every: {hours: 2}}")
    bench.triggers.pause(before.trigger_id, actor=ann)
    bench.clock.advance(600)
    same = publish("1.1.0", "schedule: {every: PT2H}")
    assert (same.trigger_id, same.owner_version, same.is_paused) == (before.trigger_id, "1.1.0", True)
    assert same.planned_at == before.planned_at
    other = publish("1.2.0", "schedule: {every: PT1H}")
    assert (other.trigger_id, other.planned_at) == (before.trigger_id, bench.clock.now() + HOUR)
    assert publish("1.1.1", "schedule: {every: PT5H}", allow_lower=True) == other
    assert publish("1.3.0") is None


def test_deprecation_brings_the_version_before_back(bench, publish, ann):
    publish("1.0.0", "schedule: {every: PT1H}")
    publish("2.0.0", "schedule: {every: PT2H}")
    bench.workflows.deprecate("shop", "report", "2.0.0", "it is too slow", actor=ann)
    assert bench.triggers.find("shop", "workflow:report").owner_version == "1.0.0"
    bench.workflows.deprecate("shop", "report", "1.0.0", "it is old", actor=ann)
    assert bench.triggers.find("shop", "workflow:report") is None
    bench.workflows.undeprecate("shop", "report", "1.0.0", actor=ann)
    assert bench.triggers.find("shop", "workflow:report").owner_version == "1.0.0"


def test_the_history_goes_with_the_trigger(bench, publish):
    publish("1.0.0", "schedule: {every: PT1H}")
    bench.clock.advance(7200)
    bench.firings.decide_due(bench.clock.now())
    assert publish("1.1.0") is None
    assert not bench.list_open()


@pytest.mark.parametrize("schedule", ["{cron: every day}", "{every: PT0S}", "{after: '${ .wait }'}"])
def test_a_schedule_that_will_not_do_is_not_published(bench, publish, schedule):
    with pytest.raises(UsageError):
        publish("1.0.0", f"schedule: {schedule}")
    assert not bench.workflows.list_workflows(namespaces={"shop"}, text="report").items


def test_nobody_else_changes_or_deletes_it(bench, publish, ann):
    trigger = publish("1.0.0", "schedule: {every: PT1H}")
    with pytest.raises(ConflictError, match=r"belongs to version 1\.0\.0"):
        bench.triggers.delete(trigger.trigger_id, actor=ann)
    with pytest.raises(ConflictError, match=r"belongs to version 1\.0\.0"):
        bench.triggers.replace(trigger.trigger_id, trigger.spec, revision=1, actor=ann)
