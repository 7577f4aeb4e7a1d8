"""The examples are run as a user runs them: by the `kapell` command, each in a folder of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

KAPELL = Path(sys.executable).with_name("kapell")


class Ended(NamedTuple):
    exit_code: int
    output: object
    errors: str


@pytest.fixture(scope="session")
def examples_dir(project_dir):
    return project_dir / "examples"


@pytest.fixture
def run_example(examples_dir, tmp_path):
    """Return a function that runs an example's workflow on an input and gives what came of it."""
    if not KAPELL.exists():
        pytest.fail(f"there is no {KAPELL}: install the checkout into this environment (make setup)")

    def run(file, document, *, timeout=60):
        workflow = examples_dir / file
        command = [KAPELL, "run", workflow, "--input", json.dumps(document), "--data", tmp_path / "data"]
        if (workflow.parent / "workflows").is_dir():
            command += ["--workflows", workflow.parent / "workflows"]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout, cwd=tmp_path)
        output = json.loads(ended.stdout) if ended.stdout.strip() else None
        return Ended(ended.returncode, output, ended.stderr)

    return run
