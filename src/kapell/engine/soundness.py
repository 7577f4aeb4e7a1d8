"""Whether stored rows are what was written: the same checks for every store, which brings its own words of advice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from kapell.engine.rows import checksum_history, checksum_snapshot, from_microseconds
from kapell.engine.store import HistoryRow
from kapell.errors import DamagedHistoryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEALED_NAME = "sealed:"
"""How the name of a sealed payload begins: it is no plain hash, and whoever opens the payload checks it."""


def check_history(
    run_id: str, run_key: int, next_seq: int, rows: Iterable[tuple[Any, ...]], advice: str
) -> Iterator[HistoryRow]:
    """Give the rows of a history (first_seq, count, at, crc32, body), as long as they are sound and none is missing.

    Raises:
        DamagedHistoryError: A row is damaged, or is not the one that begins with the event `next_seq`.
    """
    for first_seq, count, at, crc32, body in rows:
        if crc32 != checksum_history(run_key, first_seq, count, at, body):
            raise make_damage(run_id, f"the row of event {first_seq} does not match its checksum", advice)
        if first_seq != next_seq:
            raise make_damage(run_id, f"event {next_seq} is missing, the next row begins with {first_seq}", advice)
        next_seq = first_seq + count
        yield HistoryRow(first_seq=first_seq, count=count, at=from_microseconds(at), body=body)


def find_sound_snapshot(run_key: int, rows: Iterable[tuple[Any, ...]]) -> tuple[int, bytes | None]:
    """Return number and body of the first snapshot (seq, crc32, body) that is sound; 0 and `None` if none is."""
    for seq, crc32, body in rows:
        if crc32 == checksum_snapshot(run_key, seq, body):
            return seq, body
    return 0, None


def check_payload(digest: str, body: bytes, place: str) -> bytes:
    """Return a payload that matches its hash; `place` is what a backup would restore. Raises `DamagedHistoryError`."""
    if not digest.startswith(SEALED_NAME) and hashlib.sha256(body).hexdigest() != digest:
        raise DamagedHistoryError(
            f"The stored payload {digest} does not match its hash: the database was damaged on disk.",
            hint=f"The runs that use it cannot be carried on; restore the {place} from a backup.",
        )
    return body


def make_damage(run_id: str, what: str, advice: str) -> DamagedHistoryError:
    """Return the error of a run whose history cannot be read."""
    return DamagedHistoryError(f"The history of run {run_id} is damaged: {what}.", hint=advice)
