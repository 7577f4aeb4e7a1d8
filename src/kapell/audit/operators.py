"""Who acts on the machine itself, outside of any server."""

from __future__ import annotations

import getpass
import os

from kapell.audit.model import Actor


def find_operator() -> Actor:
    """Return who calls: the user of the operating system, by name, or by number where it has no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Actor("local", name, "cli")
