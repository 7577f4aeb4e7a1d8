"""What an installation decides about the processes that workflows run."""

from __future__ import annotations

import sys

import msgspec

DEFAULT_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR")


class ProcessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of `run: shell` and `run: script`.

    Attributes:
        grace_seconds: How long processes have to end after SIGTERM, before SIGKILL.
        max_output_bytes: The most that is kept of a stream that the task returns; more ends the process with an error.
        max_log_bytes: The most that goes into the run's log from one process; the rest is left out with a note.
        inherited_environment: Which variables a process gets from the engine's own environment; `*` matches anything.
        directory: Where processes start; empty for the engine's current directory.
        shell: The shell of `run: shell`; it is called with `-c`.
        python: The interpreter of Python scripts.
        node: The interpreter of JavaScript, looked for on the `PATH` where it is a plain name.
    """

    grace_seconds: float = 2.0
    max_output_bytes: int = 32 * 1024 * 1024
    max_log_bytes: int = 8 * 1024 * 1024
    inherited_environment: tuple[str, ...] = DEFAULT_INHERITED
    directory: str = ""
    shell: str = "/bin/sh"
    python: str = sys.executable
    node: str = "node"
