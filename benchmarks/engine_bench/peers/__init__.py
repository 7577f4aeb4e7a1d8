"""Others on the same work in the same call: DBOS and Restate, installed into a cache folder of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.peers.dbos_peer import run_dbos
from engine_bench.peers.installing import PeerUnavailableError
from engine_bench.peers.restate_peer import run_restate
from engine_bench.rows import FIGURES, Bench, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PeerUnavailableError", "measure_peers"]

_PEERS = {"DBOS": run_dbos, "Restate": run_restate}
_UNITS = {"five tasks": "runs/s", "alone": "ms", "fork": "s", "waits": "s", "memory": "MB"}


def measure_peers(bench: Bench, rows: list[Row]) -> Iterator[Row]:
    """Let the others do what `rows` are about, and compare.

    Raises:
        PeerUnavailableError: One of them cannot be installed or does not start; the text says why.
    """
    ours: dict[str, Row] = {}
    for row in rows:
        if row.figure in _UNITS:
            ours.setdefault(row.figure, row)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kapell-benchmarks"
    for peer, run in _PEERS.items():
        for work, value, conditions in run(bench, cache, list(ours)):
            times = FIGURES[work].compare(ours[work].value, value)
            yield Row(f"{peer}: {ours[work].name}", value, _UNITS[work], f"Kapell: {times:.3g} x {peer}; {conditions}")
