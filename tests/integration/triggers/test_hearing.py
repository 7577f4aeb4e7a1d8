from __future__ import annotations

import json
import threading
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from kapell.engine.event_store import StoredEvent
from kapell.engine.expression_helper import ExpressionHelper
from kapell.errors import StorageError, UsageError
from kapell.kernel.listening import match_event
from kapell.testing.memory_events import EventMedium, MemoryEvents
from kapell.triggers.event_firing import EventFirings, HeardEvent
from kapell.triggers.firing import Orders
from kapell.triggers.hearing import EventHearing
from kapell.triggers.model import TriggerEvents, TriggerSchedule, TriggerSpec
from kapell.triggers.published_schedules import follow_versions

PAID = {"with": {"type": "paid"}, "correlate": {"order": {"from": ".data.order"}}}
SENT = {"with": {"type": "sent"}, "correlate": {"order": {"from": ".data.order"}}}


class Ear:
    """What hears events for triggers, and the duty that it gives orders to, as in one server."""

    def __init__(self, bench, duty, events, helper):
        self.bench, self.duty, self.events = bench, duty, events
        self.asked = 0
        self.hearing = EventHearing(EventFirings(bench.database, bench.firings), events, helper, self, bench.clock)
        self.hearing.match = self._match
        self.is_deaf = False

    def _match(self, *given):
        self.asked += 1
        return match_event(*given)

    async def make_room(self):
        pass

    def follow(self, orders):
        if self.is_deaf:
            raise RuntimeError("the process ends here")
        self.duty.follow(orders)

    async def hear(self):
        """Hear all that there is, and start what follows."""
        while await self.hearing.turn():
            pass
        await self.bench.pass_time(self.duty, self.bench.clock.now())


@pytest.fixture
async def helper():
    helper = ExpressionHelper(processes=1)
    yield helper
    await helper.close()


@pytest.fixture
def events():
    return MemoryEvents(EventMedium(threading.RLock()))


@pytest.fixture
def open_ear(bench, events, helper):
    @asynccontextmanager
    async def open_ear():
        async with bench.working() as duty:
            ear = Ear(bench, duty, events, helper)
            bench.triggers.on_change = lambda: (ear.hearing.note_change(), duty.wake())
            bench.workflows.on_changed = ear.hearing.note_change
            await ear.hear()
            yield ear

    return open_ear


@pytest.fixture
def send(bench, events):
    def send(event_type, number=None, namespace="shop", **data):
        number = number if number is not None else events.last_position() + 1
        body = {"specversion": "1.0", "id": str(number), "source": "/t", "type": event_type, "data": data}
        stored = StoredEvent(
            arrived_at=bench.clock.now(),
            namespace=namespace,
            source="/t",
            event_id=str(number),
            type=event_type,
            via="api/ann",
            body=json.dumps(body).encode(),
        )
        return events.append([stored])[0]

    return send


@pytest.fixture
def create(bench, ann):
    def create(on, name="hears", *, debounce="PT0S", **spec):
        events = TriggerEvents(on=on, debounce=debounce)
        return bench.triggers.create("shop", name, TriggerSpec(workflow="order", events=events, **spec), actor=ann)

    return create


def list_events(bench):
    """Return what the runs were started for, in order."""
    return [order.events for order in bench.runs.orders.values()]


def tell(bench, trigger):
    return [
        (firing.events, firing.outcome) for firing in bench.triggers.list_firings(trigger.trigger_id, limit=2000)[::-1]
    ]


@pytest.mark.parametrize("on", [{"one": {"with": {"type": "paid"}}}, {"any": [{"with": {"type": "paid"}}, SENT]}])
async def test_each_event_that_fits_starts_one_run(bench, open_ear, create, send, on):
    trigger = create(on)
    async with open_ear() as ear:
        first, _, last = send("paid", order=1), send("other"), send("paid", order=2)
        assert send("paid", number=last) == 0  # it is there already
        await ear.hear()
        await ear.hear()
    assert list_events(bench) == [(first,), (last,)]
    assert tell(bench, trigger) == [((first,), "started"), ((last,), "started")]
    order = next(iter(bench.runs.orders.values()))
    assert (order.read, order.workflow, order.namespace) == ("envelope", "order", "shop")


