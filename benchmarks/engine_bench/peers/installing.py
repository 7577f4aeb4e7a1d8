"""Installing what is compared, by the ordinary clients of the packages' own worlds, and only into a cache folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS = 600


class PeerUnavailableError(Exception):
    """What is to be compared with cannot be had here."""


def install_python_packages(folder: Path, packages: list[str]) -> Path:
    """Make a virtual environment with these packages, unless it is there; return its Python.

    Raises:
        PeerUnavailableError: It cannot be made; the text says why.
    """
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], packages)
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], packages)
        stamp.touch()
    return python


def install_node_packages(folder: Path, packages: list[str]) -> Path:
    """Install these packages into the folder, unless they are there; return the folder.

    Raises:
        PeerUnavailableError: They cannot be installed; the text says why.
    """
    stamp = folder / "installed"
    if not stamp.exists():
        if shutil.which("npm") is None:
            raise PeerUnavailableError(f"{', '.join(packages)} cannot be installed: there is no npm on the PATH.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages], packages)
        stamp.touch()
    return folder


def _run(command: list[str], packages: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 -- pip and npm, with the names that the callers write
            command, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerUnavailableError(f"{', '.join(packages)} cannot be installed: {error}") from error
    if done.returncode:
        told = (done.stderr or done.stdout).strip()[-1000:]
        raise PeerUnavailableError(f"{', '.join(packages)} cannot be installed: {command[0]} said: {told}")
