"""What the engine reaches, as a table with ratios to what others were measured to reach with the same work.

    python benchmarks/engine.py [--quick] [--json] [--only NAME ...] [--peers] [--folder DIR] [--database URL]

Values are medians. Everything is durable (`synchronous=FULL`): the folder must be on a real disk. What the rows mean
and what was measured stands in docs/explanation/speed.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.calling import measure_http
from engine_bench.growing import measure_long_runs, measure_stored_runs
from engine_bench.machine import describe_machine, find_warnings, measure_sync
from engine_bench.peers import PeerUnavailableError, measure_peers
from engine_bench.processes import measure_memory, measure_start_up
from engine_bench.rows import FIGURES, Bench, Row
from engine_bench.running import measure_alone, measure_five_tasks, measure_fork, measure_waits
from engine_bench.sealing import measure_sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEASUREMENTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "sync": measure_sync,
    "five": measure_five_tasks,
    "alone": measure_alone,
    "sealing": measure_sealing,
    "fork": measure_fork,
    "waits": measure_waits,
    "memory": measure_memory,
    "http": measure_http,
    "start": measure_start_up,
    "long": measure_long_runs,
    "stored": measure_stored_runs,
}


def write_row(row: Row, as_json: bool) -> None:
    """Print one row."""
    if as_json:
        line = {"name": row.name, "value": round(row.value, 3), "unit": row.unit, "conditions": row.conditions}
        print(json.dumps(line), flush=True)
        return
    digits = 3 if row.value < 10 else 1 if row.value < 1000 else 0  # noqa: PLR2004 -- three to four digits
    print(f"{row.name:42} {row.value:9.{digits}f} {row.unit:8} {describe_ratios(row)}", flush=True)
    print(f"    {row.conditions}", flush=True)


def describe_ratios(row: Row) -> str:
    """Say how a row stands to its figures."""
    figure = FIGURES.get(row.figure)
    if figure is None:
        return ""
    times = [f"{figure.compare(row.value, other):.3g} x {name}" for name, other in figure.others.items()]
    verdict = "goal" if figure.compare(row.value, figure.goal) >= 1 else "reached"
    if figure.compare(row.value, figure.at_least) < 1:
        verdict = "MISSED"
    return ", ".join([*times, f"{verdict} (at least {figure.at_least:g}, goal {figure.goal:g})"])


def measure(bench: Bench, names: list[str]) -> Iterator[Row]:
    """Make the measurements of these names."""
    for name in names:
        yield from MEASUREMENTS[name](bench)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and few: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), metavar="NAME", help="only this one")
    parser.add_argument("--peers", action="store_true", help="run DBOS and Restate too (installs them in a cache)")
    parser.add_argument("--folder", type=Path, help="where the data folders are made (default: the temporary folder)")
    parser.add_argument(
        "--database", metavar="URL", default="", help="measure runs on this PostgreSQL server too, in new databases"
    )
    return parser.parse_args()


def main() -> int:
    """Print the rows; return 1 if a peer could not be run."""
    options = parse_arguments()
    names = options.only or list(MEASUREMENTS)
    print(describe_machine(), file=sys.stderr)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kapell-bench-") as folder:
        bench = Bench(Path(folder), options.quick, options.database)
        for row in measure(bench, names):
            rows.append(row)
            write_row(row, options.json)
        try:
            for row in measure_peers(bench, rows) if options.peers else ():
                write_row(row, options.json)
        except PeerUnavailableError as problem:
            print(problem, file=sys.stderr)
            return 1
    syncs = [row.value for row in rows if row.name == "fdatasync"]
    for warning in find_warnings(syncs[0] if syncs else None):
        print(warning, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
