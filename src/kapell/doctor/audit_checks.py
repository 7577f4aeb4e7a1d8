"""The audit log: that its end is whole and signed, and that witnesses can be reached."""

from __future__ import annotations

import os
import socket
from collections import deque
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from kapell.audit.encoding import encode_statement
from kapell.audit.keys import is_signed
from kapell.audit.model import Head, TailStatement
from kapell.doctor.model import NotExaminedError, fine, refuse, warn
from kapell.doctor.rows import SERVER
from kapell.engine.rows import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient

_LOOKED_AT = 1000
_PATIENCE = timedelta(minutes=3)
_CONNECT_SECONDS = 5.0
_PORTS = {"https": 443, "http": 80, "syslog": 514, "syslog+tcp": 601}
_VERIFY = "Run `kapell audit verify`, and see docs/explanation/audit.md on what to do then."


def check_log_end(patient: Patient) -> Iterator[Verdict]:
    """Find an end of the log that does not hang together, or that the log's key has not signed."""
    number, last_hash, key_id, signature = _read_tail(patient)
    if not number:
        raise NotExaminedError("nothing is in it yet")
    rows = patient.rows.ask(
        SERVER,
        f"SELECT number, previous, hash FROM audit_records WHERE number > {number - _LOOKED_AT} "  # noqa: S608 -- a number
        "ORDER BY number",
    )
    is_linked = all(
        before[0] + 1 == after[0] and bytes(before[2]) == bytes(after[1]) for before, after in pairwise(rows)
    )
    keys = dict(patient.rows.ask(SERVER, "SELECT key_id, public_key FROM audit_keys"))
    said = encode_statement(TailStatement(hash=last_hash.hex(), key_id=key_id, number=number))
    if not rows or rows[-1][0] != number or bytes(rows[-1][2]) != last_hash or not is_linked:
        yield refuse("The last records of the audit log do not hang together: it was changed from outside.", _VERIFY)
    elif key_id not in keys or not is_signed(bytes(keys[key_id]), said, signature):
        yield refuse("The end of the audit log is not signed by its key: it was changed from outside.", _VERIFY)
    else:
        yield fine(f"The last {len(rows):,} of {number:,} records hang together, and the last one is signed.")


def check_heads(patient: Patient) -> Iterator[Verdict]:
    """Find records that no head covers although there was time for it."""
    number, *_ = _read_tail(patient)
    found = patient.rows.ask(SERVER, "SELECT size, at FROM audit_heads ORDER BY number DESC LIMIT 1")
    size = found[0][0] if found else 0
    if number == size:
        yield fine(f"A signed head covers all {number:,} records.")
        return
    query = f"SELECT at FROM audit_records WHERE number = {size + 1}"  # noqa: S608 -- a number
    waiting = patient.clock.now() - from_microseconds(patient.rows.ask(SERVER, query)[0][0])
    text = f"{number - size:,} records wait for a signed head, since {int(waiting.total_seconds())} s."
    if waiting < max(_PATIENCE, 3 * timedelta(seconds=patient.settings.audit_head_seconds)):
        yield fine(text)
    elif patient.is_owned:
        yield warn(text, "Look into the server's log: heads cannot be made.")
    else:
        yield fine(f"{text} The next `kapell up` makes one.")


def check_witnesses(patient: Patient) -> Iterator[Verdict]:
    """Find witnesses that cannot be reached, or that have seen nothing for long."""
    words = [word.strip() for word in patient.settings.audit_witnesses.split(",") if word.strip()]
    if not words:
        is_local = patient.settings.host in {"127.0.0.1", "::1", "localhost"}
        text = "Nobody else keeps the heads of the audit log, so its owner could rewrite it all unnoticed."
        yield fine(text) if is_local else warn(text, "Name a witness in KAPELL_AUDIT_WITNESSES.")
    for word in words:
        scheme, _, rest = word.partition(":")
        try:
            yield _check_file(patient, Path(rest)) if scheme == "file" else _check_address(word)
        except (OSError, ValueError) as error:
            yield refuse(
                f"The witness {_hide(word)} cannot be reached: {error}.", "Let it be reached, or name another."
            )


def _check_file(patient: Patient, path: Path) -> Verdict:
    folder = path.parent
    if not os.access(path if path.exists() else folder, os.W_OK):
        return refuse(f"The witness {path} cannot be written.", "Check that its folder is there, and its rights.")
    found = patient.rows.ask(SERVER, "SELECT number, at FROM audit_heads ORDER BY number DESC LIMIT 1")
    if not found:
        return fine(f"The witness {path} can be written; there is no head yet.")
    seen = _read_last_head(path)
    age = patient.clock.now() - from_microseconds(found[0][1])
    if seen == found[0][0]:
        return fine(f"The witness {path} has the newest head.")
    if seen < found[0][0]:
        text = f"The witness {path} has head {seen} of {found[0][0]}."
        return warn(text, "Look into the server's log.") if age > _PATIENCE else fine(text)
    return refuse(
        f"The witness {path} has head {seen}, and the log ends with {found[0][0]}: records are gone.", _VERIFY
    )


def _read_last_head(path: Path) -> int:
    """Return the number of the last head in a witness's file; 0 if there is none."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        last = deque((line for line in file if line.strip()), maxlen=1)
    try:
        return msgspec.json.decode(last[0], type=Head).statement.number if last else 0
    except msgspec.DecodeError as error:
        raise ValueError(f"its last line is no head ({error})") from error


def _check_address(word: str) -> Verdict:
    parts = urlsplit(word)
    if not parts.hostname:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(parts.path)
    elif parts.scheme == "syslog":  # nothing answers there
        socket.getaddrinfo(parts.hostname, parts.port or _PORTS[parts.scheme], type=socket.SOCK_DGRAM)
    else:
        address = (parts.hostname, parts.port or _PORTS[parts.scheme])
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()
    return fine(f"The witness {_hide(word)} can be reached.")


def _hide(word: str) -> str:
    parts = urlsplit(word)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else word


def _read_tail(patient: Patient) -> tuple[int, bytes, str, bytes]:
    ((number, last_hash, key_id, signature),) = patient.rows.ask(
        SERVER, "SELECT number, hash, key_id, signature FROM audit_tail WHERE one = 1"
    )
    return int(number), bytes(last_hash), str(key_id), bytes(signature)
