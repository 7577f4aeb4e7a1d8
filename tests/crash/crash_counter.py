"""A server outside of Kapell that counts what it is asked, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

from aiohttp import web


class CountingServer:
    """Counts requests by operation, and by idempotency key where one is sent.

    `POST /op/<operation>?ms=15&fail=2` answers after 15 ms, the first two times for that operation with 503. A request
    counts when it arrives.
    """

    def __init__(self):
        self.requests = Counter()
        self.keys = Counter()
        self.url = ""
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def _serve(self):
        self._loop.run_until_complete(self._run())
        self._loop.close()

    def count_of(self, folder):
        """Return (method, operation) -> count, and idempotency key -> count, of what one folder's engines asked."""
        with self._lock:
            requests = {(method, name): count for (of, method, name), count in self.requests.items() if of == folder}
            return requests, {key: count for (of, key), count in self.keys.items() if of == folder}

    async def _run(self):
        self._stop = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{folder}/op/{operation:.+}", self._count)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _count(self, request):
        name = (request.match_info["folder"], request.method, request.match_info["operation"])
        key = request.headers.get("Idempotency-Key")
        with self._lock:
            self.requests[name] += 1
            count = self.requests[name]
            if key is not None:
                self.keys[request.match_info["folder"], key] += 1
        await asyncio.sleep(int(request.query.get("ms", "0")) / 1000)
        if count <= int(request.query.get("fail", "0")):
            return web.json_response({"count": count}, status=503)
        return web.json_response({"count": count})
