"""What the machine gives while the benchmark runs: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import statistics
import time
from typing import TYPE_CHECKING

from engine_bench.rows import Bench, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUSY_LOAD_PER_CORE = 0.5
_MEMORY_SYNC_MICROSECONDS = 20
_SYNCS = 200


def describe_machine() -> str:
    """Name cores, kernel, Python and load in one line."""
    load = os.getloadavg()[0]
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return f"{count_cores()} cores, {system}, Python {platform.python_version()}, load average {load:.1f}"


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_warnings(sync_microseconds: float | None) -> list[str]:
    """Say what about this machine makes the figures doubtful."""
    warnings = []
    load, cores = os.getloadavg()[0], count_cores()
    if load > _BUSY_LOAD_PER_CORE * cores:
        warnings.append(
            f"The machine is busy (load average {load:.1f} on {cores} cores): times are too long, compare ratios only."
        )
    if sync_microseconds is not None and sync_microseconds < _MEMORY_SYNC_MICROSECONDS:
        warnings.append("Syncs cost nothing here: this is no disk. Choose one with --folder.")
    return warnings


def measure_sync(bench: Bench) -> Iterator[Row]:
    """Measure what one sync of the disk costs: the floor under every commit."""
    spans = []
    with (bench.folder / "sync").open("wb", buffering=0) as file:
        for _ in range(bench.pick(_SYNCS, 20)):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            spans.append(time.perf_counter() - begin)
    yield Row("fdatasync", statistics.median(spans) * 1e6, "us", "4 KiB appended; the floor under every commit")
