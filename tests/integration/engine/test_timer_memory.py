"""Timeouts that did not come do not stay in memory until they would have."""

from __future__ import annotations

import asyncio

TEXT = """
timeout: {after: {hours: 1}}
do:
  - call:
      call: http
      with: {method: GET, endpoint: 'http://nowhere.example/'}
      timeout: {after: {hours: 1}}
"""


async def test_timers_of_what_is_over_are_forgotten(lab, make_workflow, made, monkeypatch):
    monkeypatch.setattr("kapell.engine.timers._TIDY_AT_LEAST", 100)
    engine = await lab.start({"http": made(lambda _: 1)})
    engine._timers._tidy_at = 100
    workflow = make_workflow(TEXT)
    for _ in range(20):
        await asyncio.gather(*[engine.wait_run(engine.start_run(workflow, {})) for _ in range(50)])
    assert len(engine._timers._heap) <= 301


async def test_timers_that_are_wanted_are_kept(lab, make_workflow, monkeypatch):
    engine = await lab.start()
    engine._timers._tidy_at = 10
    monkeypatch.setattr("kapell.engine.timers._TIDY_AT_LEAST", 10)
    workflow = make_workflow("do:\n  - pause:\n      wait: {milliseconds: 300}\n")
    runs = [engine.start_run(workflow, {}) for _ in range(200)]
    outcomes = await asyncio.gather(*map(engine.wait_run, runs))
    assert {outcome.status for outcome in outcomes} == {"completed"}
