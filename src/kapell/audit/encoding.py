"""Bytes and hashes of the log: how a record becomes 32 bytes. Kept over releases.

A record's hash is SHA-256 over a prefix, the hash of the record before, the commitment to the private part, and the
JSON of the public part. The commitment is HMAC-SHA-256 of the JSON of the private part, under a random salt of the
record's own: without the salt nothing can be guessed from it, and once salt and text are erased, nothing at all.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.audit.model import AuditEntry, PrivatePart

if TYPE_CHECKING:
    from kapell.audit.model import HeadStatement, Introduction, PublicPart, TailStatement

HASH_BYTES = 32
SALT_BYTES = 32
NO_HASH = bytes(HASH_BYTES)
"""What stands for the record before the first, and for the head before the first."""

_RECORD_PREFIX = b"kapell.audit.record.1\0"
_LONGEST_TEXT = 1000
_encoder = msgspec.json.Encoder(enc_hook=str, order="deterministic")


def compute_record_hash(previous: bytes, commitment: bytes, public: PublicPart) -> bytes:
    """Return a record's hash. Raises `UnicodeEncodeError` for a text that is none."""
    return hashlib.sha256(b"".join((_RECORD_PREFIX, previous, commitment, msgspec.json.encode(public)))).digest()


def compute_commitment(salt: bytes, body: bytes) -> bytes:
    """Return what stands for a private part: a salt of 32 bytes and its JSON."""
    return hmac.digest(salt, body, "sha256")


def encode_private(entry: AuditEntry) -> bytes:
    """Return the JSON of an entry's private part; what JSON has no form for is written as text."""
    part = PrivatePart(actor_name=entry.actor_name, details=entry.details, origin=entry.origin, reason=entry.reason)
    try:
        return _encoder.encode(part)
    except UnicodeEncodeError:  # half of a surrogate pair, which no UTF-8 can hold
        return _encoder.encode(_mend(msgspec.to_builtins(part, enc_hook=str)))


def encode_statement(statement: HeadStatement | Introduction | TailStatement) -> bytes:
    """Return the bytes of a statement that are signed."""
    return msgspec.json.encode(statement)


def digest_statement(statement: HeadStatement) -> bytes:
    """Return what the next head calls its previous one."""
    return hashlib.sha256(encode_statement(statement)).digest()


def write_moment(moment: datetime) -> str:
    """Return a moment as hashed and signed texts have it: UTC, always six decimals."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def read_moment(text: str) -> datetime:
    """Return the moment that `write_moment` wrote. Raises `ValueError`."""
    return datetime.fromisoformat(text)


def clean_text(text: str) -> str:
    """Return a text that both databases keep as it is: no NUL, no half of a surrogate pair, not longer than 1,000."""
    cut = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + "..."
    return _mend(cut) if "\0" in cut or not cut.isascii() else cut


def _mend(value: Any) -> Any:
    """Put U+FFFD in the place of characters that cannot be stored, in a text or anywhere in a JSON value."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mend(item) for item in value]
    return value
