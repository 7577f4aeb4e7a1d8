"""The check of a whole log, line by line, in bounded memory.

What each line shows: a record's hash, that the record itself was not edited; its `previous`, that it follows the one
before; a head's root, that no record up to there was rewritten together with its hashes since the head was signed; a
witnessed head, that not even whoever has the signing key did so; the signed last record, that nobody without the key
added one. Each is checked against what is stored, not against what was computed, so that one fault gives one finding
and not one for each line after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.audit.encoding import (
    HASH_BYTES,
    NO_HASH,
    compute_commitment,
    compute_record_hash,
    digest_statement,
    encode_statement,
)
from kapell.audit.findings import Finding, Findings, Report, name_records
from kapell.audit.lines import HeadLine, KeyLine, RecordLine, StartLine, TailLine, UnreadableLine
from kapell.audit.merkle import Frontier
from kapell.audit.model import TailStatement
from kapell.audit.redactions import Redactions
from kapell.audit.trust import Keyring
from kapell.audit.witness_check import WitnessCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kapell.audit.lines import Evidence
    from kapell.audit.model import Head, HeadStatement
    from kapell.audit.proofs import SealedRecord

_SALT_DIGITS = 64
_TELL_EVERY = 1000
_FARTHEST_SHIFT = 16
_NO_TAIL = TailLine(statement=TailStatement(hash=NO_HASH.hex(), key_id="", number=0), signature="")


def verify_log(
    lines: Iterable[Evidence],
    witnessed: Callable[[], Iterator[Head]] | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check a whole log.

    Args:
        lines: The log, from a database (`evidence.read_log`) or an export (`lines.read_export`).
        witnessed: Gives the heads that a witness kept, in the order in which they were sent; called twice.
        tell: Is told now and then how many records have been checked.

    Raises:
        UsageError: An export or a witness's file cannot be used.
    """
    verifier = Verifier(witnessed)
    for line in lines:
        verifier.take(line)
        if verifier.count % _TELL_EVERY == 0:
            tell(verifier.count)
    return verifier.finish()


