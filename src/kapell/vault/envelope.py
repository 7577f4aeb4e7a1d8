"""Sealing secrets: a key for each version, and the master key around it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kapell.vault.master_keys import KEY_BYTES
from kapell.vault.sealing import DamagedSealError, Sealer, make_context, read_key_id
from kapell.vault.store import SealedSecret

if TYPE_CHECKING:
    from kapell.vault.master_keys import MasterKeys

_NONCE_BYTES = 12


class Envelope:
    """Seals secrets and opens them. Any thread may use it."""

    def __init__(self, keys: MasterKeys) -> None:
        """Wrap with the current master key, and unwrap with any that `keys` holds."""
        self._wrapper = Sealer(keys, "secrets")

    def seal(self, namespace: str, name: str, version: int, value: bytes) -> SealedSecret:
        """Return a value sealed as this version of a secret, under a key that nothing else is sealed with."""
        context = make_context("secret", namespace, name, version)
        key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
        wrapped_key = self._wrapper.seal(key, context)
        sealed = nonce + AESGCM(key).encrypt(nonce, value, context)
        return SealedSecret(namespace, name, version, read_key_id(wrapped_key), wrapped_key, sealed)

    def open(self, secret: SealedSecret) -> bytes:
        """Return the value.

        Raises:
            DamagedSealError: It was changed, or belongs to another secret or version.
            MasterKeyError: The master key that it hangs on is not here.
        """
        context = _make_context(secret)
        cipher = AESGCM(self._wrapper.open(secret.wrapped_key, context))
        try:
            return cipher.decrypt(secret.sealed[:_NONCE_BYTES], secret.sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:  # the latter for a value that is cut too short
            raise DamagedSealError(
                f"The secret {secret.namespace}/{secret.name} was changed in the database.", hint="Put it again."
            ) from error

    def rewrap(self, secret: SealedSecret) -> SealedSecret:
        """Return the same value with its key wrapped by the current master key. Raises as `open`."""
        context = _make_context(secret)
        wrapped_key = self._wrapper.seal(self._wrapper.open(secret.wrapped_key, context), context)
        return secret._replace(wrapped_key=wrapped_key, key_id=read_key_id(wrapped_key))


def _make_context(secret: SealedSecret) -> bytes:
    return make_context("secret", secret.namespace, secret.name, secret.version)
