"""A process that lives, is killed and lives again: an engine on a data folder, with 50 runs to bring to their end.

The outer process has everything imported and does no work itself. For each *life* that it is told to begin, it forks a
process that opens the folder as `kapell` does, takes up what is there, starts what is missing, and works until all is
done or it is killed: by itself, at a fault point, or by the outer process after a while. Being a child subreaper, the
outer process sees whatever a killed engine leaves running, and says how long that took to disappear.

It reads one JSON object a line: `{"passages": {"append.before": 3, ...}, "seconds": ..., "seed": ...}`, and writes one
for each life.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import msgspec
from crash_faults import POINTS, FaultyActivity, FaultyHelper, FaultyStore, Tally, Trigger, digest
from crash_workload import OFFERED, list_runs, load, make_input

from kapell.app import make_engine
from kapell.connectors.http import transport
from kapell.connectors.process import keeper
from kapell.engine.inbox import encode_command
from kapell.engine.maintenance import parking
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import RunFilter
from kapell.errors import ConflictError, NotFoundError, StorageError
from kapell.kernel.commands import CancelRun, ResumeRun, SuspendRun
from kapell.language.error_types import LOST
from kapell.reasons import Reason
from kapell.settings import Settings
from kapell.storage.data_folder import DataFolder

_GONE_SECONDS = 20.0
_ASKED = Reason("asked", "The test asked for it.")
_PEOPLE_SECONDS = 0.02
_FINAL = {"completed", "cancelled"}


class Life:
    """One life of the engine."""

    def __init__(self, folder, url, order, tally):
        self._folder = folder
        self._url = url
        self._tally = tally
        self._trigger = Trigger(order["passages"], tally)
        self._closes = self._trigger.wants("closing.before")
        self._random = random.Random(order["seed"])  # noqa: S311 -- dice of a test
        self._names = list_runs()

    async def live(self):
        data = DataFolder(self._folder / "data")
        data.lock()
        store = SqliteRunStore(data.database_path, data.log_path, busy_timeout_seconds=0.005)
        engine = self._make_engine(FaultyStore(store, self._trigger))
        await engine.start()
        engine.listen(self._acknowledge)
        timers = engine._timers
        fire = timers._on_due
        timers._on_due = lambda *due: (self._trigger.pass_by("timer.due"), fire(*due))
        acknowledged = os.open(self._folder / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._acknowledged = acknowledged
        self._start_missing(engine)
        while self._count_left(engine):
            await self._be_people(engine)
            await asyncio.sleep(_PEOPLE_SECONDS)
            if self._closes and self._random.random() < 0.1:
                break
        closing = asyncio.ensure_future(engine.close())
        if self._closes and not closing.done():
            await asyncio.sleep(self._random.random() * 0.05)
            self._trigger.pass_by("closing.before")
        await closing
        store.close()
        data.unlock()

    def _make_engine(self, store):
        settings = Settings(
            data=self._folder / "data", max_processes=6, kill_grace_seconds=0.2, drain_seconds=0.1, max_calls=20
        )
        engine = make_engine(settings, store, {})
        engine._options = msgspec.structs.replace(engine._options, shortest_parking_seconds=0.0)
        engine._activities = {
            kind: FaultyActivity(activity, self._trigger, self._tally) for kind, activity in engine._activities.items()
        }
        engine._helper = FaultyHelper(engine._helper, self._trigger)
        engine.offer([load(name) for name in OFFERED])
        return engine

    def _acknowledge(self, active, first_seq, events):
        """Tell the outside what has been released: what stands here must be found again, whatever happens."""
        self._trigger.pass_by("release.before")
        lines = [[active.run_id, seq, digest(event)] for seq, event in enumerate(events, first_seq)]
        os.write(self._acknowledged, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def _start_missing(self, engine):
        file = str(self._folder / "appended")
        for run_id, name in self._names.items():
            try:
                engine.store.get_record(run_id)
            except NotFoundError:
                with suppress(StorageError):
                    engine.start_run(load(name), make_input(name, self._url, file), run_id=run_id)

    def _count_left(self, engine):
        ended = {
            record.run_id for record in engine.store.list_runs(RunFilter(statuses=frozenset(_FINAL)), limit=100_000)
        }
        left = len(self._names.keys() - ended) + len(engine.store.list_unfinished())
        self._tally.note_left(left)
        return left

    async def _be_people(self, engine):
        """Cancel, suspend, resume and repair, from within and by the inbox."""
        for record in engine.store.list_unfinished():
            if record.run_id not in self._names:
                continue
            chance = self._random.random()
            if record.name == "cancelled" and chance < 0.1:
                self._leave(engine, record.run_id, CancelRun(reason=_ASKED))
            elif record.name == "cancelled" and chance < 0.2:
                await self._ask(engine.cancel_run(record.run_id))
            elif record.name == "suspended" and record.status == "suspended" and chance < 0.5:
                self._leave(engine, record.run_id, ResumeRun())
            elif record.name == "suspended" and record.status != "suspended" and chance < 0.2:
                self._leave(engine, record.run_id, SuspendRun(reason=_ASKED))
        for record in engine.store.list_runs(RunFilter(statuses=frozenset({"faulted"})), limit=100_000):
            if record.run_id in self._names:
                await self._repair(engine, record)

    async def _repair(self, engine, record):
        error = engine.read_outcome(record.run_id).error
        if error.type == LOST or record.name != "repaired":
            await self._ask(engine.retry_task(record.run_id))
        elif self._random.random() < 0.5:
            await self._ask(engine.retry_task(record.run_id, value="mended"))
        else:
            await self._ask(engine.skip_task(record.run_id))

    async def _ask(self, command):
        with suppress(ConflictError):
            async with asyncio.timeout(5):
                await command

    def _leave(self, engine, run_id, command):
        with suppress(StorageError):
            engine.store.put_command(run_id, encode_command(command), engine.clock.now())


class Watcher:
    """Begins lives, ends them, and looks after what they leave behind."""

    def __init__(self, folder, url):
        self._folder = folder
        self._url = url
        self._tally = Tally()

    def serve(self):
        keeper.become_subreaper()
        for line in sys.stdin:
            sys.stdout.write(json.dumps(self._watch(json.loads(line))) + "\n")
            sys.stdout.flush()

    def _watch(self, order):
        self._tally.reset()
        pid = os.fork()
        if pid == 0:
            self._live(order)
        killed_after = self._wait_or_kill(pid, order["seconds"])
        in_flight, hit, left = self._tally.read()
        return {
            "code": self._code,
            "killed_after": killed_after,
            "in_flight": in_flight,
            "hit": POINTS[hit - 1] if hit else "",
            "left": left,
            "gone_after": self._await_gone(),
        }

    def _live(self, order):
        code = 1
        try:
            os.environ["LC_KAPELL_CRASH"] = str(self._folder)
            asyncio.run(Life(self._folder, self._url, order, self._tally).live())
            code = 0
        except BaseException:  # noqa: BLE001 -- the outer process hears of it by the exit code
            traceback.print_exc()
        finally:
            os._exit(code)

    def _wait_or_kill(self, pid, seconds):
        """Wait for the life's end, at most so long; then kill it."""
        until = time.monotonic() + seconds
        self._code = None
        while time.monotonic() < until:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self._code = os.waitstatus_to_exitcode(status)
                return 0.0
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        self._code = os.waitstatus_to_exitcode(status)
        return seconds

    def _await_gone(self):
        """Return how long it took until nothing of the engine was left."""
        began = time.monotonic()
        while True:
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not keeper.has_children():
                return time.monotonic() - began
            if time.monotonic() - began > _GONE_SECONDS:
                return -1.0
            time.sleep(0.002)


def main():
    folder, url = Path(sys.argv[1]), sys.argv[2]
    parking._LOOK_SECONDS = 0.02
    assert transport, "imported before the fork, as each life would have to import it otherwise"
    for name in {*list_runs().values(), *OFFERED}:
        load(name)
    gc.freeze()
    Watcher(folder, url).serve()


if __name__ == "__main__":
    main()
