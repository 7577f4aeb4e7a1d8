"""The data folder: where it lies, who can read it, and how fast it keeps what is written."""

from __future__ import annotations

import os
import shutil
import stat
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kapell.doctor.model import NotExaminedError, Verdict, fine, refuse, warn
from kapell.storage.data_folder import RESTORE_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.patient import Patient

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "afs"}
_IN_MEMORY = {"tmpfs", "ramfs"}
_MOUNTS = Path("/proc/self/mountinfo")
_LITTLE_BYTES = 1 << 30
_TOO_LITTLE_BYTES = 100 << 20
_FEW_INODES = 1000
_SYNCS = 15
_SLOW_SECONDS = 0.02
_TOO_FAST_SECONDS = 20e-6
_BLOCK = 4096
_WRITES_A_RUN = 3
"""A small run that is alone: its audit record and key, its start, its end."""


def check_folder(patient: Patient) -> Iterator[Verdict]:
    """Find a data folder that cannot be used, or that others can look into."""
    path = patient.folder
    if not path.exists():
        yield fine(f"{path} is not there yet; the first `kapell up` makes it.")
        return
    if not path.is_dir():
        yield refuse(f"{path} is no folder.", "Name another with --data or KAPELL_DATA.")
        return
    if (path / RESTORE_MARK).exists():
        yield refuse(f"A restore into {path} did not finish.", "Begin it again with `kapell restore`.")
    status = path.stat()
    if status.st_uid != os.geteuid():
        yield warn(
            f"{path} belongs to user {status.st_uid}, and this is user {os.geteuid()}.",
            "Run the doctor and the server as the user to whom it belongs.",
        )
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield refuse(f"{path} cannot be written to.", "Check who owns it, its rights, and how its disk is mounted.")
    elif stat.S_IMODE(status.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(status.st_mode)
        advice = f"Run `kapell doctor --fix`, or `chmod 700 {path}`."
        yield Verdict("warning", f"Others can look into {path} (mode {mode:03o}).", advice, (str(path),))
    else:
        yield fine(f"{path} is its owner's alone.")


def check_file_modes(patient: Patient) -> Iterator[Verdict]:
    """Find databases and keys that others can read."""
    paths = [path for path in _list_private(patient) if path.is_file()]
    if not paths:
        raise NotExaminedError("there are no files yet")
    open_ones = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)]
    for path in open_ones:
        mode = stat.S_IMODE(path.stat().st_mode)
        advice = f"Run `kapell doctor --fix`, or `chmod 600 {path}`."
        text = f"Others than its owner have rights on {path} (mode {mode:03o})."
        yield Verdict("problem" if path.suffix == ".key" else "warning", text, advice, (str(path),))
    if not open_ones:
        yield fine(f"{len(paths)} databases and keys are their owner's alone.")


def fix_modes(fixes: tuple[str, ...]) -> None:
    """Narrow the rights of files and folders to their owner's. Raises `OSError`."""
    for path in map(Path, fixes):
        path.chmod(0o700 if path.is_dir() else 0o600)


def check_file_system(patient: Patient) -> Iterator[Verdict]:
    """Find a folder on a network, in memory, or in a container's own layer."""
    place = _find_existing(patient.folder)
    kind = _find_kind(place)
    if kind in _NETWORK and not patient.settings.database:
        yield refuse(
            f"{place} lies on a network ({kind}): locks may not hold there, and SQLite's log does not work.",
            "Put the data folder on a local disk, or the data into PostgreSQL (--database).",
        )
    elif kind in _IN_MEMORY:
        yield warn(f"{place} lies in memory ({kind}): a restart of the machine empties it.", "Put it on a disk.")
    elif kind == "overlay" and Path("/.dockerenv").exists():
        yield warn(f"{place} lies in the container: it goes with it.", "Mount a volume there.")
    else:
        yield fine(f"{place} lies on {kind or 'a file system of unknown kind'}.")


def check_space(patient: Patient) -> Iterator[Verdict]:
    """Find a disk that is nearly full."""
    place = _find_existing(patient.folder)
    free, inodes = shutil.disk_usage(place).free, os.statvfs(place)
    text = f"{free / (1 << 30):,.1f} GiB are free where {place} lies."
    if free < _TOO_LITTLE_BYTES:
        yield refuse(text, "Free some space: without it nothing more is accepted.")
    elif free < _LITTLE_BYTES:
        yield warn(text, "Free some space, or let runs go after a time (KAPELL_RETENTION_DAYS).")
    elif inodes.f_files and inodes.f_favail < _FEW_INODES:
        yield warn(f"Only {inodes.f_favail} more files can be made where {place} lies.", "Delete files there.")
    else:
        yield fine(text)


def check_syncs(patient: Patient) -> Iterator[Verdict]:
    """Measure how long the disk takes to keep something, which bounds how fast runs are."""
    if not patient.folder.is_dir():
        raise NotExaminedError("there is no data folder yet")
    seconds = _measure_sync(patient)
    text = (
        f"The disk keeps a write in {seconds * 1000:,.2f} ms. Who starts small runs one after the other gets some "
        f"{1 / seconds / _WRITES_A_RUN:,.0f} a second; runs at the same time share writes."
    )
    if patient.settings.database:
        yield fine(f"{text} It holds only keys and locks here: the database's own disk counts.")
    elif seconds > _SLOW_SECONDS:
        yield warn(text, "A local SSD takes below 2 ms; a network disk or a spinning one holds runs up.")
    elif seconds < _TOO_FAST_SECONDS:
        yield warn(text, "No disk is that fast: it may say so before anything is kept. Check its write cache.")
    else:
        yield fine(text)


def _measure_sync(patient: Patient) -> float:
    """Return the median time of a small write with its sync, in seconds."""
    clock, taken = patient.clock, []
    with tempfile.TemporaryFile(dir=patient.folder) as file:
        descriptor = file.fileno()
        for _ in range(_SYNCS):
            began = clock.monotonic()
            os.write(descriptor, bytes(_BLOCK))
            os.fdatasync(descriptor) if hasattr(os, "fdatasync") else os.fsync(descriptor)
            taken.append(clock.monotonic() - began)
    return max(statistics.median(taken), 1e-9)


def _list_private(patient: Patient) -> list[Path]:
    folder = patient.folder
    found = {*folder.glob("*.db"), *folder.glob("*.db-wal"), *folder.glob("*.db-shm"), *folder.glob("*.key")}
    if patient.settings.master_key_file is None or os.access(patient.settings.master_key_file, os.W_OK):
        found.add(patient.settings.master_key_path)
    return sorted(found)


def _find_existing(path: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    whole = path.absolute()
    return next(each for each in (whole, *whole.parents) if each.exists())


def _find_kind(path: Path) -> str:
    """Return the kind of file system that a path lies on, as Linux calls it; an empty text where nobody says."""
    if not _MOUNTS.exists():
        return ""
    best, kind = "", ""
    resolved = str(path.resolve())
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        is_above = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind
