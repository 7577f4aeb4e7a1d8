"""The page of the metrics, as a server that was started for this gives them."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kapell.api.metrics import Metrics
from kapell.assembly import open_server
from kapell.settings import Settings
from reference.markdown import make_page, make_table

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

INTRODUCTION = """\
`GET /metrics` gives these as Prometheus reads them, to everybody who reaches the port. They name no run, no workflow and no
person, and hold no data. Counters and histograms count from the start of the process; a histogram's name has `_bucket`, `_sum`
and `_count` after it."""

_SUFFIXES = {"counter": "_total"}
"""Kind of metric -> what Prometheus adds to its name."""


def make_metrics_page() -> str:
    """Return the page of the metrics."""
    metrics, labels = asyncio.run(_collect())
    rows = [
        (
            f"`{metric.name}{_SUFFIXES.get(metric.type, '')}`",
            metric.type,
            ", ".join(f"`{label}`" for label in labels.get(metric.name, ())),
            metric.documentation,
        )
        for metric in sorted(metrics, key=lambda metric: metric.name)
    ]
    return make_page("Metrics", INTRODUCTION, make_table(("metric", "kind", "labels", "what it says"), rows))


async def _collect() -> tuple[list[Metric], dict[str, tuple[str, ...]]]:
    """Return all metrics of a server, and the labels of each; one that is only there with a certificate too."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_server(Settings(data=Path(folder))) as (parts, _):
            parts.certificate.expires_at = datetime.now(UTC)
            registry = Metrics(parts).registry
            metrics = list(registry.collect())
            return metrics, {metric.name: _labels_of(metric) for metric in metrics} | _labels_of_collectors(registry)


def _labels_of(metric: Metric) -> tuple[str, ...]:
    family = getattr(metric, "_labelnames", ())
    return tuple(family) or tuple(
        dict.fromkeys(name for sample in metric.samples for name in sample.labels if name != "le")
    )


def _labels_of_collectors(registry: CollectorRegistry) -> dict[str, tuple[str, ...]]:
    """Return the labels of what has not happened yet, and therefore gives no samples."""
    collectors = registry._collector_to_names  # noqa: SLF001 -- prometheus-client tells them nowhere else
    found = {getattr(each, "_name", ""): tuple(getattr(each, "_labelnames", ())) for each in collectors}
    return {name: labels for name, labels in found.items() if labels}
