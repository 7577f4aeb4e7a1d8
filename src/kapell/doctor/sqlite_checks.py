"""The databases of a data folder."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from kapell.doctor.model import NotExaminedError, fine, refuse, warn
from kapell.doctor.rows import LOG, RUNS, SERVER
from kapell.storage.database import APPLICATION_ID
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.server_database import list_revisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient

_NEWEST = {RUNS: len(RUNS_MIGRATIONS), LOG: len(LOG_MIGRATIONS)}
_FILES = (RUNS, LOG, SERVER)
_UPDATE = "The next `kapell up` brings it up to date; make a backup before with the version that used it."


def check_soundness(patient: Patient) -> Iterator[Verdict]:
    """Read every page of every database."""
    for file in _list_present(patient):
        try:
            found = [text for (text,) in patient.rows.ask_file(file, "PRAGMA quick_check(5)")]
            ((mode,),) = patient.rows.ask_file(file, "PRAGMA journal_mode")
        except sqlite3.Error as error:
            found, mode = [str(error)], "wal"
        if found != ["ok"]:
            yield refuse(
                f"{patient.folder / file} is damaged: {'; '.join(found)}.",
                "Stop Kapell, keep a copy of the data folder, and restore a backup.",
            )
        elif mode != "wal":
            yield warn(f"{file} does not use a write-ahead log ({mode}).", "The next `kapell up` switches it on.")
        else:
            yield fine(f"{file} is sound.")


def check_schemas(patient: Patient) -> Iterator[Verdict]:
    """Find tables of another Kapell."""
    for file in _list_present(patient):
        try:
            yield _judge_schema(patient, file)
        except sqlite3.Error as error:
            raise NotExaminedError(f"{file} cannot be read: {error}") from error


def judge_revision(found: list[tuple[str]], where: str) -> Verdict:
    """Return what is to be said of the revision of the server's tables."""
    known = list_revisions()
    revision = found[0][0] if found else None
    if revision == known[-1]:
        return fine(f"The tables of {where} are those of this Kapell.")
    if revision in known or revision is None:
        return warn(f"The tables of {where} are those of an older Kapell ({revision}).", _UPDATE)
    return refuse(f"The tables of {where} are those of a newer Kapell ({revision}).", "Use that version of Kapell.")


def _judge_schema(patient: Patient, file: str) -> Verdict:
    if file == SERVER:
        has_revision = patient.rows.ask_file(file, "SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'")
        revision = patient.rows.ask_file(file, "SELECT version_num FROM alembic_version") if has_revision else []
        return judge_revision([(str(text),) for (text,) in revision], file)
    ((version,),) = patient.rows.ask_file(file, "PRAGMA user_version")
    ((application,),) = patient.rows.ask_file(file, "PRAGMA application_id")
    if application != APPLICATION_ID:
        return refuse(f"{file} is a database of another program.", "Choose another data folder.")
    if version == _NEWEST[file]:
        return fine(f"The tables of {file} are those of this Kapell.")
    if version < _NEWEST[file]:
        return warn(f"The tables of {file} are those of an older Kapell ({version}).", _UPDATE)
    return refuse(f"The tables of {file} are those of a newer Kapell ({version}).", "Use that version of Kapell.")


def _list_present(patient: Patient) -> list[str]:
    if patient.settings.database:
        raise NotExaminedError("the data is in PostgreSQL")
    present = [file for file in _FILES if (patient.folder / file).is_file()]
    if not present:
        raise NotExaminedError("there are no databases yet")
    return present
