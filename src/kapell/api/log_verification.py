"""The verification of the audit log while the server runs: one at a time, in a thread, giving way to requests."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from kapell.audit.evidence import count_records, make_evidence_url, open_evidence, read_log
from kapell.audit.findings import FindingKind
from kapell.audit.verifier import verify_log
from kapell.errors import KapellError
from kapell.storage.data_folder import SERVER_DATABASE
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.audit.findings import Report
    from kapell.audit.lines import Evidence
    from kapell.clock import Clock
    from kapell.settings import Settings

log = get_logger(__name__)

_LINES_AT_A_TIME = 100
_PAUSE_SECONDS = 0.002
"""After so many lines, which take about as long, the event loop gets its turn."""


class AuditFinding(msgspec.Struct, frozen=True):
    """Something in the audit log that is not as it was written.

    Attributes:
        kind: What was done to it, as `kapell audit verify` calls it.
        place: Where: `record 12`, `records 81-120`, `head 3`.
        text: What it is, in a sentence.
    """

    kind: FindingKind
    place: str
    text: str


class AuditReport(msgspec.Struct, frozen=True):
    """The outcome of a verification.

    Attributes:
        is_verified: Whether nothing was found.
        records: How many records there are.
        redacted: How many of them have been redacted.
        heads: How many signed heads there are.
        covered: Up to which record the log is covered by heads that hold.
        keys: The ids of the keys that may sign, the first one first.
        findings: What is wrong; the first 100.
        finding_count: How much is wrong.
    """

    is_verified: bool
    records: int
    redacted: int
    heads: int
    covered: int
    keys: list[str]
    findings: list[AuditFinding]
    finding_count: int


class AuditVerification(msgspec.Struct, frozen=True):
    """How the newest verification of the audit log stands. A server forgets it when it stops.

    Attributes:
        status: `never` if there was none; `failed` if the log could not be read to its end.
        started_at: When it began.
        ended_at: When it ended.
        checked: How many records have been checked.
        total: How many there were when it began.
        report: What came of it.
        error: Why it failed.
    """

    status: Literal["never", "running", "done", "failed"] = "never"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    checked: int = 0
    total: int = 0
    report: AuditReport | None = None
    error: str | None = None


class LogVerification:
    """Verifies the log of an installation. Its methods are called on the event loop."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Verify the log that `settings` name."""
        self._settings = settings
        self._clock = clock
        self._closing = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self.newest = AuditVerification()
        """The one under way, or the last one."""

    def start(self) -> AuditVerification:
        """Begin one, unless one is under way, and return how it stands."""
        if self.newest.status != "running":
            self.newest = AuditVerification("running", self._clock.now())
            self._task = asyncio.get_running_loop().create_task(self._verify(), name="kapell-audit-verification")
        return self.newest

    async def close(self) -> None:
        """Give up what is under way."""
        self._closing.set()
        if self._task is not None:
            await self._task

    async def _verify(self) -> None:
        try:
            report = await asyncio.to_thread(self._read_log)
        except KapellError as error:
            self._change(status="failed", ended_at=self._clock.now(), error=str(error))
        except Exception:  # whatever a log holds that somebody has tampered with
            log.exception("audit_verification_failed")
            text = "The log could not be read to its end. The server's log says why."
            self._change(status="failed", ended_at=self._clock.now(), error=text)
        else:
            self._change(status="done", ended_at=self._clock.now(), checked=report.records, report=_view(report))

    def _read_log(self) -> Report:
        settings = self._settings
        url = settings.database or make_evidence_url(settings.data / SERVER_DATABASE)
        with open_evidence(url) as connection:
            self._change(total=count_records(connection))
            return verify_log(self._give_way(read_log(connection)), tell=lambda count: self._change(checked=count))

    def _give_way(self, lines: Iterator[Evidence]) -> Iterator[Evidence]:
        for number, line in enumerate(lines, 1):
            if number % _LINES_AT_A_TIME == 0 and self._closing.wait(_PAUSE_SECONDS):
                raise KapellError("The server was stopped before the log was read to its end.")
            yield line

    def _change(self, **fields: object) -> None:
        self.newest = msgspec.structs.replace(self.newest, **fields)


def _view(report: Report) -> AuditReport:
    return AuditReport(
        is_verified=report.is_verified,
        records=report.records,
        redacted=report.redacted,
        heads=report.heads,
        covered=report.covered,
        keys=report.keys,
        findings=[AuditFinding(found.kind, found.place, found.text) for found in report.findings],
        finding_count=report.finding_count,
    )
