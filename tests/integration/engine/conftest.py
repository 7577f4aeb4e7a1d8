"""An engine on a real data folder, with a store, a clock and activities that a test may put its hands on."""

from __future__ import annotations

import asyncio
import inspect
import time
from contextlib import suppress

import pytest

from kapell.clock import SystemClock
from kapell.engine.admission import SlotAdmission
from kapell.engine.engine import Engine, EngineOptions
from kapell.engine.expression_helper import ExpressionHelper
from kapell.engine.loading import iter_events
from kapell.engine.secrets import SecretSource
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.kernel.limits import Limits
from kapell.language import load_workflow
from kapell.storage.data_folder import DataFolder

_GROUPS = {"http": "calls", "shell": "processes"}
_HEAD = "document: {dsl: '1.0.3', namespace: tests, name: NAME, version: '1.0.0'}\n"


@pytest.fixture(scope="session")
def make_workflow():
    """Make a workflow of its tasks' text."""
    return _make_workflow


def _make_workflow(text, name="work"):
    return load_workflow(_HEAD.replace("NAME", name) + text, name)


@pytest.fixture(scope="session")
def made():
    """The class of made-up activities."""
    return Made


class Made:
    """An activity that a test makes up, and that remembers its requests."""

    def __init__(self, perform, *, idempotent=False):
        self._perform = perform
        self._idempotent = idempotent
        self.requests = []
        self.cancelled = 0
        self.under_way = 0
        self.most_under_way = 0

    def is_idempotent(self, request):
        return self._idempotent

    async def perform(self, request, context):
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            result = self._perform(request)
            return await result if inspect.isawaitable(result) else result
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1

    async def close(self):
        pass


class Lab:
    """Engines on one data folder, one after the other."""

    def __init__(self, path):
        self.folder = DataFolder(path)
        self.engines = []
        self.stores = []

    def open_store(self):
        store = SqliteRunStore(self.folder.database_path, self.folder.log_path, busy_timeout_seconds=0.005)
        self.stores.append(store)
        return store

    async def start(self, activities=None, *, wrap=None, clock=None, slots=None, offered=(), secrets=None, **options):
        """Start an engine; `wrap` may put something around its store."""
        store = self.open_store()
        engine = Engine(
            store=wrap(store) if wrap else store,
            clock=clock or SystemClock(),
            activities=activities or {},
            admission=SlotAdmission({"calls": 1000, "processes": 1000} | (slots or {}), _GROUPS),
            helper=ExpressionHelper(),
            secrets=secrets or SecretSource(environment={}),
            options=EngineOptions(**{"limits": Limits(), "drain_seconds": 0.0} | options),
        )
        engine.offer(offered)
        self.engines.append(engine)
        await engine.start()
        return engine

    async def stop(self, engine):
        await engine.close()
        self.engines.remove(engine)
        self.stores.pop(0).close()

    async def abandon(self, engine):
        """Let go of an engine as a kill does: nothing of it goes on, and nothing more of it reaches the disk."""
        store = self.stores.pop(0)
        store.append = store.append_log = _refuse
        engine._host.is_closing = True
        await self._end(engine)
        self.engines.remove(engine)
        store.close()

    async def _end(self, engine):
        with suppress(Exception):
            await engine.close()

    def read_history(self, run_id):
        store = self.open_store()
        try:
            return [event for _, event in iter_events(store, run_id)]
        finally:
            self.stores.remove(store)
            store.close()

    async def close(self):
        for engine in self.engines:
            await self._end(engine)
        for store in self.stores:
            store.close()


def _refuse(*_):
    raise AssertionError("an abandoned engine writes")


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path / "data")
    yield lab
    await lab.close()


@pytest.fixture(scope="session")
def wait_until():
    return _wait_until


async def _wait_until(condition, seconds=20.0):
    """Wait until something holds; it is looked at every few milliseconds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        await asyncio.sleep(0.005)


class _Lag:
    """How long the event loop let a callback wait at the longest, in seconds."""

    def __init__(self):
        self.longest = 0.0

    def __enter__(self):
        self._task = asyncio.get_running_loop().create_task(self._watch())
        return self

    def __exit__(self, *_):
        self._task.cancel()

    async def _watch(self):
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.perf_counter() - began - 0.005)


@pytest.fixture(scope="session")
def lag():
    """Measure, within a `with`, for how long the event loop was blocked at the longest."""
    return _Lag