async def test_a_trigger_hears_its_own_namespace_and_nothing_from_before_it_was_made(bench, open_ear, create, send):
    send("paid")
    async with open_ear() as ear:
        send("paid")
        await ear.hear()
        create({"any": []})
        send("paid", namespace="other")
        wanted = send("anything")
        await ear.hear()
    assert list_events(bench) == [(wanted,)]


async def test_expressions_and_patterns_are_asked_of_the_helper(bench, open_ear, create, send):
    create({"one": {"with": {"type": "^(paid|sent)$", "data": '${ .total | test("^9+$") }'}}})
    async with open_ear() as ear:
        send("paid", total="1")
        wanted = send("sent", total="99")
        send("paid", total=5)  # the filter fails on it
        await ear.hear()
    assert list_events(bench) == [(wanted,)]


async def test_all_waits_for_each_filter_within_one_gathering(bench, open_ear, create, send):
    trigger = create({"all": [PAID, SENT]})
    async with open_ear() as ear:
        first = send("paid", order=1)
        send("paid", order=1)  # this filter has had one
        send("sent", order=2)  # of another order
        second = send("sent", order=1)
        await ear.hear()
        third, fourth = send("sent", order=3), send("paid", order=3)
        await ear.hear()
    assert tell(bench, trigger) == [((first, second), "started"), ((third, fourth), "started")]


async def test_what_all_has_gathered_outlasts_a_restart(bench, open_ear, create, send):
    trigger = create({"all": [PAID, SENT]})
    async with open_ear() as ear:
        first = send("paid", order=1)
        await ear.hear()
    assert [each.position for each in bench.triggers.get(trigger.trigger_id).gathered] == [first]
    async with open_ear() as ear:
        send("sent", order=2)
        second = send("sent", order=1)
        await ear.hear()
    assert list_events(bench) == [(first, second)]
    assert bench.triggers.get(trigger.trigger_id).gathered == ()


async def test_a_gathered_event_that_is_kept_no_more_holds_up_nobody_else(bench, events, open_ear, create, send):
    create({"all": [PAID, SENT]})
    create({"one": {"with": {"type": "other"}}}, "other")
    async with open_ear() as ear:
        send("paid", order=1)
        await ear.hear()
    events.prune(arrived_before=bench.clock.now() + timedelta(seconds=1), keep_most=10, below=2, limit=10)
    async with open_ear() as ear:
        wanted = send("other")
        await ear.hear()
    assert list_events(bench) == [(wanted,)]


async def test_a_crash_between_the_row_and_the_start_leads_to_one_run_of_the_same_id(bench, open_ear, create, send):
    trigger = create({"one": {"with": {"type": "paid"}}})
    async with open_ear() as ear:
        ear.is_deaf = True
        position = send("paid")
        with pytest.raises(RuntimeError):
            await ear.hear()
    (row,) = bench.triggers.list_firings(trigger.trigger_id)
    assert (row.outcome, row.events, list_events(bench)) == ("starting", (position,), [])
    async with open_ear() as ear:
        await ear.hear()
    assert list(bench.runs.orders) == [row.run_id]
    assert tell(bench, trigger) == [((position,), "started")]


async def test_events_that_are_read_again_after_a_crash_start_nothing_more(bench, events, open_ear, create, send):
    trigger = create({"one": {"with": {"type": "paid"}}})
    gathers = create({"all": [PAID, SENT]}, "gathers")
    async with open_ear() as ear:
        before = ear.hearing.position
        positions = [send("paid", order=1), send("paid", order=1)]
        await ear.hear()
    events.keep_cursor("triggers", before)
    async with open_ear() as ear:
        await ear.hear()
        assert ear.hearing.position == positions[-1]
    assert tell(bench, trigger) == [((position,), "started") for position in positions]
    assert len(bench.triggers.get(gathers.trigger_id).gathered) == 1


