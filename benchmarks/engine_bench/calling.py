"""HTTP calls over the loopback interface, and what the HTTP client alone reaches with the same server."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from engine_bench.rows import Bench, Row
from engine_bench.work import AT_ONCE, carry_out_many, make_workflow, open_bench_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVER = Path(__file__).with_name("loopback.py")


def measure_http(bench: Bench) -> Iterator[Row]:
    """Measure `call: http` tasks, 50 at once, and bare calls of the client that they use."""
    calls = bench.pick(4000, 100)
    with start_server() as uri:
        with tempfile.TemporaryDirectory(dir=bench.folder) as name:
            tasks, processor = asyncio.run(_run_calls(bench, Path(name), uri, calls))
        bare = asyncio.run(_call_alone(bench, uri, calls))
    conditions = (
        f"{AT_ONCE} runs at once, each makes {calls // AT_ONCE} calls in turn, each request and each result durable; "
        f"{processor * 1e6:.0f} us of processor time a task; the server is another process on the same cores"
    )
    yield Row(f"loopback HTTP calls, {AT_ONCE} at once", tasks, "tasks/s", conditions, "http")
    yield Row(f"aiohttp alone, {AT_ONCE} at once", bare, "calls/s", "the same server, no engine: the limit above it")


async def _run_calls(bench: Bench, folder: Path, uri: str, calls: int) -> tuple[float, float]:
    """Return tasks a second, and seconds of processor time a task."""
    call = {"call": "http", "with": {"method": "get", "endpoint": uri}}
    workflow = make_workflow("calls", [{f"call{number}": call} for number in range(calls // AT_ONCE)])
    spans, processor = [], []
    async with open_bench_engine(folder) as engine:
        await carry_out_many(engine, workflow, {}, AT_ONCE)
        for _ in range(bench.pick(5, 1)):
            begin, begin_processor = time.perf_counter(), time.process_time()
            await carry_out_many(engine, workflow, {}, AT_ONCE)
            spans.append(time.perf_counter() - begin)
            processor.append(time.process_time() - begin_processor)
    return calls / statistics.median(spans), statistics.median(processor) / calls


async def _call_alone(bench: Bench, uri: str, calls: int) -> float:
    async def be_client(session: aiohttp.ClientSession, share: int) -> None:
        for _ in range(share):
            async with session.get(uri) as response:
                await response.json()

    spans = []
    async with aiohttp.ClientSession() as session:
        for _ in range(bench.pick(5, 1)):
            begin = time.perf_counter()
            await asyncio.gather(*(be_client(session, calls // AT_ONCE) for _ in range(AT_ONCE)))
            spans.append(time.perf_counter() - begin)
    return calls / statistics.median(spans)


@contextmanager
def start_server() -> Iterator[str]:
    """Start the server in a process of its own; give its URI."""
    command = [sys.executable, str(_SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 -- a file of this folder
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/customer"
        finally:
            server.stdin.close()
