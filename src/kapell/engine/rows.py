"""How values become columns of a store, and back: the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

from kapell.engine.store import Count, HistoryRow, RunRecord, UnindexedRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_MICROSECONDS = 1_000_000
_pack_history = Struct("<qqqq").pack
_pack_snapshot = Struct("<qq").pack

RECORD_COLUMNS = """
    run_id, namespace, name, version,
    (SELECT digest FROM definitions WHERE definitions.definition_key = runs.definition_key) AS definition,
    status, created_at, updated_at, ended_at, parent_run_id, parked_until, error
"""
UNINDEXED_COLUMNS = "runs.run_id, runs.namespace, runs.name, runs.error"


def to_microseconds(at: datetime) -> int:
    """Return an aware time as whole microseconds since 1970."""
    since = at - EPOCH
    return (since.days * _DAY_SECONDS + since.seconds) * _MICROSECONDS + since.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """Return the time that `to_microseconds` was given."""
    return EPOCH + timedelta(microseconds=microseconds)


def checksum_history(run_key: int, first_seq: int, count: int, at: int, body: bytes) -> int:
    """Return the checksum over every other column of a row of `history`."""
    return crc32(body, crc32(_pack_history(run_key, first_seq, count, at)))


def checksum_snapshot(run_key: int, seq: int, body: bytes) -> int:
    """Return the checksum over every other column of a row of `snapshots`."""
    return crc32(body, crc32(_pack_snapshot(run_key, seq)))


def to_storable(text: str) -> str:
    """Return the text as UTF-8 can hold it: halves of surrogate pairs, which JSON allows, become question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def encode_origin(record: RunRecord) -> tuple[Any, ...]:
    """Return the fields that say where a run comes from and never change, in the order in which `append` names them."""
    return (
        record.namespace,
        record.name,
        record.version,
        record.definition,
        to_microseconds(record.created_at),
        record.parent_run_id,
    )


def encode_standing(record: RunRecord) -> tuple[Any, ...]:
    """Return the fields that say where a run stands, in the order in which `append` names them."""
    ended_at, parked_until = record.ended_at, record.parked_until
    return (
        record.status,
        to_microseconds(record.updated_at),
        None if ended_at is None else to_microseconds(ended_at),
        None if parked_until is None else to_microseconds(parked_until),
        None if record.error is None else to_storable(record.error),
    )


def decode_counts(rows: Iterable[Sequence[int]]) -> list[Count]:
    """Return the counts of rows: begin, what, count. Thousands of rows share some begins."""
    begins: dict[int, datetime] = {}
    found: list[Count] = []
    for begins_at, what, count in rows:
        at = begins.get(begins_at)
        if at is None:
            at = begins[begins_at] = from_microseconds(begins_at)
        found.append(Count(at, what, count))
    return found


def decode_unindexed(row: Sequence[Any]) -> UnindexedRun:
    """Return the run of a row: key, fault, the first batch's count, time and body, and `UNINDEXED_COLUMNS`."""
    run_key, fault, count, at, body, run_id, namespace, name, error = row
    first = None if count is None else HistoryRow(first_seq=1, count=count, at=from_microseconds(at), body=body)
    return UnindexedRun(run_key, fault, run_id, namespace, name, error, first)


def decode_record(row: Sequence[Any]) -> RunRecord:
    """Return the record of a row that was selected by `RECORD_COLUMNS`."""
    return RunRecord(
        run_id=row[0],
        namespace=row[1],
        name=row[2],
        version=row[3],
        definition=row[4],
        status=row[5],
        created_at=from_microseconds(row[6]),
        updated_at=from_microseconds(row[7]),
        ended_at=None if row[8] is None else from_microseconds(row[8]),
        parent_run_id=row[9],
        parked_until=None if row[10] is None else from_microseconds(row[10]),
        error=row[11],
    )
