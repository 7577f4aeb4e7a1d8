"""What the tasks of runs wrote while they ran: commits that do not wait for the disk.

Log lines come in floods, but they carry no promise: a run's outcome never rests on one. Their commits are therefore
asynchronous (`synchronous_commit = off`): everybody sees a line at once, it survives the death of Kapell, and only a
crash of the database server may take the lines of its last second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.errors import UniqueViolation

from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.store import LogLine
from kapell.storage.postgres_arrays import ByteaArray, Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.postgres_store.connections import Connections

_TRIES = 10

_ADD_LINES = """
    WITH last AS MATERIALIZED (SELECT coalesce(max(seq), 0) AS seq FROM lines WHERE run_id = %(run_id)s)
    INSERT INTO lines (run_id, seq, at, reference, entry, attempt, stream, text)
    SELECT %(run_id)s, last.seq + new.number, at, reference, entry, attempt, stream, text
    FROM last, unnest(
        %(at)b::int8[], %(reference)b::text[], %(entry)b::int8[], %(attempt)b::int8[], %(stream)b::text[],
        %(text)b::bytea[]
    ) WITH ORDINALITY AS new (at, reference, entry, attempt, stream, text, number)
"""
_LIST_LINES = """
    SELECT seq, at, reference, entry, attempt, stream, text FROM lines
    WHERE run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""
_LIST_LINES_BACK = """
    SELECT seq, at, reference, entry, attempt, stream, text FROM lines
    WHERE run_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s
"""


def append_lines(connections: Connections, run_id: str, lines: Sequence[LogLine]) -> None:
    """Add lines, numbered on from the last."""
    if not lines:
        return
    columns = {
        "run_id": run_id,
        "at": Int8Array(to_microseconds(line.at) for line in lines),
        "reference": TextArray(line.reference for line in lines),
        "entry": Int8Array(line.entry for line in lines),
        "attempt": Int8Array(line.attempt for line in lines),
        "stream": TextArray(line.stream for line in lines),
        "text": ByteaArray(line.text.encode(errors="replace") for line in lines),
    }
    with connections.write_log() as connection:
        for left in reversed(range(_TRIES)):
            try:
                connection.execute(_ADD_LINES, columns)
            except UniqueViolation:
                # Another process has numbered on at the same moment.
                if not left:
                    raise
            else:
                return


def read_lines(
    connections: Connections, run_id: str, after_seq: int, before_seq: int | None, limit: int
) -> list[LogLine]:
    """Return lines in order, numbered above `after_seq`; or the last ones below `before_seq`."""
    is_back = before_seq is not None
    query = _LIST_LINES_BACK if is_back else _LIST_LINES
    with connections.read() as connection:
        lines = [
            LogLine(
                seq=seq,
                at=from_microseconds(at),
                reference=reference,
                entry=entry,
                attempt=attempt,
                stream=stream,
                text=text.decode(),
            )
            for seq, at, reference, entry, attempt, stream, text in connection.execute(
                query, (run_id, before_seq if is_back else after_seq, limit), binary=True
            )
        ]
    return lines[::-1] if is_back else lines
