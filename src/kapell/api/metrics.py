"""What Prometheus is told. Labels name no run and no workflow: there are never more series than kinds of things.

Counters and histograms are kept as things happen. What merely stands as it stands is read when somebody asks.
"""

from __future__ import annotations

import platform
from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import kapell
from kapell.api.observing import RequestMetrics
from kapell.kernel import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

    from kapell.api.parts import Parts
    from kapell.kernel.events import Event

_COMMIT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_COMMIT_RUNS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The metrics of a server.

    Attributes:
        registry: All of them, for Prometheus.
        requests: Those of HTTP requests.
    """

    def __init__(self, parts: Parts) -> None:
        """Count what the parts do from now on."""
        disable_created_metrics()  # type: ignore[no-untyped-call] # they double the series, and tell nothing that a restart's counters do not
        self.registry = CollectorRegistry()
        self.requests = RequestMetrics(self.registry)
        self._commit_seconds = self._time("commit_seconds", "How long transactions of runs took.", _COMMIT_SECONDS)
        self._commit_runs = self._time("commit_runs", "How many runs shared a transaction.", _COMMIT_RUNS)
        self._lag = self._time("event_loop_lag_seconds", "How late the event loop came to its work.", _LAG_SECONDS)
        info = Gauge(
            "kapell_build_info", "1, with what is running as labels.", ["version", "python"], registry=self.registry
        )
        info.labels(kapell.__version__, platform.python_version()).set(1)
        self.standing = _Standing(parts)
        self.registry.register(self.standing)
        self.registry.register(_RunEvents(parts))
        parts.engine.listen_to_commits(self._note_commit)
        parts.loop_watch.listeners.append(self._lag.observe)

    def _time(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"kapell_{name}", text, buckets=buckets, registry=self.registry)

    def _note_commit(self, runs: int, seconds: float) -> None:
        self._commit_runs.observe(runs)
        self._commit_seconds.observe(seconds)


class _RunEvents(Collector):
    """What runs did, counted from their events."""

    def __init__(self, parts: Parts) -> None:
        self._counts: Tally[type[Event]] = Tally()
        self._failed = 0
        self._events = 0
        parts.engine.listen(self._note)

    def _note(self, _active: object, _first_seq: int, events: Sequence[Event]) -> None:
        self._events += len(events)
        counts = self._counts
        for event in events:
            kind = type(event)
            if kind in _COUNTED:
                counts[kind] += 1
                if kind is ev.AttemptEnded and event.error is not None:  # type: ignore[attr-defined]
                    self._failed += 1

    def collect(self) -> Iterator[Metric]:
        counts = self._counts
        yield CounterMetricFamily("kapell_runs_started", "Runs that were started.", counts[ev.RunStarted])
        yield CounterMetricFamily(
            "kapell_runs_forked", "Runs that began in another one's middle.", counts[ev.RunForked]
        )
        yield _count("kapell_runs_ended", "Runs that ended, by status.", "status", {
            "completed": counts[ev.RunCompleted],
            "faulted": counts[ev.RunFaulted],
            "cancelled": counts[ev.RunCancelled],
        })  # fmt: skip
        yield CounterMetricFamily("kapell_attempts_started", "Attempts asked for.", counts[ev.AttemptCreated])
        yield CounterMetricFamily("kapell_attempts_held", "Attempts that had to wait.", counts[ev.AttemptHeld])
        yield _count("kapell_attempts_ended", "Attempts that ended, by outcome.", "outcome", {
            "succeeded": counts[ev.AttemptEnded] - self._failed,
            "failed": self._failed,
            "lost": counts[ev.AttemptLost],
        })  # fmt: skip
        yield CounterMetricFamily("kapell_errors_caught", "Errors that a `try` caught.", counts[ev.ErrorCaught])
        yield CounterMetricFamily("kapell_events", "Events that became durable.", self._events)


_COUNTED = frozenset(
    {
        ev.RunStarted, ev.RunForked, ev.RunCompleted, ev.RunFaulted, ev.RunCancelled,
        ev.AttemptCreated, ev.AttemptHeld, ev.AttemptEnded, ev.AttemptLost, ev.ErrorCaught,
    }
)  # fmt: skip


class _Standing(Collector):
    """How things stand at the moment.

    Attributes:
        sessions: How many sessions are open, as `refresh` found it.
        sizes: The bytes of each database, as `refresh` found it.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.sessions = 0
        self.sizes: dict[str, int] = {}

    def refresh(self) -> None:
        """Ask the database what only it knows; blocks. Raises `StorageError`."""
        self.sessions = self._parts.identity.sessions.count()
        self.sizes = self._parts.measure_storage()

    def collect(self) -> Iterator[Metric]:
        parts, engine = self._parts, self._parts.engine
        yield _gauge("runs_in_memory", "Runs in memory; ended and sleeping ones leave it.", engine.runs_in_memory)
        yield _gauge("attempts_under_way", "Attempts under way.", engine.attempts_under_way)
        yield _gauge("attempts_waiting", "Attempts that wait for a slot.", engine.attempts_waiting)
        yield _gauge("storage_trouble", "1 while runs cannot be written.", engine.trouble is not None)
        yield _gauge("watchers", "Open streams of live events.", parts.live.watchers)
        yield _gauge("sessions", "Open sessions of people.", self.sessions)
        sizes = GaugeMetricFamily("kapell_database_bytes", "Size of each database.", labels=["database"])
        for name, size in self.sizes.items():
            sizes.add_metric([name], size)
        yield sizes
        yield from self._collect_audit()
        expires_at = parts.certificate.expires_at
        if expires_at is not None:
            text = "When the server's certificate expires."
            yield _gauge("certificate_expires_timestamp_seconds", text, expires_at.timestamp())

    def _collect_audit(self) -> Iterator[Metric]:
        parts = self._parts
        last, now = parts.audit.last_number, parts.clock.now()
        head = parts.audit.last_head
        covered = 0 if head is None else head.statement.size
        yield _gauge("audit_records", "Records in the audit log.", last)
        yield _gauge("audit_backlog_records", "Records that no signed head covers yet.", max(0, last - covered))
        witnesses = parts.heads.list_witnesses()
        for name, text, read in _WITNESS:
            family = GaugeMetricFamily(f"kapell_audit_witness_{name}", text, labels=["witness"])
            for witness in witnesses:
                value = read(witness, last, now)
                if value is not None:
                    family.add_metric([witness.name], value)
            yield family


_WITNESS: tuple[tuple[str, str, Callable[[Any, int, Any], float | None]], ...] = (
    ("backlog_records", "Records that a witness has no head of yet.", lambda each, last, _: last - each.witnessed),
    ("failures", "How often in a row a witness did not take a head.", lambda each, _, __: each.failures),
    (
        "age_seconds",
        "Seconds since a witness took a head.",
        lambda each, _, now: None if each.taken_at is None else (now - each.taken_at).total_seconds(),
    ),
)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"kapell_{name}", text, value)


def _count(name: str, text: str, label: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
