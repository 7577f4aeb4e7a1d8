"""Seeing that files are on disk, and not only said to be written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_file(path: Path) -> None:
    """See that what a file holds is on disk. Raises `OSError`."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """See that the names in a folder are on disk. Raises `OSError`."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
