"""The installation, as the API tells of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class SettingLine(msgspec.Struct, frozen=True):
    """A setting as it is in force. Passwords in it are not shown.

    Attributes:
        name: The setting.
        variable: The environment variable that sets it.
        value: What is in force.
        default: What it is where nobody has set it.
        source: Where the value comes from: `option`, the variable, the file's name, or `default`.
        description: What it means.
    """

    name: str
    variable: str
    value: Any
    default: Any
    source: str
    description: str


class DiagnosticFinding(msgspec.Struct, frozen=True):
    """What a check says.

    Attributes:
        check: The check, as `kapell doctor` calls it.
        status: `ok`; `warning`: it works, and may not for long or not as well as it could; `problem`: it does not work;
            `skipped`: it could not be looked at.
        text: What is so, in a sentence.
        advice: What to do, where something is to be done.
    """

    check: str
    status: str
    text: str
    advice: str


class Diagnostics(msgspec.Struct, frozen=True):
    """What an examination of the installation has found.

    Attributes:
        examined_at: When it was made.
        problems: How many checks say that something does not work.
        warnings: How many warn.
        findings: What they say, in the order of `kapell doctor`.
    """

    examined_at: datetime
    problems: int
    warnings: int
    findings: list[DiagnosticFinding]


class EngineHealth(msgspec.Struct, frozen=True):
    """How the engine is.

    Attributes:
        looked_at: When that was found.
        version: Kapell's version.
        findings: What was looked at, always in the same order.
    """

    looked_at: datetime
    version: str
    findings: list[DiagnosticFinding]
