"""Signing with Ed25519: the key, its file outside the database, and the check of what it has signed.

The file holds the private half and is its owner's alone. A rotation first writes the new key beside it, then makes the
database know it, and only then puts it in the old one's place: a crash in between leaves both files, and the database
tells which one counts (`keyring`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from kapell.errors import StorageError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE_FILE = 0o600
_KEY_ID_BYTES = 16


class Signer:
    """The private key that heads are signed with.

    Attributes:
        public_key: The public half, 32 bytes.
        key_id: The key's id, in hexadecimal.
    """

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        """Sign with this key."""
        self._private_key = private_key
        self.public_key = private_key.public_key().public_bytes_raw()
        self.key_id = compute_key_id(self.public_key)

    @classmethod
    def generate(cls) -> Signer:
        """Return a signer with a new key, by chance."""
        return cls(Ed25519PrivateKey.generate())

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._private_key.sign(data)

    def save(self, path: Path) -> None:
        """Write the key to a new file that only its owner can read, and see that it is on disk.

        Raises:
            StorageError: The file exists, or cannot be written.
        """
        text = self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            sync_folder(path.parent)
        except OSError as error:
            raise StorageError(f"The audit key {path} cannot be written: {error.strerror}.") from error


def load_signer(path: Path) -> Signer:
    """Return the signer whose key is in this file.

    Raises:
        UsageError: The file holds no Ed25519 key, or others may read it.
        StorageError: It cannot be read.
    """
    try:
        text = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise StorageError(f"The audit key {path} cannot be read: {error.strerror}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"The audit key {path} can be read by others than its owner.",
            hint=f"Run `chmod 600 {path}`, and if somebody may have read it, `kapell audit rotate-key`.",
        )
    try:
        key = load_pem_private_key(text, password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"The file {path} holds no Ed25519 key.", hint="Restore it from a backup.")
    return Signer(key)


def compute_key_id(public_key: bytes) -> str:
    """Return the id of a public key: the first 16 bytes of its SHA-256, in hexadecimal."""
    return hashlib.sha256(public_key).digest()[:_KEY_ID_BYTES].hex()


def is_signed(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether the owner of the key signed the data; a key or signature that is none has signed nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on disk. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
