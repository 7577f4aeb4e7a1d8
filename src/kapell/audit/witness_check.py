"""Whether a log is the one that a witness saw grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.audit.findings import name_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.audit.findings import Findings
    from kapell.audit.merkle import Frontier
    from kapell.audit.model import Head, HeadStatement


class WitnessCheck:
    """Goes through witnessed heads beside the records.

    Attributes:
        key_ids: The keys that signed the witnessed heads.
        size: Up to which record the log is what the witness saw.
    """

    def __init__(self, witnessed: Callable[[], Iterator[Head]] | None, findings: Findings) -> None:
        """Check against these heads, if there are any. Raises `UsageError` when they cannot be read."""
        self._findings = findings
        self.key_ids = set() if witnessed is None else {head.statement.key_id for head in witnessed()}
        self._heads = iter(()) if witnessed is None else witnessed()
        self._next = self._advance(None)
        self._awaited: list[HeadStatement] = []
        """Witnessed heads whose place in the log has come, and which have not been met there."""
        self._is_other = False
        self.size = 0

    def pass_record(self, number: int, frontier: Frontier) -> None:
        """Note that the records up to `number` have been read, and what their tree is."""
        while self._next is not None and self._next.size <= number:
            said = self._next
            self._awaited.append(said)
            if frontier.size == said.size and frontier.compute_root().hex() == said.root:
                self.size = said.size
            elif not self._is_other:
                self._is_other = True
                text = f"They are not what the witness saw (head {said.number}, {said.at})."
                self._findings.add("not_witnessed", name_records(self.size + 1, said.size), text)
            self._next = self._advance(said)

    def pass_head(self, said: HeadStatement) -> None:
        """Note a head of the log."""
        while self._awaited and self._awaited[0].size <= said.size:
            awaited = self._awaited.pop(0)
            if awaited.size < said.size:
                self._miss(awaited)
            elif awaited != said:
                text = f"The witness saw another head of {said.size} records: there are two logs, signed by one key."
                self._findings.add("forked", f"head {said.number}", text)

    def finish(self, last: int) -> None:
        """Report what the witness saw and was not met, after the record `last`."""
        for awaited in self._awaited:
            self._miss(awaited)
        if self._next is not None:
            text = f"The witness saw them (head {self._next.number}, {self._next.at})."
            self._findings.add("truncated", name_records(last + 1, self._next.size), text)

    def _miss(self, awaited: HeadStatement) -> None:
        self._findings.add("deleted", f"head {awaited.number}", "The witness has it, and the log does not.")

    def _advance(self, before: HeadStatement | None) -> HeadStatement | None:
        """Return the next witnessed head that is of more records than the one before."""
        for head in self._heads:
            said = head.statement
            if before is None or said.size > before.size:
                return said
            if said != before:
                text = f"The witness saw {before.size} records and afterwards {said.size}: the log was set back."
                self._findings.add("forked", f"witnessed head {said.number}", text)
        return None
