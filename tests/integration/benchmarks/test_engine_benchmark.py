"""The benchmark of the engine prints well-formed rows; their values are not looked at here."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
ROWS = {
    "sync": ["fdatasync"],
    "five": ["5 tasks, 50 at once, durability=task", "5 tasks, 50 at once, durability=effect"],
    "alone": ["5 tasks, one alone, p50"],
    "fork": ["fork of 100, durability=effect", "fork of 100, durability=task"],
    "waits": ["100 waits of 1 s"],
    "memory": ["memory after 100 runs"],
    "http": ["loopback HTTP calls, 50 at once", "aiohttp alone, 50 at once"],
    "start": ["python -c pass", "kapell --help", "kapell run, one task"],
    "long": [f"a task in {where} of {length}" for where in ("a for", "a do list") for length in (10, 100)],
    "stored": ["5 tasks among 10 stored runs", "5 tasks among 100 stored runs"],
}


def run_benchmark(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "benchmarks" / "engine.py"), "--quick", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("name", ROWS)
def test_each_measurement_prints_its_rows(name, tmp_path):
    done = run_benchmark("--json", "--only", name, "--folder", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows] == ROWS[name]
    for row in rows:
        assert set(row) == {"name", "value", "unit", "conditions"}
        assert math.isfinite(row["value"])
        assert row["value"] > 0
        assert row["unit"]
        assert row["conditions"]


def test_five_durable_results_a_run_are_counted_on_disk(tmp_path):
    done = run_benchmark("--json", "--only", "five", "--folder", str(tmp_path))
    task, effect = (json.loads(line)["conditions"] for line in done.stdout.splitlines())
    assert "300 runs, 1500 task_completed events, 5 transactions a run" in task
    assert "300 runs, 1500 task_completed events, 1 transactions a run" in effect


def test_the_table_gives_ratios_to_what_others_reach(tmp_path):
    done = run_benchmark("--only", "alone", "--folder", str(tmp_path))
    assert " x Restate, " in done.stdout
    assert "goal 2.5" in done.stdout


def test_an_unknown_measurement_is_refused_with_the_known_ones(tmp_path):
    done = run_benchmark("--only", "nothing", "--folder", str(tmp_path))
    assert done.returncode == 2
    for name in ROWS:
        assert name in done.stderr
