"""The keys: whether they are there, and whether they are those of this database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.audit.keys import load_signer
from kapell.doctor.model import NotExaminedError, fine, refuse
from kapell.doctor.rows import SERVER
from kapell.errors import KapellError
from kapell.storage.data_folder import AUDIT_KEY
from kapell.vault.master_keys import open_master_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient


def check_master_key(patient: Patient) -> Iterator[Verdict]:
    """Find a master key that is missing, wrong, or kept where others can read it."""
    path = patient.settings.master_key_path
    known = [key_id for (key_id,) in patient.rows.ask(SERVER, "SELECT key_id FROM master_keys")]
    if not known and not path.exists():
        yield fine("There is no master key yet; the first `kapell up` makes it.")
        return
    try:
        keys = open_master_keys(path, may_create=False)
        keys.check_holds(known)
    except KapellError as error:
        yield refuse(error.message, error.hint)
    else:
        yield fine(f"The master key {keys.current.name} is there, and opens what is sealed.")


def check_audit_key(patient: Patient) -> Iterator[Verdict]:
    """Find a signing key that is missing, wrong, or kept where others can read it."""
    path = patient.folder / AUDIT_KEY
    known = [key_id for (key_id,) in patient.rows.ask(SERVER, "SELECT key_id FROM audit_keys ORDER BY number")]
    if not known:
        raise NotExaminedError("there is no audit log yet")
    if not path.exists():
        yield refuse(
            f"The key that signs the audit log is missing: {path}.",
            "Put it back from where you keep keys; if it is lost, run `kapell audit rotate-key --lost`.",
        )
        return
    try:
        signer = load_signer(path)
    except KapellError as error:
        yield refuse(error.message, error.hint)
        return
    if signer.key_id == known[-1]:
        yield fine(f"The key {signer.key_id}, which signs the audit log, is there.")
    else:
        yield refuse(
            f"{path} holds the key {signer.key_id}, and the audit log is signed by {known[-1]}.",
            "Put the right one back from where you keep keys.",
        )
