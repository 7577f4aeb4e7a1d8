"""Which keys may sign: those that a witness saw, and those that follow from them; without a witness, from the first.

A later key is believed when the one before endorsed it. An earlier one is believed when the later one, in its own
signed introduction, calls it its predecessor: an endorsement alone would not do, as anybody can endorse another's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.audit.encoding import encode_statement
from kapell.audit.keys import compute_key_id, is_signed

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from kapell.audit.findings import Findings
    from kapell.audit.model import KnownKey


class Keyring:
    """The keys of a log, as they are read."""

    def __init__(self, findings: Findings) -> None:
        """Tell `findings` what is wrong."""
        self._findings = findings
        self._keys: list[KnownKey] = []
        self._public: dict[str, bytes] = {}
        self._orders: dict[str, int] = {}
        self._trusted: set[str] = set()

    @property
    def trusted(self) -> list[str]:
        """The ids of the keys that may sign, in the order of their introduction."""
        return [key for key in self._orders if key in self._trusted]

    def add(self, key: KnownKey) -> None:
        """Take a key, if its introduction is its own and follows the one before."""
        said, place = key.introduction, f"key {key.introduction.number}"
        try:
            public_key, signature = bytes.fromhex(said.public_key), bytes.fromhex(key.signature)
            is_own = compute_key_id(public_key) == said.key_id
            is_own = is_own and is_signed(public_key, encode_statement(said), signature)
        except (ValueError, TypeError):
            is_own, public_key = False, b""
        if not is_own:
            self._findings.add("edited", place, "Its introduction is not what the key itself signed.")
            return
        before = self._keys[-1].introduction if self._keys else None
        if said.number != (1 if before is None else before.number + 1):
            self._findings.add("deleted", place, "The key before it is missing.")
        elif said.predecessor != ("" if before is None else before.key_id):
            self._findings.add("inserted", place, "It names another predecessor than the key before it.")
        self._keys.append(key)
        self._public[said.key_id] = public_key
        self._orders[said.key_id] = len(self._orders)

    def settle(self, witnessed: AbstractSet[str]) -> None:
        """Decide whom to believe, given the keys of witnessed heads."""
        strangers = witnessed - set(self._public)
        if strangers:
            text = f"The witnessed heads are signed by others: {', '.join(sorted(strangers))}."
            self._findings.add("forked", "keys", text)
        first = {key.introduction.key_id for key in self._keys[:1]}
        self._trusted = set(witnessed - strangers) if witnessed else first
        pairs = list(zip(self._keys, self._keys[1:], strict=False))
        for earlier, later in reversed(pairs):
            if later.introduction.key_id in self._trusted and self._names(later, earlier):
                self._trusted.add(earlier.introduction.key_id)
        for earlier, later in pairs:
            if earlier.introduction.key_id in self._trusted and self._endorses(earlier, later):
                self._trusted.add(later.introduction.key_id)
        for key in self._keys:
            if key.introduction.key_id not in self._trusted:
                text = "Nothing shows that it may sign: neither the key before nor a witnessed head speaks for it."
                self._findings.add("bad_signature", f"key {key.introduction.number}", text)
            elif not self._is_endorsement_whole(key):
                text = "Its endorsement is not what the key before signed."
                self._findings.add("edited", f"key {key.introduction.number}", text)

    def may_sign(self, key_id: str) -> bool:
        """Tell whether a key is one to believe."""
        return key_id in self._trusted

    def find_order(self, key_id: str) -> int:
        """Return how many keys came before this one; -1 if there is none such."""
        return self._orders.get(key_id, -1)

    def has_signed(self, key_id: str, data: bytes, signature: str) -> bool:
        """Tell whether a key that is to be believed signed the data."""
        try:
            return self.may_sign(key_id) and is_signed(self._public[key_id], data, bytes.fromhex(signature))
        except ValueError:
            return False

    @staticmethod
    def _names(later: KnownKey, earlier: KnownKey) -> bool:
        return later.introduction.predecessor == earlier.introduction.key_id

    def _endorses(self, earlier: KnownKey, later: KnownKey) -> bool:
        return later.introduction.is_endorsed and self._names(later, earlier) and self._is_signed_by(earlier, later)

    def _is_endorsement_whole(self, key: KnownKey) -> bool:
        if not key.introduction.is_endorsed:
            return not key.endorsement
        index = self._orders[key.introduction.key_id]
        return index > 0 and self._is_signed_by(self._keys[index - 1], key)

    def _is_signed_by(self, earlier: KnownKey, later: KnownKey) -> bool:
        try:
            endorsement = bytes.fromhex(later.endorsement)
        except ValueError:
            return False
        public_key = self._public[earlier.introduction.key_id]
        return is_signed(public_key, encode_statement(later.introduction), endorsement)
