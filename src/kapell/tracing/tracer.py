"""The tracer: it listens to what becomes durable, and tells a collector of it from a thread of its own.

The event loop only puts events into a queue. The thread folds them, run by run, and sends the spans that end, some at a
time. Where it has not seen a run from its beginning (the process before this one died, or the run slept), it reads the
run's history first and tells of all of it: what the last process still had in hand is not lost by that, and what it had
told is told as the very same spans.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kapell.engine.loading import iter_events
from kapell.engine.store import ENDED, RunFilter
from kapell.errors import KapellError
from kapell.telemetry import get_logger, trace_runs_by
from kapell.tracing.contexts import find_context, make_attempt_id, write_traceparent
from kapell.tracing.spans import RunTrace, find_traceparent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.definitions import Definitions
    from kapell.engine.engine import Engine
    from kapell.engine.store import RunRecord, RunStore
    from kapell.kernel.events import Event
    from kapell.kernel.state import State
    from kapell.language.program import Program
    from kapell.tracing.exporting import Exporter
    from kapell.tracing.spans import Span

log = get_logger(__name__)

_SEND_SECONDS = 1.0
_SEND_SPANS = 512
_KEPT_SPANS = 20_000
_KEPT_EVENTS = 100_000
_KEPT_RUNS = 5_000
_REMEMBERED_RUNS = 100_000
_CLOSE_SECONDS = 10.0
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_RECENT = timedelta(seconds=15)
_RECENT_RUNS = 200


class _News(NamedTuple):
    """What became durable of a run."""

    run_id: str
    program: Program
    first_seq: int
    events: Sequence[Event]


class Tracer:
    """Makes traces of an engine's runs; `note` is to be its listener.

    Attributes:
        dropped: How many spans nobody was told of, because the collector did not take them for too long.
    """

    def __init__(
        self, store: RunStore, definitions: Definitions, exporter: Exporter, clock: Clock, *, ratio: float
    ) -> None:
        """Read histories from `store`, and tell `exporter` of this share of the runs."""
        self._clock = clock
        self._store = store
        self._definitions = definitions
        self._exporter = exporter
        self._ratio = ratio
        self._news: queue.SimpleQueue[_News | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="kapell-tracer", daemon=True)
        self._given: OrderedDict[str, str] = OrderedDict()
        self._traces: OrderedDict[str, RunTrace] = OrderedDict()
        self._told: OrderedDict[str, int] = OrderedDict()
        self._spans: deque[tuple[int, Span]] = deque()
        self._refusals = 0
        self._retry_at = 0.0
        self.dropped = 0

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self) -> None:
        """Tell what there is to tell, and stop; blocks for some seconds at most."""
        self._news.put(None)
        self._thread.join(_CLOSE_SECONDS)

    # -- on the event loop ---------------------------------------------------------------------------------------------

    def note(self, active: ActiveRun, first_seq: int, events: Sequence[Event]) -> None:
        """Take note of events that have become durable."""
        state = active.state
        if not find_context(state.run_id, state.traceparent, self._ratio).is_sampled:
            return
        if state.traceparent is not None:
            _keep(self._given, state.run_id, state.traceparent, _REMEMBERED_RUNS)
        if self._news.qsize() < _KEPT_EVENTS:
            self._news.put(_News(state.run_id, active.program, first_seq, tuple(events)))
        # Else it is left out: with the run's next events, its history is read.

    def make_traceparent(self, state: State, entry: int, attempt: int) -> str:
        """Return what an attempt's calls, or its child run, are to be told of the trace."""
        context = find_context(state.run_id, state.traceparent, self._ratio)
        return write_traceparent(context, make_attempt_id(state.run_id, entry, attempt))

    def find_trace_id(self, run_id: str) -> str | None:
        """Return the trace of a run as logs name it; `None` if it is not traced."""
        context = find_context(run_id, self._given.get(run_id), self._ratio)
        return f"{context.trace_id:032x}" if context.is_sampled else None

    # -- in the thread -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._tell_recent()
        is_closing = False
        while not is_closing:
            is_closing = self._take()
            self._send(is_last=is_closing)
        self._exporter.close()

    def _take(self) -> bool:
        """Fold what there is, or what comes within a second; return whether to stop."""
        try:
            news = self._news.get(timeout=_SEND_SECONDS)
            while news is not None:
                self._fold_safely(news)
                if len(self._spans) >= _SEND_SPANS:
                    return False
                news = self._news.get_nowait()
        except queue.Empty:
            return False
        return True

    def _fold_safely(self, news: _News) -> None:
        try:
            self._fold(news)
        except KapellError as error:
            log.warning("run_not_traced", run_id=news.run_id, message=error.message)
            self._traces.pop(news.run_id, None)
        except Exception:
            log.exception("run_not_traced", run_id=news.run_id)
            self._traces.pop(news.run_id, None)

    def _fold(self, news: _News) -> None:
        trace = self._traces.get(news.run_id)
        if trace is None or trace.state.seq + 1 != news.first_seq:
            trace = self._read(news.run_id, news.program, news.first_seq, news.events[0])
        for event in news.events:
            self._spans.extend((trace.context.trace_id, span) for span in trace.fold(event))
        _keep(self._told, news.run_id, trace.state.seq, _REMEMBERED_RUNS)
        if trace.state.is_ended:
            self._traces.pop(news.run_id, None)
        else:
            _keep(self._traces, news.run_id, trace, _KEPT_RUNS)

    def _read(self, run_id: str, program: Program, before_seq: int, first: Event) -> RunTrace:
        """Return a run's trace as it stands before an event, from its history; tell of what was not told before."""
        told = self._told.get(run_id, 0)
        trace: RunTrace | None = None
        if before_seq > 1:
            for seq, event in iter_events(self._store, run_id):
                if seq >= before_seq:
                    break
                if trace is None:
                    trace = self._make_trace(run_id, program, event)
                spans = trace.fold(event)
                if seq > told:
                    self._spans.extend((trace.context.trace_id, span) for span in spans)
        return trace if trace is not None else self._make_trace(run_id, program, first)

    def _make_trace(self, run_id: str, program: Program, first: Event) -> RunTrace:
        return RunTrace(program, find_context(run_id, find_traceparent(first), self._ratio))

    def _tell_recent(self) -> None:
        """Tell of runs that ended shortly before the start: the process before may not have come to it."""
        try:
            records = self._store.list_runs(RunFilter(statuses=ENDED - {"damaged"}), limit=_RECENT_RUNS)
            latest = max((record.updated_at for record in records), default=None)
            for record in records:
                if latest is not None and latest - record.updated_at <= _RECENT:
                    self._tell_again(record)
        except KapellError as error:
            log.warning("recent_runs_not_traced", message=error.message)

    def _tell_again(self, record: RunRecord) -> None:
        program = self._definitions.get(record.definition).program
        trace: RunTrace | None = None
        for _, event in iter_events(self._store, record.run_id):
            if trace is None:
                trace = self._make_trace(record.run_id, program, event)
                if not trace.context.is_sampled:
                    return
            self._spans.extend((trace.context.trace_id, span) for span in trace.fold(event))

    def _send(self, *, is_last: bool) -> None:
        """Send what there is; what the collector does not take is kept for the next time, as far as there is room."""
        while self._spans and (is_last or self._clock.monotonic() >= self._retry_at):
            batch = [self._spans.popleft() for _ in range(min(_SEND_SPANS, len(self._spans)))]
            if self._export(batch):
                if self._refusals:
                    log.info("traces_taken_again", dropped=self.dropped)
                self._refusals = 0
                continue
            self._spans.extendleft(reversed(batch))
            self._note_refusal()
            if is_last:
                break
        while len(self._spans) > (0 if is_last else _KEPT_SPANS):
            self._spans.popleft()
            self.dropped += 1

    def _note_refusal(self) -> None:
        if not self._refusals:
            hint = "Look at the collector, and at the setting otlp_endpoint; what is there to tell is kept for a while."
            log.warning("traces_not_taken", message=self._exporter.trouble, hint=hint)
        wait = _RETRY_SECONDS[min(self._refusals, len(_RETRY_SECONDS) - 1)]
        self._retry_at = self._clock.monotonic() + wait
        self._refusals += 1

    def _export(self, batch: Sequence[tuple[int, Span]]) -> bool:
        try:
            return self._exporter.export(batch)
        except Exception:
            log.exception("traces_not_made")
            return False


def begin_tracing(engine: Engine, exporter: Exporter, ratio: float) -> Tracer:
    """Trace the runs of an engine that has not been started yet; whoever closes the engine closes the tracer before."""
    tracer = Tracer(engine.store, engine.definitions, exporter, engine.clock, ratio=ratio)
    engine.listen(tracer.note)
    engine.trace_with(tracer.make_traceparent)
    trace_runs_by(tracer.find_trace_id)
    tracer.start()
    return tracer


def _keep(kept: OrderedDict[str, Any], key: str, value: Any, most: int) -> None:
    """Put something into a dictionary of bounded size, as the newest."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
