"""Following a run on a server: its live events become the progress that a run in a folder shows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from kapell.cli.progress import Progress
from kapell.cli.translating import make_line, make_sentence
from kapell.client import AsyncClient
from kapell.errors import ForbiddenError

if TYPE_CHECKING:
    from kapell.client.profile import Profile
    from kapell.client.wire.runs import RunDetail

_LOG_SECONDS = 0.5


def follow_run(profile: Profile, run_id: str, progress: Progress, after: int) -> RunDetail:
    """Show what happens to a run after an event, until its end, and return it."""
    return asyncio.run(_follow(profile, run_id, progress, after))


async def _follow(profile: Profile, run_id: str, progress: Progress, after: int) -> RunDetail:
    client = AsyncClient(profile.address, token=profile.token, ca_bundle=profile.ca_bundle or None, retry_seconds=60.0)
    async with client:
        if type(progress) is Progress:
            return await client.runs.wait(run_id)
        progress.begin_afar()
        log = _Log(client, run_id, progress)
        reading = asyncio.create_task(log.read_on())
        try:
            async for event in client.runs.events(run_id, after=after):
                progress.take(run_id, make_sentence(event))
            found = await client.runs.wait(run_id)
            await log.read()
            return found
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            progress.close()


class _Log:
    """What a run's processes write, fetched twice a second: there is no stream of it."""

    def __init__(self, client: AsyncClient, run_id: str, progress: Progress) -> None:
        self._client = client
        self._run_id = run_id
        self._progress = progress
        self._last = 0
        self._is_readable = True
        self._turn = asyncio.Lock()

    async def read_on(self) -> None:
        while self._is_readable:
            await asyncio.sleep(_LOG_SECONDS)
            await self.read()

    async def read(self) -> None:
        async with self._turn:
            try:
                async for line in self._client.runs.log(self._run_id, after=self._last):
                    self._last = line.seq
                    self._progress.take_log(self._run_id, make_line(line))
            except ForbiddenError:
                self._is_readable = False  # who may not see the data is not shown the log
