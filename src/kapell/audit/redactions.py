"""Whether every private part that is gone was redacted, and every one that was redacted is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapell.audit.findings import Findings


class Redactions:
    """Notes of each record, in two bits of memory, whether its private part is missing and whether it was redacted.

    Attributes:
        count: How many records have been redacted.
    """

    def __init__(self, findings: Findings) -> None:
        """Tell `findings` what is wrong."""
        self._findings = findings
        self._missing = bytearray()
        self._redacted = bytearray()
        self.count = 0

    def note(self, number: int, *, is_missing: bool, redacts: int | None) -> None:
        """Note a record."""
        if is_missing:
            _set_bit(self._missing, number)
        if redacts is None:
            return
        if not isinstance(redacts, int) or not 1 <= redacts < number:
            self._findings.add("edited", f"record {number}", "It redacts no record before it.")
            return
        self.count += 1
        _set_bit(self._redacted, redacts)
        if not _has_bit(self._missing, redacts):
            text = f"It was redacted by record {number}, and its private part is there again."
            self._findings.add("inserted", f"record {redacts}", text)

    def finish(self, last: int) -> None:
        """Report what is missing and was not redacted, after the record `last`."""
        for index, byte in enumerate(self._missing):
            if byte & ~(self._redacted[index] if index < len(self._redacted) else 0):
                for number in range(index * 8, min(index * 8 + 8, last + 1)):
                    if _has_bit(self._missing, number) and not _has_bit(self._redacted, number):
                        text = "Its private part is gone, and no record says that it was redacted."
                        self._findings.add("deleted", f"record {number}", text)


def _set_bit(bits: bytearray, number: int) -> None:
    index = number >> 3
    if index >= len(bits):
        bits.extend(bytes(index + 1 - len(bits)))
    bits[index] |= 1 << (number & 7)


def _has_bit(bits: bytearray, number: int) -> bool:
    index = number >> 3
    return index < len(bits) and bool(bits[index] & 1 << (number & 7))
