"""Sealing values at rest: AES-256-GCM under keys that are derived from the master key.

A sealed value stands for itself: format (1 byte), id of the master key (8), salt (16), nonce (12), ciphertext, tag
(16). The key is HKDF-SHA256 of master key, salt and purpose. Each sealer draws a salt when it begins, so that sealing
costs one encryption and no derivation; it draws a new one long before random nonces could meet under one key (NIST SP
800-38D, 8.3). Whatever opens values keeps the keys of the salts that it met.

The context of a value says what it is and where it belongs. It is authenticated with the value: one that was moved to
another row, or changed in a single bit, does not open.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kapell.errors import StorageError
from kapell.vault.master_keys import KEY_BYTES, KEY_ID_BYTES

if TYPE_CHECKING:
    from kapell.vault.master_keys import MasterKey, MasterKeys

OVERHEAD_BYTES: Final = 53
"""By how much a sealed value is longer than the value."""

_FORMAT = b"\x01"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_KEY_ID = slice(1, 1 + KEY_ID_BYTES)
_SALT = slice(_KEY_ID.stop, _KEY_ID.stop + _SALT_BYTES)
_NONCE = slice(_SALT.stop, _SALT.stop + _NONCE_BYTES)
_HEADER_BYTES = _SALT.stop
_SEALS_PER_SALT = 2**28
_KEPT_KEYS = 1024


class DamagedSealError(StorageError):
    """A sealed value was changed or stands where it does not belong; it is not opened."""

    code = "damaged_seal"
    retryable = False


class _Sealing(NamedTuple):
    """What a sealer seals with; one value, so that threads never see half of a change."""

    master: MasterKey
    header: bytes
    cipher: AESGCM


class Sealer:
    """Seals and opens values for one purpose. Any thread may use it.

    What is sealed for one purpose (`secrets`, `payloads`) does not open for another.
    """

    def __init__(self, keys: MasterKeys, purpose: str) -> None:
        """Seal with the current master key, and open with any that `keys` holds."""
        self._keys = keys
        self._info = b"kapell sealing\0" + purpose.encode()
        self._purpose = purpose
        self._find_cipher = lru_cache(maxsize=_KEPT_KEYS)(self._make_cipher)
        self._begin_salt(keys.current)

    def seal(self, value: bytes, context: bytes) -> bytes:
        """Return `value` sealed: `OVERHEAD_BYTES` longer, and different each time."""
        sealing = self._sealing
        if sealing.master is not self._keys.current or self._seals_left <= 0:
            sealing = self._begin_salt(self._keys.current)
        self._seals_left -= 1
        nonce = os.urandom(_NONCE_BYTES)
        return sealing.header + nonce + sealing.cipher.encrypt(nonce, value, sealing.header + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return the value.

        Raises:
            DamagedSealError: It is not what was sealed, or not in this context or for this purpose.
            MasterKeyError: It was sealed with a master key that is not here.
        """
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _FORMAT:
            raise DamagedSealError(f"This is no sealed value: it has {len(sealed)} bytes and no known format.")
        header = sealed[:_HEADER_BYTES]
        cipher = self._find_cipher(sealed[_KEY_ID], sealed[_SALT])
        try:
            return cipher.decrypt(sealed[_NONCE], sealed[_NONCE.stop :], header + context)
        except InvalidTag as error:
            raise DamagedSealError(
                f"A sealed value ({self._purpose}) was changed in the database, or moved there from another place.",
                hint="Restore it from a backup, or store it again.",
            ) from error

    def _begin_salt(self, master: MasterKey) -> _Sealing:
        salt = os.urandom(_SALT_BYTES)
        self._sealing = _Sealing(master, _FORMAT + master.key_id + salt, self._find_cipher(master.key_id, salt))
        self._seals_left = _SEALS_PER_SALT
        return self._sealing

    def _make_cipher(self, key_id: bytes, salt: bytes) -> AESGCM:
        return AESGCM(_derive(self._keys.get(key_id), salt, self._info))


def derive_key(master: MasterKey, purpose: str) -> bytes:
    """Return a key of 32 bytes that belongs to a master key and a purpose: always the same one."""
    return _derive(master, None, b"kapell key\0" + purpose.encode())


def _derive(master: MasterKey, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(master.secret)


def make_context(*parts: str | int) -> bytes:
    """Return parts as one context, written so that no other parts give the same."""
    return msgspec.json.encode(parts)


def read_key_id(sealed: bytes) -> str:
    """Return the id of the master key that a value was sealed with, 16 hexadecimal digits."""
    return sealed[_KEY_ID].hex()