class Verifier:
    """Takes a log line by line.

    Attributes:
        count: How many records it has taken.
    """

    def __init__(self, witnessed: Callable[[], Iterator[Head]] | None = None) -> None:
        """Check against the heads that `witnessed` gives, if there are any."""
        self.count = 0
        self._findings = Findings()
        self._keyring = Keyring(self._findings)
        self._redactions = Redactions(self._findings)
        self._frontier = Frontier()
        self._witness = WitnessCheck(witnessed, self._findings)
        self._are_keys_settled = False
        self._number = 0
        self._stored = self._computed = NO_HASH
        """The hash of the last record, as stored and as computed; they differ when it was edited."""
        self._is_chain_whole = True
        """Whether no record is missing, too many or in another's place: else no root can be right."""
        self._heads = 0
        self._last_head: HeadStatement | None = None
        self._last_key = -1
        self._covered = 0
        self._edited = 0
        """The last record whose hash is not its own."""
        self._shift = 0
        """How far the records at hand stand from where they were written."""
        self._is_rewritten = False
        self._tails = 0

    def take(self, line: Evidence) -> None:
        """Take the next line."""
        if not self._are_keys_settled and not isinstance(line, KeyLine | StartLine | Finding):
            self._are_keys_settled = True
            self._keyring.settle(self._witness.key_ids)
        match line:
            case RecordLine():
                self._take_record(line)
            case HeadLine():
                self._take_head(line)
            case KeyLine():
                self._keyring.add(line.key)
            case TailLine():
                self._take_tail(line)
            case UnreadableLine():
                self._take_unreadable(line)
            case Finding():
                self._findings.add(line.kind, line.place, line.text)
            case StartLine():
                self._findings.add("edited", "export", "It begins twice.")

    def finish(self) -> Report:
        """Return the outcome, after the last line."""
        if self._tails != 1:
            self._findings.add(
                "deleted", "last record", f"The log says {self._tails} times which record is the last one."
            )
        self._redactions.finish(self._number)
        self._witness.finish(self._number)
        return Report(
            is_verified=self._findings.count == 0,
            records=self.count,
            redacted=self._redactions.count,
            heads=self._heads,
            covered=self._covered,
            witnessed=self._witness.size,
            keys=self._keyring.trusted,
            findings=self._findings.kept,
            finding_count=self._findings.count,
        )

    def _take_record(self, line: RecordLine) -> None:
        self.count += 1
        record, number = line.record, line.record.public.number
        follows = self._check_number(number)
        try:
            previous, stored = bytes.fromhex(record.previous), bytes.fromhex(line.hash)
            computed = record.compute_hash()
        except (ValueError, TypeError):  # a text that is no UTF-8, too
            self._findings.add("edited", f"record {number}", "It holds values that are none of a record.")
            self._pass_unreadable(number, _read_hash(line.hash))
            return
        is_linked = previous in {self._stored, self._computed}
        if is_linked and previous != self._stored:
            self._is_chain_whole = False  # the stored hash of the one before was edited, so its leaf is wrong
        if computed != stored:
            self._edited = number
            self._explain_edit(record, stored, is_linked=is_linked)
        elif follows and not is_linked:
            text = "It was written after another record than the one before."
            self._findings.add("reordered", f"record {number}", text)
            self._is_chain_whole = False
        self._check_private(record, number)
        self._go_on(number, stored if len(stored) == HASH_BYTES else NO_HASH, computed)

    def _take_unreadable(self, line: UnreadableLine) -> None:
        self.count += 1
        self._check_number(line.number)
        self._findings.add(line.finding.kind, line.finding.place, line.finding.text)
        self._pass_unreadable(line.number, line.hash)

    def _pass_unreadable(self, number: int, stored: Any) -> None:
        """Go on after a record that is none, by what is stored as its hash."""
        is_hash = isinstance(stored, bytes) and len(stored) == HASH_BYTES
        self._is_chain_whole = self._is_chain_whole and is_hash
        self._edited = number
        self._go_on(number, stored if is_hash else NO_HASH, stored if is_hash else NO_HASH)

    def _go_on(self, number: int, stored: bytes, computed: bytes) -> None:
        self._number = max(number, self._number)
        self._stored, self._computed = stored, computed
        self._frontier.add(stored)
        self._witness.pass_record(self._number, self._frontier)

    def _check_number(self, number: int) -> bool:
        """Tell whether the record is the next one."""
        expected = self._number + 1
        if number == expected:
            return True
        self._is_chain_whole = False
        if number > expected:
            self._findings.add("deleted", name_records(expected, number - 1), "The numbers have a gap.")
        else:
            self._findings.add("reordered", f"record {number}", f"It stands after record {self._number}.")
        return False

    def _explain_edit(self, record: SealedRecord, stored: bytes, *, is_linked: bool) -> None:
        """Say what was done to a record whose hash is not its own."""
        number, place = record.public.number, f"record {record.public.number}"
        shift = _find_shift(record, stored, self._shift)
        if shift is not None:
            if shift != self._shift or not is_linked:
                self._findings.add("reordered", place, f"It was written as record {number + shift}.")
            self._shift = shift
            self._is_chain_whole = False
        elif is_linked:
            self._findings.add("edited", place, "Its hash does not fit what it says.")
        elif _fits_after(record, stored, self._stored) or _fits_after(record, stored, self._computed):
            self._findings.add("edited", place, "Its `previous` was changed.")
        else:
            self._is_chain_whole = False
            self._findings.add("reordered", place, "It is not the record that was written here.")

    def _check_private(self, record: SealedRecord, number: int) -> None:
        self._redactions.note(number, is_missing=record.private is None, redacts=record.public.redacts)
        if record.private is None:
            return
        try:
            salt, body = bytes.fromhex(record.private.salt), record.private.body.encode()
        except ValueError:  # a text that is no UTF-8, too
            salt = body = b""
        if len(record.private.salt) != _SALT_DIGITS or compute_commitment(salt, body).hex() != record.commitment:
            self._findings.add("edited", f"record {number}", "Its private part is not what was committed to.")

    def _take_head(self, line: HeadLine) -> None:
        self._heads += 1
        said, last = line.head.statement, self._last_head
        place = f"head {said.number}"
        if not self._keyring.has_signed(said.key_id, encode_statement(said), line.head.signature):
            self._findings.add("bad_signature", place, "It is not signed by a key of this log, or was edited.")
            return
        if said.number != (1 if last is None else last.number + 1):
            self._findings.add("deleted", place, "The head before it is missing.")
        elif said.previous != (NO_HASH if last is None else digest_statement(last)).hex():
            self._findings.add("forked", place, "It was signed after another head than the one before it.")
        order = self._keyring.find_order(said.key_id)
        if order < self._last_key:
            self._findings.add("bad_signature", place, "It is signed by a key that had been replaced before.")
        self._last_head, self._last_key = said, max(order, self._last_key)
        self._witness.pass_head(said)
        self._check_root(line, place)

    def _check_root(self, line: HeadLine, place: str) -> None:
        said = line.head.statement
        if said.size > self._number:
            self._findings.add("truncated", name_records(self._number + 1, said.size), f"The {place} covers them.")
        elif self._frontier.size == said.size and self._frontier.compute_root().hex() == said.root:
            self._covered = said.size
            if line.peaks is not None and line.peaks != self._frontier.encode_peaks().hex():
                self._findings.add("edited", place, "Its `peaks` are not those of its tree.")
        elif self._is_chain_whole and not self._is_rewritten and self._edited <= self._covered:
            self._is_rewritten = True
            text = f"They are not what the {place} was signed for: the hashes were made to fit."
            self._findings.add("rewritten", name_records(self._covered + 1, said.size), text)

    def _take_tail(self, line: TailLine) -> None:
        self._tails += 1
        said, place = line.statement, "last record"
        if self._number == 0 and line == _NO_TAIL:
            return
        if not self._keyring.has_signed(said.key_id, encode_statement(said), line.signature):
            self._findings.add("bad_signature", place, "That it is the last one is not signed by a key of this log.")
        elif self._keyring.find_order(said.key_id) < self._last_key:
            self._findings.add("bad_signature", place, "It is signed by a key that had been replaced before.")
        elif said.number > self._number:
            text = f"The signed last record is {said.number}."
            self._findings.add("truncated", name_records(self._number + 1, said.number), text)
        elif said.number < self._number:
            text = "They were added after the signed last record."
            self._findings.add("inserted", name_records(said.number + 1, self._number), text)
        elif said.hash not in {self._stored.hex(), self._computed.hex()} and not self._is_rewritten:
            text = "They do not lead to the signed last record: the hashes were made to fit."
            self._findings.add("rewritten", name_records(self._covered + 1, self._number), text)


def _read_hash(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        return None


def _fits_after(record: SealedRecord, stored: bytes, before: bytes) -> bool:
    """Tell whether the stored hash is that of the record if it follows the one with the hash `before`."""
    return compute_record_hash(before, bytes.fromhex(record.commitment), record.public) == stored


def _find_shift(record: SealedRecord, stored: bytes, likely: int) -> int | None:
    """Return how far a record stands from where it was written, if it is whole but for its number."""
    near = sorted(range(-_FARTHEST_SHIFT, _FARTHEST_SHIFT + 1), key=abs)
    for shift in (likely, *near):
        public = msgspec.structs.replace(record.public, number=record.public.number + shift)
        if shift and msgspec.structs.replace(record, public=public).compute_hash() == stored:
            return shift
    return None
