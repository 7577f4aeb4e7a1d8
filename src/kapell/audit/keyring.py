"""Which key signs: the one in the file, if it is the one that the database knows last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.audit import store
from kapell.audit.encoding import encode_statement, write_moment
from kapell.audit.errors import AuditKeyError
from kapell.audit.keys import Signer, load_signer, sync_folder
from kapell.audit.model import Introduction, KnownKey
from kapell.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa


def find_signer(keys: Sequence[KnownKey], path: Path, *, replaces_lost_key: bool) -> Signer:
    """Return the signer for a log that knows these keys, making the file `path` if the log has none.

    Raises:
        AuditKeyError: The file is missing, or holds another key than the log's last one.
        UsageError: The file holds no key, or others may read it.
        StorageError: It cannot be read or written.
    """
    known = keys[-1].introduction.key_id if keys else None
    if path.exists():
        signer = load_signer(path)
        if known is None or signer.key_id == known:
            return signer
    if known is not None and _next_path(path).exists():  # a rotation was broken off after the database knew of it
        signer = load_signer(_next_path(path))
        if signer.key_id == known:
            put_in_place(path)
            return signer
    if known is not None and not replaces_lost_key:
        state = "holds another key than" if path.exists() else "is missing: it holds"
        raise AuditKeyError(
            f"The file {path} {state} the key {known}, which signs this audit log.",
            hint="Restore it from a backup; if it is lost, run `kapell audit rotate-key --lost`.",
        )
    path.unlink(missing_ok=True)
    signer = Signer.generate()
    signer.save(path)
    return signer


def introduce_key(
    connection: sa.Connection, signer: Signer, now: datetime, *, before: Signer | None = None
) -> KnownKey:
    """Make a key known to the log, endorsed by the one `before`, and return how."""
    keys = store.list_keys(connection)
    introduction = Introduction(
        at=write_moment(now),
        is_endorsed=before is not None,
        key_id=signer.key_id,
        number=len(keys) + 1,
        predecessor=keys[-1].introduction.key_id if keys else "",
        public_key=signer.public_key.hex(),
    )
    statement = encode_statement(introduction)
    endorsement = b"" if before is None else before.sign(statement)
    key = KnownKey(introduction=introduction, signature=signer.sign(statement).hex(), endorsement=endorsement.hex())
    store.insert_key(connection, key, now)
    return key


def write_next_key(path: Path) -> Signer:
    """Return a signer with a new key, which waits beside the file of the old one. Raises `StorageError`."""
    waiting = _next_path(path)
    waiting.unlink(missing_ok=True)  # left by a rotation that was broken off before the database knew of it
    signer = Signer.generate()
    signer.save(waiting)
    return signer


def put_in_place(path: Path) -> None:
    """Let the waiting key take the place of the old one. Raises `StorageError`."""
    try:
        _next_path(path).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"The audit key {path} cannot be replaced: {error.strerror}.") from error


def _next_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")
