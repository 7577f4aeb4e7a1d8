"""The audit log, and how the server is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.client.calls import Call, Page
from kapell.client.operations import Resource, S, listing, operation
from kapell.client.wire import audit as wire
from kapell.client.wire.audit import AuditRecord, AuditVerification, Head, Health, Proof

if TYPE_CHECKING:
    from datetime import datetime

_UNAVAILABLE = frozenset({503})


class Audit(Resource[S]):
    """The log of who did what."""

    @listing
    def records(  # noqa: PLR0913 -- as many as the log has filters
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        namespace: str | None = None,
        decision: str | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Call[Page[AuditRecord]]:
        """Go through audit records, the newest first; filters that are left out do not restrict.

        Args:
            since: Only records of this moment or later.
            until: Only records before this moment.
            actor: Only what this actor did, by id.
            action: Only this action; with `*` at its end, all that begin so.
            target: Only this target; with `*` at its end, all that begin so.
            namespace: Only this namespace.
            decision: Only what was `allowed`, or `denied`.
            page_size: How many are fetched at once.
            cursor: Where to begin: `next` of a page.
        """
        query = {
            "since": since,
            "until": until,
            "actor": actor,
            "action": action,
            "target": target,
            "namespace": namespace,
            "decision": decision,
            "limit": page_size,
            "cursor": cursor,
        }
        return Call(method="GET", path="/audit/records", gives=Page[AuditRecord], query=query)

    @listing
    def heads(self, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[Head]]:
        """Go through the signed heads, the newest first."""
        return Call(method="GET", path="/audit/heads", gives=Page[Head], query={"limit": page_size, "cursor": cursor})

    @operation
    def prove(self, number: int, *, reveals: bool = False) -> Call[Proof]:
        """Prove that the newest head covers a record; with `reveals` the proof shows its private part, too."""
        return Call(
            method="GET",
            path="/audit/records/{number}/proof",
            gives=Proof,
            at={"number": number},
            query={"reveals": reveals or None},
        )

    @operation
    def verify(self) -> Call[AuditVerification]:
        """Begin to verify the whole log, unless that is under way; `verification` says how it stands."""
        return Call(method="POST", path="/audit/verify", gives=AuditVerification)

    @operation
    def verification(self) -> Call[AuditVerification]:
        """Return how the newest verification stands, or what came of it."""
        return Call(method="GET", path="/audit/verify", gives=AuditVerification)

    @operation
    def redact(self, number: int, *, reason: str) -> Call[AuditRecord]:
        """Erase what may be personal of a record; the log goes on to verify, and says so."""
        return Call(
            method="POST",
            path="/audit/records/{number}/redact",
            gives=AuditRecord,
            at={"number": number},
            body=wire.Redaction(reason),
        )


class Server(Resource[S]):
    """The server itself; these need no token."""

    @operation
    def health(self) -> Call[Health]:
        """Say that the process is alive."""
        return Call(method="GET", path="/health", gives=Health, prefix="")

    @operation
    def readiness(self) -> Call[Health]:
        """Say whether requests can be served; `status` is not `ok` while the server stops or cannot write."""
        return Call(method="GET", path="/ready", gives=Health, prefix="", accepts=_UNAVAILABLE)

    @operation
    def metrics(self) -> Call[str]:
        """Return the metrics, as Prometheus reads them."""
        return Call(method="GET", path="/metrics", gives=str, prefix="")
