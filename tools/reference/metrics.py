"""The page of the metrics: found where the code makes them, so that none is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import kapell
from reference.markdown import make_page, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """\
`GET /metrics` gives these as Prometheus reads them, to everybody who reaches the port. They name no workflow and no person,
and hold no data. A counter counts from the start of the process."""

_KINDS: Final = {
    "Counter": "counter",
    "CounterMetricFamily": "counter",
    "Gauge": "gauge",
    "GaugeMetricFamily": "gauge",
    "Histogram": "histogram",
    "HistogramMetricFamily": "histogram",
    "Summary": "summary",
    "SummaryMetricFamily": "summary",
}
"""What makes a metric in prometheus-client -> the kind of metric."""


def make_metrics_page() -> str:
    """Return the page of the metrics."""
    rows = [(f"`{name}`", kind, meaning) for name, kind, meaning in sorted(_iter_metrics())]
    if not rows:
        raise ValueError("no metrics were found in the code")
    return make_page("Metrics", INTRODUCTION, make_table(("metric", "kind", "what it says"), rows))


def _iter_metrics() -> Iterator[tuple[str, str, str]]:
    for path in sorted(Path(kapell.__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "MetricFamily" not in text and "prometheus_client" not in text:
            continue
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and (kind := _KINDS.get(_name_of(call.func))):
                words = [word.value for word in call.args[:2] if isinstance(word, ast.Constant)]
                if len(words) < 2:  # noqa: PLR2004 -- a name and a meaning
                    raise ValueError(f"{path.name}:{call.lineno}: a metric's name and meaning must be plain texts")
                name, meaning = str(words[0]), str(words[1])
                yield f"{name}_total" if kind == "counter" else name, kind, meaning


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
