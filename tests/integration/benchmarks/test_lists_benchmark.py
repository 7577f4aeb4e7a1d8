"""The benchmark of lists prints well-formed rows; their values are not looked at here."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def test_every_question_is_answered_and_timed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, ROOT / "benchmarks" / "lists.py", "--quick", "--json", "--runs", "600"]
    done = subprocess.run(
        [*command, "--folder", tmp_path], check=False, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows[:2]] == ["storing", "indexing"]
    names = {row["name"] for row in rows}
    assert "text: a rare word (30 found), p95" in names
    assert len(names) == len(rows) == 2 + 2 * 28
    for row in rows:
        assert set(row) == {"name", "value", "unit", "conditions"}
        assert math.isfinite(row["value"])
        assert row["value"] > 0
        assert row["conditions"] == "SQLite, 600 runs"