async def test_a_database_that_refuses_loses_no_event(bench, open_ear, create, send, monkeypatch):
    create({"one": {"with": {"type": "paid"}}})
    gathers = create({"all": [PAID, SENT]}, "gathers")
    async with open_ear() as ear:
        position = send("paid", order=1)
        real = EventFirings.hear
        monkeypatch.setattr(EventFirings, "hear", refuse)
        with pytest.raises(StorageError):
            await ear.hear()
        monkeypatch.setattr(EventFirings, "hear", real)
        ear.hearing.note_change()  # as the duty does itself when it fails
        await ear.hear()
    assert list_events(bench) == [(position,)]
    assert [each.position for each in bench.triggers.get(gathers.trigger_id).gathered] == [position]


def refuse(*_):
    raise StorageError("The disk is full.")


async def test_the_cost_of_an_event_does_not_grow_with_the_triggers(bench, open_ear, create, send):
    for number in range(1_000 if bench.database.is_sqlite else 50):
        create({"one": {"with": {"type": f"type.{number}"}}}, f"t{number}")
    async with open_ear() as ear:
        position = send("type.7")
        await ear.hear()
    assert (ear.asked, list_events(bench)) == (1, [(position,)])


async def test_many_events_of_one_moment_have_a_row_each(bench, open_ear, create, send):
    trigger = create({"one": {"with": {"type": "paid"}}})
    async with open_ear() as ear:
        positions = [send("paid") for _ in range(450)]
        await ear.hear()
    assert [events for events, _ in tell(bench, trigger)] == [(position,) for position in positions]
    assert len(bench.runs.orders) == 450


async def test_a_paused_trigger_says_what_it_left_out(bench, open_ear, create, send, ann):
    trigger = create({"one": {"with": {"type": "paid"}}})
    async with open_ear() as ear:
        bench.triggers.pause(trigger.trigger_id, actor=ann)
        left_out = send("paid")
        await ear.hear()
        bench.triggers.resume(trigger.trigger_id, actor=ann)
        heard = send("paid")
        await ear.hear()
    assert tell(bench, trigger) == [((left_out,), "skipped"), ((heard,), "started")]
    assert bench.triggers.list_firings(trigger.trigger_id)[-1].reason == "The trigger was paused."


@pytest.mark.parametrize(
    ("overlap", "outcomes"),
    [
        ("allow", ["started", "started", "started"]),
        ("skip", ["started", "skipped", "skipped"]),
        ("queue", ["started", "queued", "queued"]),
    ],
)
async def test_events_during_a_run_follow_the_policy(bench, open_ear, create, send, overlap, outcomes):
    trigger = create({"one": {"with": {"type": "paid"}}}, overlap=overlap)
    async with open_ear() as ear:
        for _ in range(3):
            send("paid")
            await ear.hear()
        assert [outcome for _, outcome in tell(bench, trigger)] == outcomes
        for run_id in list(bench.runs.orders):
            bench.runs.end(run_id)
        await ear.hear()
        wanted = {"allow": 3, "skip": 1, "queue": 2}[overlap]
        assert list_events(bench) == [(position,) for position in range(1, wanted + 1)]


async def test_a_later_event_replaces_the_run_before(bench, open_ear, create, send):
    trigger = create({"one": {"with": {"type": "paid"}}}, overlap="replace")
    async with open_ear() as ear:
        for _ in range(2):
            send("paid")
            await ear.hear()
        await ear.hear()
    assert bench.runs.cancelled == [next(iter(bench.runs.orders))]
    assert tell(bench, trigger) == [((1,), "started"), ((2,), "started")]


