"""What keeping runs in SQLite costs: one row a measurement, on a durable disk (`synchronous=FULL`).

    python benchmarks/store.py [--json] [--runs 100000] [--folder DIR]

Values are medians. The folder must be on a real disk: on a memory file system the syncs cost nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import Batch, LogLine, RunFilter, RunRecord, RunStatus
from kapell.ids import make_run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY = os.urandom(300)
START = datetime(2026, 1, 1, tzinfo=UTC)
DEFINITION = "0" * 64
EVENTS_A_RUN = 5  # the first brings the run's record, the last its end
CALLS = 100

Row = tuple[str, float, str, str]


class Bench:
    """A store, and the runs that are put into it."""

    def __init__(self, folder: Path) -> None:
        """Open a new store in `folder`."""
        self.folder = folder
        self.store = self.open()
        self.store.put_definition(DEFINITION, b"document: {}")
        self.epoch = self.store.acquire("benchmark", START, 3600.0)
        self.made = 0

    def open(self) -> SqliteRunStore:
        """Open the store once more."""
        return SqliteRunStore(self.folder / "runs.db", self.folder / "log.db")

    def make_run_ids(self, count: int) -> list[str]:
        """Make ids of runs that start a millisecond after one another."""
        self.made += count
        return [make_run_id(START + timedelta(milliseconds=self.made - number)) for number in range(count, 0, -1)]

    def make_calls(self, runs: int, events: int = EVENTS_A_RUN) -> Iterator[list[Batch]]:
        """Make the calls of so many runs that move together, one event each a call."""
        run_ids = self.make_run_ids(runs)
        for seq in range(1, events + 1):
            yield [make_batch(run_id, number, seq, events) for number, run_id in enumerate(run_ids)]

    def fill(self, runs: int) -> None:
        """Store so many ended runs of two events."""
        for _ in range(0, runs, 1000):
            for batches in self.make_calls(min(runs, 1000), events=2):
                self.store.append(self.epoch, batches)


def make_batch(run_id: str, number: int, seq: int, events: int) -> Batch:
    """Make one event of a run; the first and the last bring its record."""
    status: RunStatus = "running"
    if seq == events:
        status = "faulted" if number % 100 == 0 else "completed"
    record = RunRecord(
        run_id=run_id,
        namespace="benchmark",
        name=f"workflow-{number % 20}",
        version="1.0.0",
        definition=DEFINITION,
        status=status,
        created_at=START,
        updated_at=START,
        ended_at=START if seq == events else None,
    )
    return Batch(
        run_id=run_id, first_seq=seq, count=1, at=START, body=BODY, record=record if seq in (1, events) else None
    )


def measure(call: Callable[[], object], times: int = CALLS) -> float:
    """Return the median time of a call in microseconds."""
    spans = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        spans.append(time.perf_counter() - begin)
    return statistics.median(spans) * 1e6


def measure_sync(folder: Path) -> Row:
    """Measure what one sync of the disk costs: the floor under every commit."""
    with (folder / "sync").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(BODY)
            os.fdatasync(file.fileno())

        return ("fdatasync of 300 bytes", measure(write), "us", "the floor under every commit")


def measure_appends(bench: Bench, runs: int, stored: int) -> Iterator[Row]:
    """Measure calls of `runs` batches: those in the middle of runs, and whole runs with their beginning and end."""
    middle, whole = [], []
    for _ in range(max(4, CALLS // EVENTS_A_RUN // (10 if runs > CALLS else 1))):
        spans = []
        for batches in bench.make_calls(runs):
            begin = time.perf_counter()
            bench.store.append(bench.epoch, batches)
            spans.append(time.perf_counter() - begin)
        middle += spans[1:-1]
        whole.append(sum(spans))
    conditions = f"300 bytes each, {stored} runs stored"
    yield (f"append {runs} batches", statistics.median(middle) / runs * 1e6, "us/batch", conditions)
    longest = f"{conditions}, commits included"
    yield (f"{EVENTS_A_RUN} events a run, {runs} at once", statistics.median(whole) / runs * 1e6, "us/run", longest)


def measure_reads(bench: Bench, stored: int) -> Iterator[Row]:
    """Measure what list pages, recovery and polling cost."""
    store, conditions = bench.store, f"{stored} runs stored"
    run_ids = [run.run_id for run in store.list_runs(RunFilter(), limit=5000)]
    pages = {
        "page of 50 runs": (RunFilter(), None),
        "page of 50, far back": (RunFilter(), run_ids[-1]),
        "page of 50 faulted": (RunFilter(statuses=frozenset({"faulted"})), None),
        "page of 50 of 4 statuses": (
            RunFilter(statuses=frozenset({"completed", "faulted", "running", "waiting"})),
            None,
        ),
        "page of 50 by name": (RunFilter(name="workflow-7"), None),
        "page of 50 faulted by name": (RunFilter(name="workflow-0", statuses=frozenset({"faulted"})), None),
    }
    for name, (where, after) in pages.items():
        span = measure(partial(store.list_runs, where, limit=50, after=after))
        yield (name, span, "us", conditions)
    yield ("find by prefix", measure(lambda: store.find_runs_by_prefix(run_ids[7][:20])), "us", conditions)
    yield ("list unfinished, none there", measure(store.list_unfinished), "us", conditions)
    yield ("load a run", measure(lambda: store.load_run(run_ids[7])), "us", conditions)
    yield ("poll the empty inbox", measure(store.list_commands), "us", conditions)


def measure_log(bench: Bench) -> Iterator[Row]:
    """Measure log lines, which are not synced."""
    line = LogLine(at=START, reference="/do/0/build", entry=1, attempt=1, stream="stdout", text="x" * 80)
    for count in (1, 100):
        span = measure(partial(bench.store.append_log, "run", [line] * count))
        yield (f"append {count} log lines", span, "us", "80 characters each, no sync")


def measure_opening(bench: Bench, stored: int) -> Iterator[Row]:
    """Measure how long a command waits for its store."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        begin = time.perf_counter()
        Bench(Path(name)).store.close()
        yield ("make a new data folder", (time.perf_counter() - begin) * 1e3, "ms", "definition and owner included")
    yield ("open and close", measure(lambda: bench.open().close(), 10) / 1e3, "ms", f"{stored} runs stored")


def run_benchmarks(folder: Path, stored: int) -> Iterator[Row]:
    """Measure everything, first in an empty store, then among many stored runs."""
    yield measure_sync(folder)
    bench = Bench(folder)
    for present in (0, stored):
        bench.fill(present)
        for runs in (1, 50, 1000):
            yield from measure_appends(bench, runs, present)
    yield from measure_reads(bench, stored)
    yield from measure_log(bench)
    yield from measure_opening(bench, stored)
    begin = time.perf_counter()
    gone = bench.store.prune(bench.epoch, START + timedelta(days=1), limit=100)
    yield (f"prune {gone} runs", (time.perf_counter() - begin) * 1e3, "ms", "one call")
    size = (folder / "runs.db").stat().st_size / 1e6
    yield ("size of the database", size, "MB", f"{bench.made} runs")
    bench.store.close()


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--runs", type=int, default=100_000, help="how many runs are stored in the second half")
    parser.add_argument("--folder", help="where the database is made (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name, value, unit, conditions in run_benchmarks(Path(folder), options.runs):
            if options.json:
                row = {"name": name, "value": round(value, 2), "unit": unit, "conditions": conditions}
                sys.stdout.write(json.dumps(row) + "\n")
            else:
                sys.stdout.write(f"{name:34} {value:10.1f} {unit:9} {conditions}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
