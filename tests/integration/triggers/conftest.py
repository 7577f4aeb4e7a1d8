"""Triggers over real databases on a clock that is moved by hand; the runs that they start are kept in a list."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from kapell.audit import Actor, AuditLog
from kapell.audit.keys import Signer
from kapell.audit.model import RecordFilter
from kapell.errors import NotFoundError
from kapell.storage.server_database import ServerDatabase
from kapell.testing.virtual_clock import VirtualClock
from kapell.triggers import store
from kapell.triggers.duty import TriggerDuty
from kapell.triggers.firing import Firings
from kapell.triggers.model import TriggerSchedule, TriggerSpec
from kapell.triggers.service import Triggers
from kapell.workflows import PublishedWorkflows, Workflows

ANN = Actor("u-1", "Ann", "192.0.2.1")
START = datetime(2026, 1, 1, tzinfo=UTC)
_IDLE_TURNS = 10  # in which what was woken begins to do something
WORKFLOW = (
    "document: {dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0'}\ndo: [{begin: {set: {value: 1}}}]\n"
)


class Runs:
    """Runs as triggers see them: they begin when they are started, and end when the test says so."""

    def __init__(self, clock):
        self.clock = clock
        self.orders = {}
        self.started_at = {}
        self.ended_at = {}
        self.cancelled = []
        self.ends_at_once = False
        self.failures = []
        self.listeners = []

    async def start(self, order):
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        if order.run_id in self.orders:
            return
        self.orders[order.run_id] = order
        self.started_at[order.run_id] = self.clock.now()
        if self.ends_at_once:
            self.end(order.run_id)

    async def cancel(self, run_id, text):
        self.cancelled.append(run_id)
        self.end(run_id)

    def find_end(self, run_id):
        if run_id not in self.orders:
            raise NotFoundError(f"There is no run {run_id}.")
        return self.ended_at.get(run_id)

    def end(self, run_id):
        self.ended_at[run_id] = self.clock.now()
        for listener in self.listeners:
            listener(run_id)

    @property
    def starts(self):
        """When runs were started, in order."""
        return list(self.started_at.values())

    @property
    def planned(self):
        """What they were planned for, in the order of their starts."""
        return [order.planned_at for order in self.orders.values()]


class Bench:
    """Triggers and what they stand on, for tests."""

    def __init__(self, database, start=START):
        self.database = database
        self.clock = VirtualClock(start)
        self.audit = AuditLog(database, Signer.generate(), self.clock)
        self.published = PublishedWorkflows(database)
        self.workflows = Workflows(database, self.clock, self.audit, self.published)
        self.workflows.publish("shop", "order", WORKFLOW, actor=ANN)
        self.triggers = Triggers(database, self.clock, self.audit, self.published)
        self.runs = Runs(self.clock)
        self.firings = Firings(database, self.runs)

    def create(self, name="nightly", *, cron=None, every=None, after=None, zone="UTC", **spec):
        schedule = TriggerSchedule(cron=cron, every=every, after=after, zone=zone)
        return self.triggers.create("shop", name, TriggerSpec(workflow="order", schedule=schedule, **spec), actor=ANN)

    @asynccontextmanager
    async def working(self, *, longest_sleep_seconds=600.0):
        """Have the duty work until the context is left, as in one process."""
        duty = TriggerDuty(self.firings, self.runs, self.clock, longest_sleep_seconds=longest_sleep_seconds)
        self.triggers.on_change = duty.wake
        self.triggers.on_order = duty.take
        self.runs.listeners = [duty.note_end]
        task = asyncio.create_task(duty.run())
        try:
            await settle(duty)
            yield duty
        finally:
            self.triggers.on_change = lambda: None
            self.triggers.on_order = lambda _: None
            self.runs.listeners = []
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def pass_time(self, duty, until):
        """Let time pass up to a moment, from one thing that happens to the next."""
        await settle(duty)
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            ahead = seconds_to_next(self.clock)
            self.clock.advance(left if ahead is None else min(left, ahead))
            await settle(duty)

    def tell(self, trigger):
        """Return the outcomes of a trigger's firings, the oldest first."""
        found = self.triggers.list_firings(trigger.trigger_id, limit=2_000)[::-1]
        return [(firing.planned_at, firing.outcome) for firing in found]

    def list_open(self):
        with self.database.read() as connection:
            return store.list_open(connection)

    @property
    def records(self):
        """The actions in the audit log, the oldest first."""
        return [record.action for record in self.audit.list_records(RecordFilter(), limit=1000)[::-1]]


def seconds_to_next(clock):
    """Return for how long nobody wants to be woken."""
    clock._forget_cancelled()
    return (clock._sleepers[0][0] - clock._elapsed).total_seconds() if clock._sleepers else None


async def settle(duty):
    """Return when the duty has done all that can be done at this moment, and sleeps."""
    idle_turns = 0
    while idle_turns < _IDLE_TURNS:
        await asyncio.sleep(0 if duty.is_idle else 0.0005)
        idle_turns = idle_turns + 1 if duty.is_idle else 0


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    kind = {"sqlite": "sqlite", "postgresql": "postgres"}[request.param]
    database = ServerDatabase(request.getfixturevalue(f"migrated_{kind}_url"))
    yield database
    database.close()


@pytest.fixture
def bench(database):
    return Bench(database)


@pytest.fixture
def sqlite_bench(migrated_sqlite_url):
    database = ServerDatabase(migrated_sqlite_url)
    yield Bench(database)
    database.close()


@pytest.fixture
def ann():
    return ANN
