"""How the small servers of this example come up and go down."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path


async def serve(app: web.Application, ready: Path, addresses: dict[str, str] | None = None) -> None:
    """Serve on a free port of 127.0.0.1 until SIGTERM or SIGINT.

    As soon as it answers, the file `ready` appears: a JSON object with its address as `url`, and the given addresses.
    """
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    unfinished = ready.with_suffix(".new")
    unfinished.write_text(json.dumps({"url": f"http://{host}:{port}", **(addresses or {})}))
    unfinished.rename(ready)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()
