"""Cancelling what libraries do, for sure.

Until Python 3.12 `asyncio.wait_for` drops a cancellation that comes in the moment in which it succeeds, and libraries
use it around whatever they read and write. The task then goes on as if nobody had said anything.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

_Result = TypeVar("_Result")

_PATIENCE: Final = 0.1


async def run_cancellable(
    doing: Coroutine[Any, Any, _Result], drop: Callable[[_Result], Awaitable[None]] | None = None
) -> _Result:
    """Return what a coroutine returns; a cancellation is repeated until it has ended.

    Args:
        doing: What may not hear it the first time.
        drop: Lets go of a result that came although nobody wanted it any more.
    """
    task = asyncio.create_task(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=_PATIENCE)
        if not task.cancelled() and task.exception() is None and drop is not None:
            await drop(task.result())
        raise


async def run_to_end(doing: Coroutine[Any, Any, None], seconds: float) -> None:
    """Do something to its end, also when cancelled meanwhile; then for `seconds` at most."""
    task = asyncio.create_task(doing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=seconds)
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=_PATIENCE)
        if not task.cancelled():
            task.exception()  # nobody is there to be told
        raise