async def test_events_are_debounced_over_a_restart(bench, open_ear, create, send):
    trigger = create({"one": {"with": {"type": "paid"}}}, debounce="PT1M")
    async with open_ear() as ear:
        for _ in range(3):
            last = send("paid")
            await ear.hear()
            await bench.pass_time(ear.duty, bench.clock.now() + timedelta(seconds=30))
        assert list_events(bench) == []
    async with open_ear() as ear:
        await bench.pass_time(ear.duty, bench.clock.now() + timedelta(seconds=31))
        await ear.hear()
    assert list_events(bench) == [(last,)]
    (firing,) = bench.triggers.list_firings(trigger.trigger_id)
    assert (firing.count, firing.reason) == (3, "It was the last of 3 events; those before it were debounced.")


async def test_a_trigger_that_is_changed_hears_by_its_new_filters(bench, open_ear, create, send, ann):
    trigger = create({"all": [PAID, SENT]})
    async with open_ear() as ear:
        send("paid", order=1)
        await ear.hear()
        spec = TriggerSpec(workflow="order", events=TriggerEvents(on={"one": {"with": {"type": "sent"}}}))
        changed = bench.triggers.replace(trigger.trigger_id, spec, revision=1, actor=ann)
        assert changed.gathered == ()
        send("paid", order=1)
        heard = send("sent", order=2)
        await ear.hear()
        bench.triggers.delete(trigger.trigger_id, actor=ann)
        send("sent", order=3)
        await ear.hear()
    assert list_events(bench) == [(heard,)]


async def test_a_published_schedule_hears_events(bench, open_ear, send, ann):
    bench.workflows.on_versions = follow_versions
    document = "document: {dsl: '1.0.3', namespace: shop, name: report, version: '%s'}"
    text = document + "\nschedule: {on: {one: {with: {type: %s}}}}\ndo: [{begin: {set: {value: 1}}}]\n"
    async with open_ear() as ear:
        bench.workflows.publish("shop", "report", text % ("1.0.0", "paid"), actor=ann)
        first = send("paid")
        await ear.hear()
        bench.workflows.publish("shop", "report", text % ("1.1.0", "sent"), actor=ann)
        send("paid")
        second = send("sent")
        await ear.hear()
    assert [(order.version, order.events) for order in bench.runs.orders.values()] == [
        ("1.0.0", (first,)),
        ("1.1.0", (second,)),
    ]
    assert bench.triggers.find("shop", "workflow:report").kind == "event"


@pytest.mark.parametrize(
    ("events", "rest", "message"),
    [
        (TriggerEvents(on={}), {}, "one"),
        (TriggerEvents(on={"one": {"with": {"type": "${ .a | }"}}}), {}, "expression"),
        (TriggerEvents(on={"any": [], "until": "${ true }"}), {}, "until"),
        (TriggerEvents(on={"all": [PAID, SENT]}, debounce="PT1S"), {}, "debounced"),
        (TriggerEvents(on={"any": []}, debounce="P2D"), {}, "day"),
        (TriggerEvents(on={"any": []}), {"input": {"a": 1}}, "input"),
        (TriggerEvents(on={"any": []}), {"jitter": "PT1S"}, "jitter"),
        (TriggerEvents(on={"any": []}), {"schedule": TriggerSchedule(every="PT1H")}, "not both"),
    ],
)
def test_what_cannot_be_heard_is_refused(bench, ann, events, rest, message):
    spec = TriggerSpec(workflow="order", events=events, **rest)
    assert not bench.triggers.check("shop", spec).is_valid
    with pytest.raises(UsageError, match=message):
        bench.triggers.create("shop", "hears", spec, actor=ann)


def test_firings_are_never_for_one_event_twice(bench, create):
    trigger = create({"any": []})
    heard = EventFirings(bench.database, bench.firings)
    event = HeardEvent(0, 7, bench.clock.now())
    assert len(heard.hear(trigger.trigger_id, 1, [event], bench.clock.now()).starts) == 1
    assert heard.hear(trigger.trigger_id, 1, [event], bench.clock.now()) == Orders([], [], [])
    assert heard.hear(trigger.trigger_id, 2, [event], bench.clock.now()) is None
    assert heard.hear("nothing", 1, [event], bench.clock.now()) is None
