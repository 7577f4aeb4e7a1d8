"""Which trace a run belongs to, and the ids of its spans (W3C Trace Context, version 00).

A run that was started with a `traceparent` belongs to the trace of whoever started it, below that span; every other run
is a trace of its own. All ids follow from the run's id.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 0x01
_RATIO_BITS = 64


class TraceContext(NamedTuple):
    """The trace of a run.

    Attributes:
        trace_id: The trace.
        parent_id: The span that the run is below; 0 if it is the trace's first.
        is_sampled: Whether the trace is told to anybody.
    """

    trace_id: int
    parent_id: int
    is_sampled: bool


def read_traceparent(text: str) -> TraceContext | None:
    """Return what a `traceparent` says, or `None` if it is none that can be used."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    trace_id, parent_id, flags = (int(part, 16) for part in found.groups())
    return TraceContext(trace_id, parent_id, bool(flags & _SAMPLED)) if trace_id and parent_id else None


def write_traceparent(context: TraceContext, span_id: int) -> str:
    """Return the `traceparent` of what is done within a span."""
    return f"00-{context.trace_id:032x}-{span_id:016x}-{int(context.is_sampled):02x}"


def find_context(run_id: str, traceparent: str | None, ratio: float) -> TraceContext:
    """Return the trace of a run.

    Args:
        run_id: The run.
        traceparent: What it was started with, if anything; it also says whether the trace is sampled.
        ratio: Which share of the other traces is sampled, from 0 to 1; the same ones in every process.
    """
    given = None if traceparent is None else read_traceparent(traceparent)
    if given is not None:
        return given
    trace_id = _hash(16, "trace", run_id)
    return TraceContext(trace_id, 0, trace_id % 2**_RATIO_BITS < ratio * 2**_RATIO_BITS)


def make_span_id(run_id: str, *place: str | int) -> int:
    """Return the id of a span: the same each time for the same place in the same run."""
    return _hash(8, "span", run_id, *place)


def make_attempt_id(run_id: str, entry: int, attempt: int) -> int:
    """Return the id of an attempt's span, which its calls name as their parent."""
    return make_span_id(run_id, "attempt", entry, attempt)


def _hash(size: int, *parts: str | int) -> int:
    found = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=size, person=b"kapell trace").digest()
    return int.from_bytes(found) or 1  # 0 would mean that there is none
