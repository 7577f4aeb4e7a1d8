"""What a process writes: kept for the task's output, and shown in the run's log while it runs."""

from __future__ import annotations

import asyncio
import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.sdk import ActivityContext
    from kapell.sdk.activity import LogStream

_PIECE_CHARACTERS = 8192
_LINE_COST_BYTES = 64  # a log of empty lines is large as well
_FLUSH_SECONDS = 0.25
_TAIL_BYTES = 8192


class LogBudget:
    """How much one process may still add to the run's log, over both of its streams."""

    def __init__(self, context: ActivityContext, max_bytes: int) -> None:
        """Begin with the whole budget."""
        self._context = context
        self._left = max_bytes

    @property
    def is_spent(self) -> bool:
        """Whether nothing goes into the log any more."""
        return self._left <= 0

    def log(self, stream: LogStream, text: str) -> None:
        """Add a line to the log, or, once, the note that there will be no more."""
        if self._left <= 0:
            return
        self._left -= len(text) + _LINE_COST_BYTES
        self._context.log(stream, text)
        if self._left <= 0:
            self._context.log("info", "The process writes more than a log holds: the rest is left out here.")


class LogLines:
    """Cuts a stream of bytes into lines for the log.

    Bad UTF-8 is replaced, a very long line is cut in pieces, and an unfinished one is shown after a moment.
    """

    def __init__(self, stream: LogStream, budget: LogBudget) -> None:
        """Write lines of this stream as long as the budget lasts."""
        self._stream = stream
        self._budget = budget
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._flush: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._budget.is_spent:
            self._rest = ""
            return
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._write(line)
        if lines and self._flush is not None:
            # It was set for a line that is finished by now.
            self._flush.cancel()
            self._flush = None
        while len(self._rest) > _PIECE_CHARACTERS:
            self._budget.log(self._stream, self._rest[:_PIECE_CHARACTERS])
            self._rest = self._rest[_PIECE_CHARACTERS:]
        if self._rest and self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what there is of an unfinished line."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._rest:
            self._write(self._rest)
            self._rest = ""

    def end(self) -> None:
        """Write what is left, the stream being over."""
        self._rest += self._decoder.decode(b"", final=True)
        self.flush()

    def _write(self, line: str) -> None:
        line = line.removesuffix("\r")
        for start in range(0, len(line) or 1, _PIECE_CHARACTERS):
            self._budget.log(self._stream, line[start : start + _PIECE_CHARACTERS])


class Capture:
    """Keeps a stream whole up to a limit, or only its last part where nobody asked for more."""

    def __init__(self, max_bytes: int | None, on_overflow: Callable[[], None]) -> None:
        """Keep up to `max_bytes`, and call `on_overflow` once there is more; keep only the tail if it is `None`."""
        self._max_bytes = max_bytes
        self._on_overflow = on_overflow
        self._data = bytearray()
        self.overflowed = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self.overflowed:
            return
        self._data += data
        if self._max_bytes is None:
            del self._data[:-_TAIL_BYTES]
        elif len(self._data) > self._max_bytes:
            self.overflowed = True
            self._data.clear()
            self._on_overflow()

    def get_text(self) -> str:
        """Return the text, bad UTF-8 replaced, without the line ends at its end, as a shell's `$(...)` does."""
        return self._data.decode(errors="replace").rstrip("\r\n")
