"""Figures of tasks over the API."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
from tests.api_server import on_both_databases

from kapell.api.report_routes import make_report
from kapell.client.wire.tasks import TaskReport
from kapell.engine.store import RunFilter

pytestmark = on_both_databases

SOURCE = """
document: {dsl: '1.0.3', namespace: demo, name: figures, version: 'VERSION'}
do:
  - check: {if: .number > 2, set: {number: '${ .number }'}}
  - divide: {set: {result: '${ 1 / .number }'}}
"""


async def start_all(admin, version, numbers):
    await admin.publish(name="figures", source=SOURCE.replace("VERSION", version))
    for number in numbers:
        run = await admin.run({"number": number}, name="figures")
        await admin.wait_run(run["run_id"])


async def report(client, status=None, **query):
    query = {"namespace": "demo", "name": "figures", **query}
    found = await client.get(f"/reports/tasks?{urlencode(query)}", status=status)
    return found if status else msgspec.convert(found, TaskReport, strict=False)


async def test_figures_rest_on_the_newest_runs(admin):
    before = datetime.now(UTC)
    await start_all(admin, "1.0.0", [1, 2, 3, 0])
    found = await report(admin)
    figures = {task.name: task for task in found.tasks}
    assert (found.runs, found.is_partial) == (4, False)
    assert before < found.oldest_start < found.newest_start < datetime.now(UTC)
    assert (figures["check"].count, figures["check"].skipped) == (1, 3)
    assert (figures["divide"].count, figures["divide"].completed, figures["divide"].failures) == (4, 3, 1)
    assert figures["divide"].place == "/do/1/divide"
    newest = await report(admin, limit=1)
    assert (newest.runs, newest.is_partial) == (1, True)
    assert newest.oldest_start == found.newest_start

    await start_all(admin, "2.0.0", [5])
    assert [(await report(admin, **query)).runs for query in ({}, {"version": "2.0.0"})] == [5, 1]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await report(admin, until=later)).runs == 5
    assert await report(admin, since=later) == TaskReport(0, False, None, None, [])
    assert (await report(admin, name="nothing")).tasks == []


async def test_it_gives_up_in_time_and_says_so(server, admin):
    await start_all(admin, "1.0.0", [1, 2, 3])
    where = RunFilter(namespace="demo", name="figures", statuses=frozenset({"completed"}))
    found = await asyncio.to_thread(make_report, server.parts, where, 200, seconds=0)
    assert (found.runs, found.is_partial) == (1, True)


async def test_only_who_may_see_the_runs_gets_figures(server, admin):
    await start_all(admin, "1.0.0", [1])
    person = await admin.post("/people", {"name": "vera", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": "bank"})
    vera = await server.sign_in("vera", "Correct-horse-battery-1")
    await report(vera, status=403)
    await admin.get("/reports/tasks?namespace=demo", status=422)
