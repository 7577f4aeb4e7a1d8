"""`run: shell` and `run: script`: processes that end with everything they started."""

from __future__ import annotations

from kapell.connectors.process.runner import ProcessRunner
from kapell.connectors.process.script import ScriptActivity
from kapell.connectors.process.settings import ProcessSettings
from kapell.connectors.process.shell import ShellActivity

__all__ = ["ProcessRunner", "ProcessSettings", "ScriptActivity", "ShellActivity"]
