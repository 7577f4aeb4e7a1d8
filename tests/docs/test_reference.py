"""The reference pages are what the code says, and say something of everything."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import kapell
from kapell.api.problems import STATUSES
from kapell.errors import KapellError
from kapell.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_reference_is_what_the_code_says():
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_reference.py", "--check"], check=False, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr


def test_there_are_few_settings():
    assert len(Settings.__struct_fields__) <= 48


PROGRAMS = ("kapell.connectors.process.keeper", "kapell.engine.expression_helper.child")
"""What is run, not imported."""


def test_every_error_has_an_http_status_of_its_own():
    for module in pkgutil.walk_packages(kapell.__path__, "kapell."):
        if not module.name.startswith(("kapell.__main__", "kapell.storage.server_migrations", *PROGRAMS)):
            importlib.import_module(module.name)
    codes = {kind.code for kind in iter_kinds(KapellError) if not kind.__module__.startswith("kapell.testing")}
    assert codes <= STATUSES.keys()


def iter_kinds(kind):
    for below in kind.__subclasses__():
        yield below
        yield from iter_kinds(below)
