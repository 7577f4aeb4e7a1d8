"""The built-in connectors: how `call: http`, `call: openapi`, `run: shell` and `run: script` reach the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.connectors.http import AddressRules, HttpActivity, HttpSettings
from kapell.connectors.openapi import OpenApiActivity
from kapell.connectors.process import ProcessRunner, ProcessSettings, ScriptActivity, ShellActivity

if TYPE_CHECKING:
    from kapell.sdk import Activity

__all__ = ["AddressRules", "HttpSettings", "ProcessSettings", "make_activities"]


def make_activities(http: HttpSettings, process: ProcessSettings) -> dict[str, Activity]:
    """Return the built-in activities by the `kind` that requests name them with.

    Each is to be closed in the end; nothing is opened or started before its first use.
    """
    runner = ProcessRunner(process)
    call_http = HttpActivity(http)
    return {
        "http": call_http,
        "openapi": OpenApiActivity(call_http),
        "shell": ShellActivity(runner),
        "script": ScriptActivity(runner, call_http.client),
    }
