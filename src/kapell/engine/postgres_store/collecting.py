"""The batches of one call become rows, once it is known where their runs stand. Nothing here asks the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.counting import Counts
from kapell.engine.event_rows import EventChanges, says_of_events
from kapell.engine.rows import (
    checksum_history,
    checksum_snapshot,
    encode_origin,
    encode_standing,
    to_microseconds,
)
from kapell.engine.store import ENDED
from kapell.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from kapell.engine.store import Batch

Position = tuple[int, int]
"""A run's key, and the number of its last event."""


class Rows:
    """What one call writes. Of a run that is named twice, the last record and the last snapshot of an event count.

    Attributes:
        moved: Where each run of the call will stand.
        ended: The runs that ended in it.
        next_key: The key for the next new run.
        new_runs: New runs by key: their id, origin and standing.
        changed_runs: The standing of other runs, by key.
        history: Rows of `history`.
        snapshots: Checksum and body by run and event.
        payloads: Large values by digest.
        payload_uses: Which run uses which.
        done_commands: What leaves the inbox.
        faults: Keys of runs that got an error.
        counts: What is counted.
        events: What is said of events.
    """

    def __init__(self, next_key: int, listening: Collection[str]) -> None:
        """Begin with nothing.

        Args:
            next_key: The key of the first new run.
            listening: Runs that may have listeners.
        """
        self.next_key = next_key
        self._listening = listening
        self.moved: dict[str, Position] = {}
        self.ended: list[str] = []
        self.new_runs: dict[int, tuple[Any, ...]] = {}
        self.changed_runs: dict[int, tuple[Any, ...]] = {}
        self.history: list[tuple[Any, ...]] = []
        self.snapshots: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.payloads: dict[str, bytes] = {}
        self.payload_uses: list[tuple[int, str]] = []
        self.done_commands: list[int] = []
        self.faults: list[int] = []
        self.counts = Counts()
        self.events = EventChanges()
        self._last_at: tuple[datetime, int] | None = None

    def add(self, batch: Batch, position: Position | None) -> None:
        """Add the rows of a batch of the run that stands at `position`, `None` if it is not stored.

        Raises:
            ConflictError: The batch does not follow the run's last event, or it is its first and brings no record.
        """
        run_id, record, count = batch.run_id, batch.record, batch.count
        position = self.moved.get(run_id, position)
        if position is None:
            run_key, last_seq = self._add_run(batch), 0
        else:
            run_key, last_seq = position
            if record is not None:
                self._change_run(run_key, encode_standing(record))
        if count:
            if batch.first_seq != last_seq + 1:
                raise ConflictError(
                    f"Run {run_id} has {last_seq} events; a batch that begins with number {batch.first_seq} "
                    "does not follow them.",
                    hint="Load the run again and decide anew.",
                )
            at = self._convert(batch.at)
            checksum = checksum_history(run_key, batch.first_seq, count, at, batch.body)
            self.history.append((run_key, batch.first_seq, count, at, checksum, batch.body))
            last_seq += count
        self.moved[run_id] = (run_key, last_seq)
        if says_of_events(batch):
            self.events.add(batch)
        if record is not None and record.status in ENDED:
            self.ended.append(run_id)
            if run_id in self._listening or self.events.is_listening(run_id):
                self.events.end_run(run_id)
            self.counts.add_end(record)
            if record.error is not None:
                self.faults.append(run_key)
        self._add_rarities(batch, run_key, last_seq)

    @property
    def has_rarities(self) -> bool:
        """Whether there is more than runs and events."""
        return bool(self.snapshots or self.payloads or self.done_commands or self.faults or self.events)

    def _convert(self, at: datetime) -> int:
        """Return a time in microseconds: the batches of one call mostly share theirs."""
        if self._last_at is None or self._last_at[0] is not at:
            self._last_at = (at, to_microseconds(at))
        return self._last_at[1]

    def _add_run(self, batch: Batch) -> int:
        if batch.record is None:
            raise ConflictError(f"Run {batch.run_id} is not stored: its first batch must bring its record.")
        run_key = self.next_key
        self.next_key += 1
        self.counts.add_start(batch.record)
        self.new_runs[run_key] = (batch.run_id, *encode_origin(batch.record), *encode_standing(batch.record))
        return run_key

    def _change_run(self, run_key: int, standing: tuple[Any, ...]) -> None:
        """Let a run stand elsewhere. One statement cannot write a row twice, so a new run is made as it is now."""
        made = self.new_runs.get(run_key)
        if made is None:
            self.changed_runs[run_key] = standing
        else:
            self.new_runs[run_key] = made[: -len(standing)] + standing

    def _add_rarities(self, batch: Batch, run_key: int, last_seq: int) -> None:
        if batch.snapshot is not None:
            checksum = checksum_snapshot(run_key, last_seq, batch.snapshot)
            self.snapshots[run_key, last_seq] = (checksum, batch.snapshot)
        for digest, body in batch.payloads:
            self.payloads.setdefault(digest, body)
            self.payload_uses.append((run_key, digest))
        self.done_commands.extend(batch.done_commands)


def collect_rows(
    batches: Sequence[Batch], positions: Mapping[str, Position], next_key: int, listening: Collection[str]
) -> Rows:
    """Return the rows of all batches. Raises `ConflictError` if one does not fit where its run stands."""
    rows = Rows(next_key, listening)
    for batch in batches:
        rows.add(batch, positions.get(batch.run_id))
    return rows
