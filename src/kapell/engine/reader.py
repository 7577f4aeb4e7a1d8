"""Reading the store without holding the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from kapell.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.engine.store import RunStore

_Result = TypeVar("_Result")

THREADS = 4


class StoreReader:
    """Calls what reads a store: at once where no network lies between, and otherwise in threads.

    They are threads of its own: however many runs are read at once, a commit does not wait for a thread behind them.

    Attributes:
        store: The store.
        is_inline: Whether reading is so short that the event loop's own thread does it.
    """

    def __init__(self, store: RunStore) -> None:
        """Read `store`."""
        self.store = store
        self.is_inline = store.commits_inline
        self._threads = None if self.is_inline else ThreadPoolExecutor(THREADS, thread_name_prefix="kapell-reader")
        self._under_way = 0
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read."""
        return not self._under_way

    async def read(self, call: Callable[..., _Result], *arguments: object) -> _Result:
        """Return what a call returns. What was true before it, outside of the store, may have changed after it.

        Raises:
            ConflictError: The engine was closed.
        """
        if self._threads is None:
            return call(*arguments)
        if self._is_closed:
            raise ConflictError("The engine was closed.")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Begin nothing more; what is being read is read to its end."""
        self._is_closed = True
        if self._threads is not None:
            self._threads.shutdown(wait=False)
