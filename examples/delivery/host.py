"""A target server: it keeps releases running as processes, behind one fixed address for each slot.

It stands for what a delivery works on in earnest (a virtual machine, a cluster), and is no part of the workflows. A
slot (`staging`, `production`) has an address that never changes; behind it runs the release that was put there last.

    GET  /slots                          the slots, their addresses and releases
    PUT  /slots/{slot}/release           run {"release": {"version": ..., "artifact": path of a .pyz}}, or null

Putting the release that already runs changes nothing, so that the call may be repeated. The answer names the release
that was there before, for whoever has to go back to it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from serving import serve

CHUNK = 64 * 1024
STOP_SECONDS = 5


class Slot:
    """One address, and the release that answers there."""

    def __init__(self, name: str, log: Path) -> None:
        """Begin with no release; what its processes print is added to the log."""
        self.name = name
        self.url = ""
        self.release: dict[str, Any] | None = None
        self.previous: dict[str, Any] | None = None
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._upstream_port = 0
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Take a free port of 127.0.0.1 for good, and pass on what comes there."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def put(self, release: dict[str, Any] | None) -> None:
        """Run a release in the place of the present one; None leaves the slot empty."""
        async with self._changing:
            if release == self.release and self._is_running():
                return
            replaced, self._process = self._process, None
            if release is not None:
                self._upstream_port = find_free_port()
                self._process = await self._start(release["artifact"])
            self.previous, self.release = self.release, release
            await stop(replaced)

    async def close(self) -> None:
        """Stop what runs."""
        await stop(self._process)

    def describe(self) -> dict[str, Any]:
        """Return the slot as the API shows it."""
        return {
            "slot": self.name,
            "url": self.url,
            "release": self.release,
            "previous": self.previous,
            "running": self._is_running(),
            "pid": self._process.pid if self._process else None,
        }

    def _is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _start(self, artifact: str) -> asyncio.subprocess.Process:
        command = [sys.executable, artifact, "--port", str(self._upstream_port)]
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, start_new_session=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client with the present release, until either side is done."""
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, upstream[1]), copy(upstream[0], writer), return_exceptions=True)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on bytes until there are no more."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def stop(process: asyncio.subprocess.Process | None) -> None:
    """End a process, kindly first."""
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_artifact(path: str) -> bool:
    """Tell whether there is a file to run at a path."""
    return Path(path).is_file()


def make_app(slots: dict[str, Slot]) -> web.Application:
    """Return the API over the slots."""

    async def list_slots(_: web.Request) -> web.Response:
        return web.json_response([slot.describe() for slot in slots.values()])

    async def put_release(request: web.Request) -> web.Response:
        slot = slots.get(request.match_info["slot"])
        release = (await request.json())["release"]
        if slot is None:
            return web.json_response({"title": "no such slot", "slots": list(slots)}, status=404)
        if release is not None and not is_artifact(release.get("artifact", "")):
            return web.json_response({"title": "the release names no artefact that exists"}, status=422)
        await slot.put(release)
        return web.json_response(slot.describe())

    app = web.Application()
    app.add_routes([web.get("/slots", list_slots), web.put("/slots/{slot}/release", put_release)])
    return app


async def main(folder: Path) -> None:
    """Open the slots and serve the API; `folder/host.json` tells all addresses."""
    slots = {name: Slot(name, folder / f"{name}.log") for name in ("staging", "production")}
    for slot in slots.values():
        await slot.open()
    await serve(make_app(slots), folder / "host.json", {name: slot.url for name, slot in slots.items()})
    for slot in slots.values():
        await slot.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="A target server with two slots, staging and production.")
    options.add_argument("folder", type=Path, help="where logs go, and host.json with the addresses")
    asyncio.run(main(options.parse_args().folder))
