"""The reference pages are what the code says, and say something of everything."""

import subprocess
import sys
from pathlib import Path

from kapell.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_reference_is_what_the_code_says():
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_reference.py", "--check"], check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr


def test_there_are_few_settings():
    assert len(Settings.__struct_fields__) <= 40
