"""What a server tells of runs, as folders have it, so that commands show both alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.engine.store import LogLine, RunRecord
from kapell.kernel.events import to_micros
from kapell.kernel.narration import Sentence
from kapell.language.error_types import WorkflowError
from kapell.language.program import Kind
from kapell.reasons import Reason

if TYPE_CHECKING:
    from kapell.client.wire import runs as wire
    from kapell.client.wire.runs import Run, RunDetail, RunEvent


def make_record(run: Run) -> RunRecord:
    """Return a run as folders have it; the digest of its definition is not told."""
    return msgspec.convert(
        {**msgspec.structs.asdict(run), "definition": "", "parked_until": run.waits_until}, RunRecord
    )


def make_error(found: RunDetail) -> WorkflowError | None:
    """Return why a run faulted, as folders have it."""
    return None if found.error is None else WorkflowError(**msgspec.structs.asdict(found.error))


def make_sentence(event: RunEvent) -> Sentence:
    """Return an event as a narrator tells it."""
    return Sentence(
        seq=event.seq,
        at=to_micros(event.at),
        event=event.type,
        reference=event.reference,
        name=event.name,
        kind=Kind(event.kind),
        depth=event.depth,
        text=event.text,
        reason=None if event.reason is None else Reason(event.reason, event.text),
        length=None if event.seconds is None else round(event.seconds * 1_000_000),
        is_bad=event.is_bad,
    )


def make_line(line: wire.LogLine) -> LogLine:
    """Return a line of a log as folders have it."""
    return LogLine(**msgspec.structs.asdict(line))
