"""DBOS on SQLite: five durable steps a workflow, in one process with its client."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.peers.installing import PeerUnavailableError, install_python_packages
from engine_bench.work import AT_ONCE, DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_bench.rows import Bench

_SCRIPT = Path(__file__).with_name("dbos_work.py")
_PATIENCE_SECONDS = 900


def run_dbos(bench: Bench, cache: Path, works: list[str]) -> Iterator[tuple[str, float, str]]:
    """Yield the work, its value and its conditions. Raises `PeerUnavailableError`."""
    # Debian's SQLite is older than the statements that DBOS writes.
    python = install_python_packages(cache / "dbos", ["dbos", "pysqlite3-binary"])
    sizes = {
        "runs": bench.pick(200, 20),
        "repeats": bench.pick(3, 1),
        "alone": bench.pick(50, 5),
        "width": bench.pick(1000, 100),
        "at_once": AT_ONCE,
        "works": works,
        "document": DOCUMENT,
    }
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        command = [str(python), str(_SCRIPT), folder, json.dumps(sizes)]
        try:
            done = subprocess.run(  # noqa: S603 -- a script of this folder
                command, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise PeerUnavailableError(f"DBOS did not end within {_PATIENCE_SECONDS} s.") from error
    if done.returncode:
        raise PeerUnavailableError(f"DBOS failed: {done.stderr.strip()[-1000:]}")
    for line in done.stdout.splitlines():
        found = json.loads(line)
        yield found["work"], found["value"], found["conditions"]
