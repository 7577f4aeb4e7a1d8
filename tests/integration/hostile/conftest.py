"""Carry out hostile workflows by the whole product, and watch how long the event loop was held up."""

from __future__ import annotations

import asyncio
import gc
import time
from itertools import count

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kapell.app import open_engine
from kapell.language import load_workflow
from kapell.settings import Settings

LONGEST_LAG_SECONDS = 0.1
_TRIES = 5
_HEAD = "document: {dsl: '1.0.3', namespace: hostile, name: work, version: '1.0.0'}\n"
_MIB = 2**20


class Lag:
    """How long the event loop let a callback wait at the longest, in seconds of this process's own work.

    The process's own time is what it is charged with: that others have the processor meanwhile is not its fault.
    """

    def __init__(self):
        self.longest = 0.0

    async def __aenter__(self):
        gc.collect()
        gc.freeze()  # as the commands do: what pytest holds is not the engine's to look through
        self._task = asyncio.get_running_loop().create_task(self._watch())
        await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        gc.unfreeze()

    async def _watch(self):
        while True:
            began, spent = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.005)
            late = time.perf_counter() - began - 0.005
            self.longest = max(self.longest, min(late, time.thread_time() - spent))


class Report:
    """What came of a hostile run, and what it cost."""

    def __init__(self, outcome, lag, grown_bytes, seconds):
        self.outcome = outcome
        self.lag = lag
        self.grown_bytes = grown_bytes
        self.seconds = seconds

    @property
    def error(self):
        assert self.outcome.status == "faulted", self.outcome
        return self.outcome.error

    def check_bounded(self, mebibytes=150):
        assert self.grown_bytes < mebibytes * _MIB, f"memory grew by {self.grown_bytes / _MIB:.0f} MiB"


def make_workflow(text):
    return load_workflow(_HEAD + text, "hostile.yaml")


@pytest.fixture
def carry_out(tmp_path):
    """Carry a workflow out, again if the event loop was held up, as others use this machine too."""
    numbers = count()

    async def carry_out(text, value=None, *, lag_matters=True, **settings):
        workflow = make_workflow(text)
        reports = []
        for _ in range(_TRIES):
            reports.append(await _carry_out(tmp_path / f"data-{next(numbers)}", workflow, value, settings))
            if reports[-1].lag < LONGEST_LAG_SECONDS:
                break
        best = min(reports, key=lambda report: report.lag)
        if lag_matters:
            assert best.lag < LONGEST_LAG_SECONDS, f"the loop was blocked for {best.lag:.3f} s at least"
        return best

    return carry_out


async def _carry_out(data, workflow, value, settings):
    process = psutil.Process()
    async with open_engine(Settings(data=data, **settings)) as engine:
        await engine.wait_run(engine.start_run(make_workflow("do:\n  - one:\n      set: {a: 1}\n"), {}))
        # As the commands do: a large workflow is compiled away from the loop.
        await asyncio.to_thread(engine.definitions.add, workflow)
        before = process.memory_info().rss
        began = time.monotonic()
        async with Lag() as lag:
            async with asyncio.timeout(100):
                outcome = await engine.wait_run(engine.start_run(workflow, {} if value is None else value))
            await asyncio.sleep(0.01)
        return Report(outcome, lag.longest, process.memory_info().rss - before, time.monotonic() - began)


@pytest.fixture
async def serve():
    """Start a server with one handler at `/`."""
    servers = []

    async def start(handler):
        app = web.Application()
        app.router.add_route("*", "/", handler)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/"))

    yield start
    for server in servers:
        await server.close()
