"""Runs that keep moving, and how soon a page shows it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from playwright.sync_api import Page

    from kapell.client import Client

# On every frame it is noted which runs stand where on the screen, how many tasks a run's page has, and which event.
_WATCH = """() => {
  const seen = new Map();
  const tasks = [];
  const events = [];
  const note = () => {
    const now = Date.now();
    const shown = new Set();
    for (const link of document.querySelectorAll('main a[href^="/runs/"]')) {
      const run = link.getAttribute("href").slice(6);
      const status = link.closest('tr, [role="row"]')?.querySelector("[data-status]")?.dataset.status;
      shown.add(run);
      if (!seen.has(run)) seen.set(run, {});
      if (status) seen.get(run)[status] ??= now;
    }
    for (const [run, times] of seen) if (!shown.has(run)) times.gone ??= now;
    const all = /All (\\d+)/.exec(document.querySelector('[aria-label="Which tasks"]')?.textContent ?? "");
    if (all && tasks.at(-1)?.[0] !== +all[1]) tasks.push([+all[1], now]);
    const last = [...document.querySelectorAll('[aria-label^="Event "]')].at(-1)?.textContent;
    if (last && events.at(-1)?.[0] !== +last) events.push([+last, now]);
    requestAnimationFrame(note);
  };
  window.benchSeen = () => ({ runs: Object.fromEntries(seen), tasks, events });
  note();
}"""
_HEAD_SECONDS = 2.0
_PROBE_SECONDS = 0.35
_FOREVER = 100_000


class Delays(NamedTuple):
    """How late something is on the screen, in milliseconds after its time in the history.

    Attributes:
        median: Of all that was looked at.
        p95: What 95 of 100 are not later than.
        seen: How much was looked at.
        rate: How many changes a second the page was told of.
    """

    median: float
    p95: float
    seen: int
    rate: float


@contextmanager
def moving(client: Client, runs: int) -> Iterator[list[str]]:
    """Keep so many runs moving, each about eight times a second; give their ids."""
    started = [client.runs.start("bench", "moving", input={"count": _FOREVER}).run_id for _ in range(runs)]
    try:
        yield started
    finally:
        for run_id in started:
            client.runs.cancel(run_id)


def watch_lists(page: Page, client: Client, seconds: float) -> Delays:
    """Start a run now and then; return how late its beginning and its end were on a page that lists runs."""
    probes: list[str] = []
    is_over = threading.Event()

    def start() -> None:
        while not is_over.wait(_PROBE_SECONDS):
            probes.append(client.runs.start("bench", "short").run_id)

    page.evaluate(_WATCH)
    thread = threading.Thread(target=start)
    began, before = time.perf_counter(), page.evaluate("window.benchNews")
    thread.start()
    page.wait_for_timeout(seconds * 1000)
    rate = (page.evaluate("window.benchNews") - before) / (time.perf_counter() - began)
    is_over.set()
    thread.join()
    page.wait_for_timeout(_HEAD_SECONDS * 1000)
    seen = page.evaluate("window.benchSeen()")["runs"]
    delays = []
    for run_id in probes:
        run, times = client.runs.get(run_id, data=False).run, seen.get(run_id, {})
        assert run.ended_at is not None
        now = _HEAD_SECONDS + _PROBE_SECONDS
        begins = [times[status] for status in ("running", "waiting") if status in times]
        ends = [times[status] for status in ("completed", "gone") if status in times]
        # What was never seen was too late by all that was waited for, at least.
        for moment, found in ((run.created_at, begins), (run.ended_at, ends)):
            delays.append(min(found) - _to_millis(moment) if found else now * 1000)
    return _sum_up(delays, rate)


def watch_run(page: Page, client: Client, run_id: str, seconds: float) -> tuple[Delays, Delays]:
    """Return how late tasks and events of a run were on its page, whichever of them it shows."""
    page.evaluate(_WATCH)
    began, before = time.perf_counter(), page.evaluate("window.benchNews")
    page.wait_for_timeout(seconds * 1000)
    rate = (page.evaluate("window.benchNews") - before) / (time.perf_counter() - began)
    seen = page.evaluate("window.benchSeen()")
    tasks = {task.number: task.began_at for task in client.runs.tasks(run_id).tasks}
    in_order = [tasks[number] for number in sorted(tasks)]
    events = [event.at for event in client.runs.history(run_id)]
    return _sum_up(_compare(seen["tasks"], in_order), rate), _sum_up(_compare(seen["events"], events), rate)


def _compare(shown: list[tuple[int, int]], moments: list[datetime]) -> list[float]:
    """Return by how much each of some moments came later to the screen: after its count was shown."""
    delays = []
    for (known, _), (count, at) in pairwise(shown):
        delays += [at - _to_millis(moment) for moment in moments[known:count]]
    return delays


def _sum_up(delays: list[float], rate: float) -> Delays:
    if not delays:
        return Delays(float("nan"), float("nan"), 0, rate)
    delays.sort()
    return Delays(delays[len(delays) // 2], delays[int(len(delays) * 0.95)], len(delays), rate)


def _to_millis(moment: datetime) -> float:
    return moment.timestamp() * 1000
