"""Reading a process's output without ever blocking the loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK_BYTES = 16 * 1024  # a chunk may be thousands of lines, each of which goes into the log


class PipeReader:
    """Hands what comes through a pipe to a callable, a chunk in each turn of the loop: that is the backpressure.

    Attributes:
        ended: Done when the last writer has closed the pipe.
    """

    def __init__(self, descriptor: int, on_data: Callable[[bytes], None]) -> None:
        """Take over the pipe's reading end."""
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._descriptor = descriptor
        self._on_data = on_data
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def close(self) -> None:
        """Stop reading and close the pipe; doing so again changes nothing."""
        if not self.ended.done():
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self.ended.set_result(None)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if data:
            self._on_data(data)
        else:
            self.close()
