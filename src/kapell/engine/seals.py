"""What seals the data of runs, by the master key.

The associated data of each value says what it is and where it belongs: a row that was put in the place of another does
not open. That rows are missing at the end of a history, or that a whole older database was put back, no seal can tell.

A payload is stored under a keyed hash in place of its plain one, by which everybody who reads the database could check
a guess. Equal payloads share their name, so that they are stored once: that they are equal can be seen.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from kapell.engine.rows import to_storable
from kapell.engine.seal_marks import unwrap, wrap
from kapell.engine.soundness import SEALED_NAME
from kapell.vault.sealing import Sealer, derive_key, make_context

if TYPE_CHECKING:
    from kapell.vault.master_keys import MasterKeys

_CONTENT = "content of runs"


class ContentHashes:
    """Hashes by which a request is known again: keyed ones where data is sealed, or else its content could be guessed.

    Those from before sealing was switched on or off, or from under another master key, are known, too.
    """

    def __init__(self, keys: MasterKeys, *, is_keyed: bool) -> None:
        """Make hashes by the current master key, or plain ones."""
        self._seals = Seals(keys)
        self._is_keyed = is_keyed

    def make(self, content: bytes) -> bytes:
        """Return the hash of content, 32 bytes."""
        return self._seals.hash_content(content)[0] if self._is_keyed else hashlib.sha256(content).digest()

    def match(self, content: bytes, known: bytes) -> bool:
        """Tell whether a hash that was made at some time is that of the content."""
        return known in {hashlib.sha256(content).digest(), *self._seals.hash_content(content)}


class Seals:
    """Seals and opens what runs work with. Any thread may use it.

    To open something raises `DamagedSealError` where it was changed or stands in another's place, and `MasterKeyError`
    where its master key is not here.
    """

    def __init__(self, keys: MasterKeys) -> None:
        """Seal with the current master key, and open with any that `keys` holds."""
        self._keys = keys
        self._data = Sealer(keys, "payloads")
        self._logs = Sealer(keys, "logs")
        self._hash_keys: dict[str, bytes] = {}

    def seal(self, value: bytes, *place: str | int) -> bytes:
        """Return bytes sealed for their place."""
        return self._data.seal(value, make_context(*place))

    def open(self, sealed: bytes, *place: str | int) -> bytes:
        """Return bytes that were sealed for a place."""
        return self._data.open(sealed, make_context(*place))

    def seal_text(self, text: str, *place: str | int) -> str:
        """Return a text sealed for its place."""
        return wrap(self.seal(to_storable(text).encode(), *place))

    def open_text(self, sealed: str, *place: str | int) -> str:
        """Return a text that was sealed for a place."""
        return self.open(unwrap(sealed), *place).decode()

    def seal_line(self, text: str, *place: str | int) -> str:
        """Return the text of a log line, sealed for its place."""
        return wrap(self._logs.seal(to_storable(text).encode(), make_context(*place)))

    def open_line(self, sealed: str, *place: str | int) -> str:
        """Return the text of a log line that was sealed for a place."""
        return self._logs.open(unwrap(sealed), make_context(*place)).decode()

    def list_payload_names(self, digest: str) -> tuple[str, ...]:
        """Return the names that a payload may have, one for each master key; new ones get the first."""
        return tuple(SEALED_NAME + found.hex() for found in self.hash_content(digest.encode()))

    def hash_content(self, content: bytes) -> tuple[bytes, ...]:
        """Return keyed hashes by which the same content is known again, one for each master key, the current first."""
        return tuple(hmac.digest(self._find_hash_key(name), content, hashlib.sha256) for name in self._keys.names)

    def _find_hash_key(self, name: str) -> bytes:
        if name not in self._hash_keys:
            self._hash_keys[name] = derive_key(self._keys.get(bytes.fromhex(name)), _CONTENT)
        return self._hash_keys[name]
