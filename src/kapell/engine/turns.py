"""What one turn of the host makes of runs, and what is written of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.engine.expression_helper.pieces import encode_parts
from kapell.engine.listening.traffic import collect_traffic
from kapell.engine.projection import project_change
from kapell.engine.snapshots import is_snapshot_due, take_snapshot
from kapell.engine.store import Batch
from kapell.kernel.codec import encode_heavy_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from kapell.engine.active import ActiveRun, Work
    from kapell.kernel import effects as fx
    from kapell.kernel.codec import Payloads
    from kapell.kernel.evaluation import Evaluation
    from kapell.kernel.events import Event
    from kapell.reasons import Reason

    EncodeEvents = Callable[[Sequence[Event]], tuple[bytes, Payloads]]


class Moved:
    """What one turn made of a run."""

    __slots__ = ("active", "effects", "events", "first_seq", "needs", "works")

    def __init__(self, active: ActiveRun) -> None:
        """Begin with nothing."""
        self.active = active
        self.first_seq = active.state.seq + 1
        self.events: list[Event] = []
        self.effects: list[fx.Effect] = []
        self.works: list[tuple[Work, Reason | None]] = []
        self.needs: tuple[tuple[Evaluation, ...], Work] | None = None

    def make_batch(self, at: datetime, encode: EncodeEvents) -> Batch | None:
        """Return what is to be written of it, at a moment; `None` if nothing is."""
        active, events = self.active, self.events
        done = [work.inbox_id for work, refused in self.works if work.inbox_id is not None and refused is None]
        if not events and not done:
            return None
        body, payloads = encode(events) if events else (b"", ())
        snapshot = take_snapshot(active) if is_snapshot_due(active) else None
        traffic = collect_traffic(active, self.effects, self.works, at)
        return Batch(
            run_id=active.run_id,
            first_seq=self.first_seq,
            count=len(events),
            at=at,
            body=body,
            record=project_change(active.record, active.state, at, is_new=self.first_seq == 1),
            snapshot=snapshot,
            payloads=payloads,
            done_commands=tuple(done),
            emitted=traffic.emitted,
            listens=traffic.listens,
            unlistens=traffic.unlistens,
            uses=traffic.uses,
        )


class Made:
    """What is to be written of a turn, and whose part of it could not be."""

    __slots__ = ("batches", "failed", "moved")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.batches: list[Batch] = []
        self.moved: list[Moved] = []
        self.failed: list[tuple[Moved, Exception]] = []


def encode_heavily(events: Sequence[Event]) -> tuple[bytes, Payloads]:
    """Return events as they are stored; large values are encoded piece by piece, so that other threads have a turn."""
    return encode_heavy_events(events, lambda value: b"".join(encode_parts(value, msgspec.json.encode)))
