"""The machine's clock jumps; waits do not."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from kapell.clock import SystemClock

WAIT = "do:\n  - pause:\n      wait: {milliseconds: 500}\n  - done:\n      set: {done: true}\n"


class JumpingClock(SystemClock):
    def __init__(self):
        self.offset = timedelta()

    def now(self):
        return super().now() + self.offset


async def test_setting_the_clock_back_holds_no_wait_up(lab, make_workflow):
    clock = JumpingClock()
    engine = await lab.start(clock=clock)
    run_id = engine.start_run(make_workflow(WAIT), {})
    await asyncio.sleep(0.1)
    clock.offset = timedelta(hours=-3)
    began = time.monotonic()
    assert (await engine.wait_run(run_id)).status == "completed"
    assert time.monotonic() - began < 5
    moments = [event.at for event in lab.read_history(run_id)]
    assert moments == sorted(moments)


async def test_a_jump_ahead_is_believed(lab, make_workflow):
    clock = JumpingClock()
    engine = await lab.start(clock=clock, longest_sleep_seconds=0.05)
    run_id = engine.start_run(make_workflow(WAIT.replace("milliseconds: 500", "hours: 2")), {})
    await asyncio.sleep(0.1)
    clock.offset = timedelta(hours=3)
    async with asyncio.timeout(10):
        assert (await engine.wait_run(run_id)).status == "completed"


async def test_jumping_back_and_forth_keeps_order_and_ends(lab, make_workflow):
    clock = JumpingClock()
    engine = await lab.start(clock=clock)
    runs = [engine.start_run(make_workflow(WAIT), {}) for _ in range(5)]
    for hours in (5, -5, 8, -8, 1, 0):
        clock.offset = timedelta(hours=hours)
        runs.append(engine.start_run(make_workflow(WAIT), {}))
        await asyncio.sleep(0.03)
    async with asyncio.timeout(20):
        outcomes = [await engine.wait_run(run_id) for run_id in runs]
    assert {outcome.status for outcome in outcomes} == {"completed"}
    for run_id in runs:
        moments = [event.at for event in lab.read_history(run_id)]
        assert moments == sorted(moments)
