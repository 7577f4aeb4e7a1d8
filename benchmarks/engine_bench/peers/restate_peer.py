"""Restate: its server, its JavaScript SDK with five durable steps a handler, and a client here."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from engine_bench.peers.installing import PeerUnavailableError, install_node_packages
from engine_bench.work import AT_ONCE, DOCUMENT, TASKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_bench.rows import Bench

_SCRIPT = Path(__file__).with_name("restate_work.mjs")
_START_SECONDS = 60
_PATIENCE_SECONDS = 300

Result = tuple[str, float, str]


def run_restate(bench: Bench, cache: Path, works: list[str]) -> Iterator[Result]:
    """Yield the work, its value and its conditions. Raises `PeerUnavailableError`."""
    folder = install_node_packages(cache / "restate", ["@restatedev/restate-server", "@restatedev/restate-sdk"])
    with tempfile.TemporaryDirectory(dir=bench.folder) as data, _start(folder, Path(data)) as (address, processes):
        yield from asyncio.run(_Client(bench, address, processes).work(works))


@contextmanager
def _start(folder: Path, data: Path) -> Iterator[tuple[str, list[int]]]:
    """Start the server and the service; give the address for calls and the processes."""
    binary = next(folder.glob("node_modules/@restatedev/restate-server-*/bin/restate-server"), None)
    if binary is None:
        raise PeerUnavailableError("Restate has no server for this machine.")
    shutil.copy(_SCRIPT, folder)  # beside the packages that it imports
    service, calls, admin, nodes = _find_ports(4)
    environment = {
        **os.environ,
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{nodes}",
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{calls}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RUST_LOG": "off",
    }
    commands = (["node", str(folder / _SCRIPT.name), str(service)], [str(binary), "--base-dir", str(data)])
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 -- see above
        for command in commands
    ]
    try:
        asyncio.run(_register(f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{service}"))
        yield f"http://127.0.0.1:{calls}", [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def _register(admin: str, service: str) -> None:
    """Tell the server of the service, as soon as both are up."""
    until = time.monotonic() + _START_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.post(f"{admin}/deployments", json={"uri": service}) as response:
                    if response.ok:
                        return
                    told = (await response.text())[:500]
            except aiohttp.ClientError as error:
                told = str(error)
            if time.monotonic() > until:
                raise PeerUnavailableError(f"Restate did not start within {_START_SECONDS} s: {told}")
            await asyncio.sleep(0.2)


class _Client:
    def __init__(self, bench: Bench, address: str, processes: list[int]) -> None:
        self.bench = bench
        self.address = address
        self.processes = processes

    async def work(self, works: list[str]) -> list[Result]:
        bench, conditions = self.bench, "Restate, server and JavaScript service; the client is here"
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        results: list[Result] = []
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as self.session:
            await self.call_many(AT_ONCE)
            if "five tasks" in works:
                runs = bench.pick(1000, 50)
                spans = [await self.call_many(runs) for _ in range(bench.pick(3, 1))]
                results.append(("five tasks", runs / statistics.median(spans), conditions))
            if "alone" in works:
                spans = [await self.time("five", DOCUMENT) for _ in range(bench.pick(200, 5))]
                results.append(("alone", statistics.median(spans) * 1e3, conditions))
            width = bench.pick(1000, 100)
            if "fork" in works:
                spans = [await self.time("fork", width) for _ in range(bench.pick(3, 1))]
                results.append(("fork", statistics.median(spans), f"{conditions}; {width} steps"))
            if "waits" in works:
                begin = time.perf_counter()
                await asyncio.gather(*(self.call("wait", {}) for _ in range(width)))
                results.append(("waits", time.perf_counter() - begin, f"{conditions}; {width} calls"))
            if "memory" in works:
                size = sum(_read_resident(process) for process in self.processes)
                results.append(("memory", size / 1e6, f"{conditions}; server and service after all this"))
        return results

    async def call(self, handler: str, value: Any) -> Any:
        uri = f"{self.address}/bench/{handler}"
        async with self.session.post(uri, json=value) as response:
            response.raise_for_status()
            return await response.json(content_type=None)

    async def time(self, handler: str, value: Any) -> float:
        begin = time.perf_counter()
        await self.call(handler, value)
        return time.perf_counter() - begin

    async def call_many(self, runs: int) -> float:
        async def be_client() -> None:
            for _ in range(runs // AT_ONCE):
                if (await self.call("five", DOCUMENT))["count"] != TASKS:
                    raise RuntimeError("Restate gave another result")

        begin = time.perf_counter()
        await asyncio.gather(*(be_client() for _ in range(AT_ONCE)))
        return time.perf_counter() - begin


def _find_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _read_resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
