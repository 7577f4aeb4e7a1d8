"""Routes of other people's sessions: where somebody is signed in, and signing them out."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.identity_routes import require_no_less
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import answer, gives
from kapell.identity.model import Session

router = APIRouter(tags=["identity"])


class EndedSessions(msgspec.Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


@router.get("/people/{person_id}/sessions", responses=gives(list[Session]))
async def list_sessions_of(request: Request, person_id: str, caller: Any = needs("identity.read")) -> Response:
    """List where a person is signed in, the session used last first."""
    await caller.require()
    identity = parts_of(request).identity
    await in_thread(identity.accounts.get_person, person_id)
    return answer(await in_thread(identity.sessions.list_sessions, person_id))


@router.delete("/people/{person_id}/sessions", responses=gives(EndedSessions))
async def end_sessions_of(request: Request, person_id: str, caller: Any = needs("identity.write")) -> Response:
    """End all sessions of a person: every browser is signed out at once. API tokens stay."""
    await require_no_less(request, caller, person_id)
    return answer(EndedSessions(await in_thread(parts_of(request).identity.sessions.end_all, person_id, caller.actor)))


@router.delete("/people/{person_id}/sessions/{session_id}", status_code=204, responses=gives(None, 204))
async def end_session_of(
    request: Request, person_id: str, session_id: str, caller: Any = needs("identity.write")
) -> Response:
    """End one session of a person."""
    await require_no_less(request, caller, person_id)
    await in_thread(parts_of(request).identity.sessions.end, session_id, caller.actor, person_id=person_id)
    return Response(status_code=204)
