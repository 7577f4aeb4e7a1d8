"""What is measured from outside, on processes of their own: memory, and how long the commands take to start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.rows import Bench, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPTS = Path(__file__).parent.parent
_COMPILED = Path(tempfile.gettempdir()) / "kapell-bench-compiled"
"""Where the compiled modules are kept, as an installation keeps them beside the sources."""

_COMMAND = [sys.executable, "-c", "import sys; from kapell.cli import main; sys.exit(main())"]
"""What the installed `kapell` does."""

_ONE_TASK = """\
document: {dsl: '1.0.3', namespace: bench, name: one-task, version: '1.0.0'}
do:
  - greet:
      set:
        greeting: '${ "Hello " + .name }'
"""
_MEMORY = """
import asyncio, pathlib, resource, sys
from engine_bench.work import DOCUMENT, carry_out_many, make_five_tasks, open_bench_engine

async def work(folder, runs):
    async with open_bench_engine(folder, "task") as engine:
        await carry_out_many(engine, make_five_tasks(), DOCUMENT, runs)
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
        print(pages * resource.getpagesize())

asyncio.run(work(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
"""


def measure_memory(bench: Bench) -> Iterator[Row]:
    """Measure how much memory a process holds after 1,000 runs."""
    sizes = []
    runs = bench.pick(1000, 100)
    for _ in range(bench.pick(3, 1)):
        with tempfile.TemporaryDirectory(dir=bench.folder) as name:
            sizes.append(int(_run([sys.executable, "-c", _MEMORY, name, str(runs)])))
    conditions = "resident set of a fresh process with engine and client, runs of 5 tasks, 50 at once"
    yield Row(f"memory after {runs} runs", statistics.median(sizes) / 1e6, "MB", conditions, "memory")


def measure_start_up(bench: Bench) -> Iterator[Row]:
    """Measure how long `kapell --help` takes, and `kapell run` of a one-task file."""
    repeats = bench.pick(15, 2)
    yield Row("python -c pass", _time([sys.executable, "-c", "pass"], repeats), "ms", "the floor under every command")
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        yield Row("kapell --help", _time([*_COMMAND, "--help"], repeats), "ms", "a whole process", "help")
        file = Path(name) / "one-task.yaml"
        file.write_text(_ONE_TASK)
        command = [*_COMMAND, "run", str(file), "--input", '{"name": "Ada"}', "--data", f"{name}/data"]
        if json.loads(_run(command)) != {"greeting": "Hello Ada"}:
            raise RuntimeError("`kapell run` printed another output")
        yield Row("kapell run, one task", _time(command, repeats), "ms", "a whole process, the run durable", "run")


def _time(command: list[str], repeats: int) -> float:
    """Return the median milliseconds of a command, after a first call that compiles what it imports."""
    _run(command)
    spans = []
    for _ in range(repeats):
        begin = time.perf_counter()
        _run(command)
        spans.append(time.perf_counter() - begin)
    return statistics.median(spans) * 1e3


def _run(command: list[str]) -> str:
    path = os.pathsep.join([str(_SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(_COMPILED)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603 -- commands made above
    if done.returncode:
        raise RuntimeError(f"{command[-1]} failed: {done.stderr[-2000:]}")
    return done.stdout
