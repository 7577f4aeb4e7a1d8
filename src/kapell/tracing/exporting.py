"""Spans on their way to a collector: OTLP over HTTP, by OpenTelemetry's own exporter."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import kapell
from kapell.errors import UsageError

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExportResult
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
except ModuleNotFoundError as error:
    raise UsageError(
        "Traces need a library that is not installed.", hint="Install it with: pip install 'kapell[telemetry]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.tracing.spans import Note, Span

_TIMEOUT_SECONDS = 5.0
_NANOSECONDS = 1000
_SCOPE = InstrumentationScope("kapell", kapell.__version__)


class _LastWords(logging.Handler):
    """Keeps what the library logged last: it would log at every try, and the tracer says once what is wrong."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        if "due to timeout" not in record.msg:  # that it gave up in the end says less than why
            self.text = record.getMessage()


class Exporter:
    """Sends spans to a collector. It blocks; one thread uses it.

    Certificates, headers and compression are taken from OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_...`), as
    are more attributes of the service (`OTEL_RESOURCE_ATTRIBUTES`).
    """

    def __init__(self, endpoint: str, service: str) -> None:
        """Send to `endpoint`, a URL with or without the usual path, in the name of `service`."""
        path = "" if urlsplit(endpoint).path.strip("/") else "/v1/traces"
        self._exporter = OTLPSpanExporter(endpoint.rstrip("/") + path, timeout=_TIMEOUT_SECONDS)
        self._last_words = _LastWords()
        library = logging.getLogger(OTLPSpanExporter.__module__)
        library.propagate = False
        library.handlers = [self._last_words]
        self._resource = Resource.create({"service.name": service, "service.version": kapell.__version__})

    def export(self, spans: Sequence[tuple[int, Span]]) -> bool:
        """Send spans, each with its trace's id; return whether the collector has taken them."""
        made = [self._make(trace_id, span) for trace_id, span in spans]
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    @property
    def trouble(self) -> str:
        """Why the collector did not take spans the last time that it did not."""
        return self._last_words.text

    def close(self) -> None:
        """Close the connections."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _make(self, trace_id: int, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_make_context(trace_id, span.span_id),
            parent=_make_context(trace_id, span.parent_id) if span.parent_id else None,
            resource=self._resource,
            attributes=span.facts,
            events=[_make_event(note) for note in span.notes],
            kind=SpanKind.CLIENT if span.is_call else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            start_time=span.begins_at * _NANOSECONDS,
            end_time=span.ends_at * _NANOSECONDS,
            instrumentation_scope=_SCOPE,
        )


def _make_context(trace_id: int, span_id: int) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _make_event(note: Note) -> Event:
    return Event(note.name, note.facts, note.at * _NANOSECONDS)
