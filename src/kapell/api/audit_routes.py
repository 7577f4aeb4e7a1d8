"""Routes of the audit log: read, prove, verify, redact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.log_verification import AuditVerification
from kapell.api.paging import Cursor, Limit, cut_page, read_number
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.audit import AuditEntry
from kapell.audit.model import AuditRecord, Decision, Head, RecordFilter
from kapell.audit.proofs import Proof

router = APIRouter(prefix="/audit", tags=["audit"])


class Redaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why what may be personal of a record is to be erased."""

    reason: str


@router.get("/records", responses=gives(Page[AuditRecord]))
async def list_records(
    request: Request,
    caller: Any = needs("audit.read"),
    since: Annotated[datetime | None, Query(description="Only records of this time or later.")] = None,
    until: Annotated[datetime | None, Query(description="Only records before this time.")] = None,
    actor: Annotated[str | None, Query(description="Only what this actor did, by id.")] = None,
    action: Annotated[str | None, Query(description="With * at its end, all that begin so.")] = None,
    target: Annotated[str | None, Query(description="With * at its end, all that begin so.")] = None,
    namespace: Annotated[str | None, Query(description="Only this namespace.")] = None,
    decision: Annotated[Decision | None, Query(description="Only what was allowed, or denied.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List audit records, the newest first."""
    await caller.require(namespace)
    await parts_of(request).reads.note(caller.actor, "audit.read", "audit", namespace)
    where = RecordFilter(
        since=since,
        until=until,
        actor=actor,
        action=action,
        target=target,
        namespace=namespace,
        decision=decision,
    )
    before = read_number(cursor)
    found = await in_thread(parts_of(request).audit.list_records, where, limit=limit + 1, before=before)
    return answer(cut_page(found, limit, lambda record: record.number))


@router.get("/heads", responses=gives(Page[Head]))
async def list_heads(
    request: Request, caller: Any = needs("audit.read"), limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the signed heads, the newest first."""
    await caller.require()
    found = await in_thread(parts_of(request).audit.list_heads, limit=limit + 1, before=read_number(cursor))
    return answer(cut_page(found, limit, lambda head: head.statement.number))


@router.get("/records/{number}/proof", responses=gives(Proof))
async def prove_record(
    request: Request,
    number: int,
    caller: Any = needs("audit.read"),
    reveals: Annotated[bool, Query(description="Whether to put in what may be personal.")] = False,
) -> Response:
    """Prove that the newest head covers a record; `kapell audit check-proof` checks it offline."""
    await caller.require()
    return answer(await in_thread(parts_of(request).audit.prove, number, reveals=reveals))


@router.post("/verify", status_code=202, responses=gives(AuditVerification, 202, "Begun, or under way."))
async def verify_log(request: Request, caller: Any = needs("audit.read")) -> Response:
    """Begin to verify the whole log, as `kapell audit verify` does; where that is under way, show how it stands."""
    await caller.require()
    parts = parts_of(request)
    await parts.record(AuditEntry.by(caller.actor, "audit.verify", "audit"))
    return answer(parts.verification.start(), 202)


@router.get("/verify", responses=gives(AuditVerification))
async def get_verification(request: Request, caller: Any = needs("audit.read")) -> Response:
    """Show how the newest verification stands, or what came of it."""
    await caller.require()
    return answer(parts_of(request).verification.newest)


@router.post("/records/{number}/redact", responses=gives(AuditRecord), openapi_extra=takes(Redaction))
async def redact_record(
    request: Request, number: int, caller: Any = needs("identity.write"), given: Any = body(Redaction)
) -> Response:
    """Erase what may be personal of a record; the log goes on to verify, and says so."""
    await caller.require()
    audit = parts_of(request).audit
    await in_thread(audit.redact, number, caller.actor, given.reason)
    return answer(await in_thread(audit.get_record, number))
