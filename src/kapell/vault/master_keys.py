"""The master keys: what everything that is sealed at rest hangs on, kept in a file outside of the database.

The file holds a key a line, 32 random bytes in base64. The first seals; those after it only open what they once sealed.
A key is known by an id that is computed from it, so that a wrong file is noticed at the start and not at the first use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8

_PRIVATE_FILE = 0o600
_READ_BY_OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP
_LARGEST_FILE = 64 * 1024
_BACKUP_HINT = "Put back the file that belongs to this database; without it what was sealed stays sealed."


class MasterKeyError(UsageError):
    """The master key is missing, wrong or kept where others can read it."""

    code = "master_key"


class MasterKey(NamedTuple):
    """A master key.

    Attributes:
        key_id: Its id, 8 bytes.
        secret: Its 32 bytes.
    """

    key_id: bytes
    secret: bytes

    @property
    def name(self) -> str:
        """The id as people and tables write it: 16 hexadecimal digits."""
        return self.key_id.hex()

    def __repr__(self) -> str:
        """Name the key, and keep its bytes out of logs."""
        return f"MasterKey({self.name})"


class MasterKeys:
    """The keys of a master key file. Any thread may use it."""

    def __init__(self, path: Path, keys: Sequence[MasterKey]) -> None:
        """Hold keys that were read; `open_master_keys` reads them."""
        self.path = path
        self._lock = threading.Lock()
        self._current = keys[0]
        self._by_id = {key.key_id: key for key in keys}

    @property
    def current(self) -> MasterKey:
        """The key that seals."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of all keys, the current one first."""
        return tuple(key.name for key in self._by_id.values())

    def get(self, key_id: bytes) -> MasterKey:
        """Return the key with an id. Raises `MasterKeyError`."""
        found = self._by_id.get(key_id)
        if found is None:
            raise MasterKeyError(
                f"This was sealed with the master key {key_id.hex()}, which the file {self.path} does not hold.",
                hint=_BACKUP_HINT,
            )
        return found

    def check_holds(self, names: Collection[str]) -> None:
        """Make sure that the keys that a database was sealed with are here. Raises `MasterKeyError`."""
        missing = sorted(set(names) - set(self.names))
        if missing:
            wanted, held = ", ".join(missing), ", ".join(self.names)
            raise MasterKeyError(
                f"The database was sealed with the master key {wanted}, but the file {self.path} holds {held}.",
                hint=_BACKUP_HINT,
            )

    def rotate(self) -> MasterKey:
        """Make a new key that seals from now on; the file and this object keep the others. Raises `MasterKeyError`."""
        with self._lock:
            made = _make_key()
            keys = {made.key_id: made, **self._by_id}
            _replace_file(self.path, keys.values())
            self._by_id = keys
            self._current = made
        return made

    def check_forgettable(self, name: str) -> None:
        """Make sure that a key is here and is not the current one. Raises `MasterKeyError`."""
        if name == self._current.name:
            raise MasterKeyError(f"The master key {name} is in use.", hint="Make a new one first.")
        if name not in self.names:
            raise MasterKeyError(f"The file {self.path} holds no master key {name}.")

    def forget(self, name: str) -> None:
        """Drop a key that nothing is sealed with any more, from the file too. Raises as `check_forgettable`."""
        with self._lock:
            self.check_forgettable(name)
            keys = {key_id: key for key_id, key in self._by_id.items() if key.name != name}
            _replace_file(self.path, keys.values())
            self._by_id = keys


def open_master_keys(path: Path, *, may_create: bool) -> MasterKeys:
    """Read the master key file, or make it at the first start.

    Args:
        path: The file.
        may_create: Whether a missing file is made: only where nothing was sealed yet, as a new key opens nothing old.

    Raises:
        MasterKeyError: The file is missing, cannot be used, or others than its owner and group can read it.
    """
    if may_create:
        _create_file(path)
    return MasterKeys(path, _read_file(path))


def _make_key() -> MasterKey:
    return _name_key(os.urandom(KEY_BYTES))


def _name_key(secret: bytes) -> MasterKey:
    return MasterKey(hashlib.sha256(b"kapell master key id\0" + secret).digest()[:KEY_ID_BYTES], secret)


def _read_file(path: Path) -> list[MasterKey]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LARGEST_FILE)
    except FileNotFoundError as error:
        raise MasterKeyError(f"There is no master key file {path}.", hint=_BACKUP_HINT) from error
    except OSError as error:
        raise MasterKeyError(
            f"The master key file {path} cannot be read: {error.strerror}.", hint="Check its owner and permissions."
        ) from error
    if mode & _READ_BY_OTHERS:
        raise MasterKeyError(f"The master key file {path} is open to others.", hint=f"Run: chmod 600 {path}")
    return list(_parse(path, text))


def _parse(path: Path, text: bytes) -> Iterator[MasterKey]:
    found = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            secret = base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise MasterKeyError(f"Line {number} of {path} is no master key.", hint=_BACKUP_HINT)
        found = True
        yield _name_key(secret)
    if not found:
        raise MasterKeyError(f"The master key file {path} holds no key.", hint=_BACKUP_HINT)


def _create_file(path: Path) -> None:
    """Make the file with a new key unless there is one; it is linked into place, so that it is never half there."""
    if path.exists():
        return
    draft = _write_draft(path, [_make_key()])
    try:
        with suppress(FileExistsError):  # another process was faster: its key counts
            os.link(draft, path)
        _sync_folder(path)
    except OSError as error:
        raise _refuse_write(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _replace_file(path: Path, keys: Collection[MasterKey]) -> None:
    draft = _write_draft(path, keys)
    try:
        draft.replace(path)
        _sync_folder(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _refuse_write(path, error) from error


def _write_draft(path: Path, keys: Collection[MasterKey]) -> Path:
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    lines = b"".join(base64.b64encode(key.secret) + b"\n" for key in keys)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _refuse_write(path, error) from error
    return draft


def _sync_folder(path: Path) -> None:
    """Put the file's name on disk too: a key that is lost with the power takes all that it sealed with it."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_write(path: Path, error: OSError) -> MasterKeyError:
    return MasterKeyError(
        f"The master key file {path} cannot be written: {error.strerror}.",
        hint="Check the owner and permissions of its folder.",
    )
