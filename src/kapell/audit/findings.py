"""What a verification found."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingKind = Literal[
    "edited", "deleted", "inserted", "reordered", "rewritten", "truncated", "forked", "bad_signature", "not_witnessed"
]
_MOST_KEPT = 100


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was written.

    Attributes:
        kind: `edited`, `deleted`, `inserted`, `reordered`: this was done to the row that `place` names. `rewritten`:
            one of these was done to a record in the range that `place` names, and the hashes were made to fit.
            `truncated`: the end is gone. `forked`: there are two logs that contradict each other. `bad_signature`:
            whoever signed had no right to, or signed something else. `not_witnessed`: it is not what the witness saw.
        place: Where: `record 12`, `records 81-120`, `head 3`.
        text: What it is, in a sentence.
    """

    kind: FindingKind
    place: str
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a verification.

    Attributes:
        is_verified: Whether nothing was found.
        records: How many records there are.
        redacted: How many of them have been redacted.
        heads: How many heads there are.
        covered: Up to which record the log is covered by heads that hold.
        witnessed: Up to which record the log is what the witness saw; 0 without a witnessed head.
        keys: The ids of the keys that may sign, the first one first.
        findings: What is wrong; the first 100.
        finding_count: How much is wrong.
    """

    is_verified: bool
    records: int
    redacted: int
    heads: int
    covered: int
    witnessed: int
    keys: list[str]
    findings: list[Finding]
    finding_count: int


class Findings:
    """Collects findings, and keeps the first ones.

    Attributes:
        kept: The first 100.
        count: How many there are.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.kept: list[Finding] = []
        self.count = 0

    def add(self, kind: FindingKind, place: str, text: str) -> None:
        """Add a finding."""
        self.count += 1
        if len(self.kept) < _MOST_KEPT:
            self.kept.append(Finding(kind=kind, place=place, text=text))


def name_records(first: int, last: int) -> str:
    """Return what one or several records are called."""
    return f"record {last}" if first >= last else f"records {first}-{last}"
