"""Calls that several requests need at the same moment are made once.

What is remembered of a token counts for some seconds. When these are over, all requests under way would ask the
database the same thing, each in a thread of its own, and everybody else would wait until they are done.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable


class SharedCalls:
    """Calls under way, by key; belongs to one event loop."""

    def __init__(self) -> None:
        """Have none."""
        self._under_way: dict[str, asyncio.Task[Any]] = {}

    async def call(self, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `function` returns or raise what it raises: of the call of this key that is under way, if any.

        The key must say everything that the answer depends on. A caller that is cancelled leaves the others theirs.
        """
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.get_running_loop().create_task(
                run_in_threadpool(function, *arguments)
            )
            task.add_done_callback(lambda ended: self._end(key, ended))
        return await asyncio.shield(task)

    def _end(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # whoever waited has it; perhaps nobody did to the end
