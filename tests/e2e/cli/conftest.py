"""The real command, in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from kapell.app import open_store
from kapell.engine.loading import iter_events
from kapell.engine.store import RunFilter
from kapell.settings import read_settings

KAPELL = [sys.executable, "-m", "kapell"]
WAIT_SECONDS = 60

HEAD = "document: {{dsl: '1.0.3', namespace: test, name: {name}, version: '0.1.0'}}\ndo:\n"


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        return json.loads(self.err)


class Kapell:
    """Calls commands in one folder, with the data beside the files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("KAPELL_")}
        self.environment["KAPELL_DATA"] = str(folder / "data")
        # The commands work in another folder than the tests do.
        paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        self.environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, paths))
        self.started = []

    @property
    def command(self):
        return list(KAPELL)

    def write(self, name, tasks, head=None):
        """Write a workflow of these tasks and return its path."""
        path = self.folder / f"{name}.yaml"
        path.write_text((head or HEAD.format(name=name)) + tasks)
        return path

    def __call__(self, *arguments, stdin="", timeout=WAIT_SECONDS, **environment):
        ended = subprocess.run(
            [*KAPELL, *map(str, arguments)],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.folder,
            env=self.environment | environment,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments):
        """Start a command and let it work; it is a process group leader, as a shell makes it."""
        process = subprocess.Popen(
            [*KAPELL, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def finish(self, process, timeout=WAIT_SECONDS):
        out, err = process.communicate(timeout=timeout)
        return Ended(process.returncode, out, err)

    def await_file(self, name, timeout=WAIT_SECONDS):
        """Return when a task has written this file."""
        self.await_that((self.folder / name).exists, timeout)

    def await_that(self, holds, timeout=WAIT_SECONDS):
        deadline = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(0.02)

    def records(self):
        """Return the records of all runs, the newest first, from the store itself."""
        if not (self.folder / "data" / "runs.db").exists():
            return []
        with closing(open_store(read_settings({}, data=self.folder / "data"))) as store:
            return store.list_runs(RunFilter(), limit=100)

    def newest(self):
        return self.records()[0]

    def list_events(self):
        """Return the events of the newest run."""
        with closing(open_store(read_settings({}, data=self.folder / "data"))) as store:
            return [event for _, event in iter_events(store, self.newest().run_id)]

    def await_run(self, name):
        """Return when a run of this workflow is stored."""
        self.await_that(lambda: any(record.name == name for record in self.records()))


@pytest.fixture
def kapell(tmp_path):
    caller = Kapell(tmp_path)
    yield caller
    for process in caller.started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def slow(kapell):
    """A workflow that says when it is under way, and waits for a file before it goes on."""
    return kapell.write(
        "slow",
        """\
  - begin: {run: {shell: {command: "echo begun >> begun.txt; while [ ! -e go ]; do sleep 0.05; done; echo went"}}}
  - after: {set: {went: '${ . }'}}
""".replace("begun.txt", str(kapell.folder / "begun.txt")).replace(" go ", f" {kapell.folder / 'go'} "),
    )


@pytest.fixture
def waiting(kapell):
    """A workflow that waits for a minute after its first task."""
    return kapell.write("waiting", "  - first: {set: {a: 1}}\n  - pause: {wait: {minutes: 1}}\n")


@pytest.fixture
def faulty(kapell):
    """A workflow whose second task faults until a file is there."""
    return kapell.write(
        "faulty",
        f"""\
  - first: {{run: {{shell: {{command: "echo one >> {kapell.folder}/side.txt; echo one"}}}}}}
  - second: {{run: {{shell: {{command: "test -e {kapell.folder}/ok || exit 3; echo two"}}}}}}
  - third: {{set: {{done: true, from: '${{ . }}'}}}}
""",
    )
