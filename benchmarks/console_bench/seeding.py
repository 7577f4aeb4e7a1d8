"""A server full of runs: many stored ones, long ones, and workflows for what moves."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lists import MadeUp, put_definitions

from kapell.engine.maintenance.indexing import index_runs
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.storage.data_folder import DataFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kapell.client import Client

_BATCH = 5000
_HEAD = "document: {{dsl: '1.0.3', namespace: bench, name: {name}, version: '1.0.0'}}\ndo:\n"
_LOOP = "  - each:\n      for: {each: n, in: '${ [range($workflow.input.count)] }'}\n      do:\n"
_RISKY = (
    "{raise: {error: {type: 'https://open-workflow-specification.org/errors/communication', status: 503, title: Away}}}"
)
WORKFLOWS = {
    "one": "  - done: {set: {done: true}}\n",
    "short": "  - wait: {wait: {milliseconds: 600}}\n  - done: {set: {done: true}}\n",
    "moving": _LOOP + "        - nap: {wait: {milliseconds: 80}}\n",
    "long": _LOOP
    + "        - guarded:\n            try:\n"
    + f"              - ask: {_RISKY}\n"
    + "            catch:\n              retry: {delay: {milliseconds: 1}, limit: {attempt: {count: 2}}}\n"
    + "              do:\n                - mend: {set: {mended: true}}\n",
}
"""By name: a run that is over at once, one that takes a moment, one that moves on and on, one with many tasks."""

TASKS_A_ROUND = 5
"""How many tasks a round of `long` has, with three attempts; it has about eleven events."""


def store_runs(folder: Path, count: int) -> None:
    """Write runs of the last month through the store of a fresh data folder."""
    data = DataFolder(folder)
    with closing(SqliteRunStore(data.database_path, data.log_path)) as store:
        now = datetime.now(UTC)
        epoch = store.acquire("benchmark", now, 30.0)
        for batches in MadeUp(count, now, put_definitions(store)).iter_batches():
            store.append(epoch, batches)
        while index_runs(store, _BATCH):
            pass


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a server; give its address and the administrator's password, which only its first start tells."""
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own command
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if "serves on" in line:
                break
        address, password = re.search(r"serves on (\S+)", told), re.search(r"^  (\S+)$", told, re.MULTILINE)
        assert address is not None, told
        try:
            yield address[1], password[1] if password else ""
        finally:
            process.terminate()


def publish(client: Client) -> None:
    """Publish the workflows."""
    for name, tasks in WORKFLOWS.items():
        client.workflows.publish("bench", name, source=_HEAD.format(name=name) + tasks)


def make_long_run(client: Client, tasks: int) -> str:
    """Return a run that has had so many tasks, and is over."""
    run = client.runs.start("bench", "long", input={"count": tasks // TASKS_A_ROUND})
    while client.runs.get(run.run_id, data=False, wait_seconds=30).run.status != "completed":
        pass
    return run.run_id
