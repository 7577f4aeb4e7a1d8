"""Group commit: the batches of all runs that moved, in one transaction, again and again until the disk takes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.errors import KapellError, StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kapell.clock import Clock
    from kapell.engine.store import Batch, RunStore

log = get_logger(__name__)

_INLINE_BYTES = 256 * 1024
"""Commits of more bytes than this go to a thread."""

_SLOW_SECONDS = 1.0
"""A transaction that takes so long is worth a line: what is asked for meanwhile waits."""

_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Committer:
    """Appends batches, one transaction at a time.

    Where the store says that its commits are short (SQLite's take some 0.3 ms, and a hop to a thread and back takes as
    long), they run on the event loop's own thread. They go to a thread when the store lies across a network, when much
    is to be written, or when the disk has refused: then it is tried until it succeeds, and nothing that depends on it
    happens meanwhile.
    """

    def __init__(self, store: RunStore, epoch: int, clock: Clock, on_fatal: Callable[[KapellError], None]) -> None:
        """Write to `store` as the owner of `epoch`; `on_fatal` is told when nothing can be written any more."""
        self._store = store
        self._epoch = epoch
        self._clock = clock
        self._on_fatal = on_fatal
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None
        """Why the disk refuses at present."""
        self.on_committed: Callable[[int, float], None] = lambda _runs, _seconds: None
        """Told of each transaction: of how many runs, and how long it took, in seconds."""
        self.on_idle: Callable[[], None] = lambda: None
        """Called when a transaction in a thread is over, after its own `on_durable`."""

    @property
    def is_busy(self) -> bool:
        """Whether a transaction is under way in a thread."""
        return self._task is not None

    def commit(self, batches: Sequence[Batch], on_durable: Callable[[], None]) -> None:
        """Append `batches`, and call `on_durable` when they are on disk: before this returns, or later."""
        if not self._store.commits_inline or _count_bytes(batches) > _INLINE_BYTES:
            self._go_to_thread(batches, on_durable)
            return
        try:
            seconds = self._append(batches)
        except StorageError as error:
            self._note_trouble(error)
            self._go_to_thread(batches, on_durable)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the engine stops with a sentence
            self._on_fatal(_explain(error))
        else:
            self._note_commit(len(batches), seconds)
            on_durable()

    def _append(self, batches: Sequence[Batch]) -> float:
        """Append, and return how long it took, in seconds."""
        begun_at = self._clock.monotonic()
        self._store.append(self._epoch, batches)
        return self._clock.monotonic() - begun_at

    def _note_commit(self, runs: int, seconds: float) -> None:
        self.on_committed(runs, seconds)
        if seconds >= _SLOW_SECONDS:
            log.warning("slow_commit", seconds=round(seconds, 3), runs=runs)

    def commit_heavy(self, prepare: Callable[[], Sequence[Batch]], on_durable: Callable[[], None]) -> None:
        """Append what `prepare` makes, which takes so long that it is called in a thread; then call `on_durable`."""
        self._task = asyncio.get_running_loop().create_task(self._prepare_and_commit(prepare, on_durable))

    async def _prepare_and_commit(self, prepare: Callable[[], Sequence[Batch]], on_durable: Callable[[], None]) -> None:
        try:
            batches = await asyncio.to_thread(prepare)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the engine stops with a sentence
            self._task = None
            self._on_fatal(_explain(error))
        else:
            await self._commit_in_thread(batches, on_durable)

    async def settle(self) -> None:
        """Wait for the transaction that is under way in a thread, if any, unless the disk refuses."""
        while self._task is not None and self.trouble is None:
            await asyncio.wait((self._task,), timeout=0.05)

    def close(self) -> None:
        """Give up what the disk has not taken: it is as if it had not happened."""
        if self._task is not None:
            self._task.cancel()

    def _go_to_thread(self, batches: Sequence[Batch], on_durable: Callable[[], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._commit_in_thread(batches, on_durable))
        self._task = task

    async def _commit_in_thread(self, batches: Sequence[Batch], on_durable: Callable[[], None]) -> None:
        tries = 0
        while True:
            try:
                seconds = await asyncio.to_thread(self._append, batches)
                break
            except StorageError as error:
                self._note_trouble(error)
                await asyncio.sleep(_RETRY_SECONDS[min(tries, len(_RETRY_SECONDS) - 1)])
                tries += 1
            except Exception as error:  # noqa: BLE001 -- whatever it is, the engine stops with a sentence
                self._task = None
                self._on_fatal(_explain(error))
                return
        if self.trouble is not None:
            log.info("storage_recovered")
            self.trouble = None
        self._task = None
        self._note_commit(len(batches), seconds)
        on_durable()
        self.on_idle()

    def _note_trouble(self, error: StorageError) -> None:
        if self.trouble != error.message:
            self.trouble = error.message
            log.warning("storage_refuses", message=error.message, hint=error.hint)


def _explain(error: Exception) -> KapellError:
    """Return what stops the engine: an error on purpose as it is, a fault of Kapell's own with its details logged."""
    if isinstance(error, KapellError):
        return error
    log.error("commit_failed", exc_info=error)
    return KapellError(
        f"The runs cannot be written: {type(error).__name__}: {error}.",
        hint="This is a fault of Kapell; the log has the details. The next start carries the runs on.",
    )


def _count_bytes(batches: Sequence[Batch]) -> int:
    payloads = [len(data) for batch in batches if batch.payloads for _, data in batch.payloads]
    return sum([len(batch.body) for batch in batches]) + sum(payloads)
