"""Routes of the installation: its settings as they are in force, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.installation import Diagnostics
from kapell.api.parts import parts_of
from kapell.api.wire import answer, gives
from kapell.settings import SettingLine

router = APIRouter(tags=["installation"])


@router.get("/settings", responses=gives(list[SettingLine]))
async def list_settings(request: Request, caller: Any = needs("settings.read")) -> Response:
    """List all settings: the value in force, where it comes from, what it means; passwords are not shown.

    The caller must hold the permission everywhere.
    """
    await caller.require()
    parts = parts_of(request)
    await parts.reads.note(caller.actor, "settings.read", "settings")
    return answer(parts.installation.lines)


@router.get("/diagnostics", responses=gives(Diagnostics))
async def diagnose(request: Request, caller: Any = needs("settings.read")) -> Response:
    """Examine the installation, by the checks of `kapell doctor` that can be made while the server runs.

    The caller must hold the permission everywhere. An answer may be a few seconds old.
    """
    await caller.require()
    parts = parts_of(request)
    await parts.reads.note(caller.actor, "settings.diagnose", "settings")
    return answer(await parts.installation.diagnose(parts.clock))
