"""The exit codes of all commands, in one place; the README says the same to users."""

from typing import Final

COMPLETED: Final = 0
FAULTED: Final = 1
"""A run faulted; a file is not valid; what was asked for is not so."""
UNUSABLE: Final = 2
"""A file, an input, a setting or a command cannot be used as it is; nothing was done."""
CANCELLED: Final = 3
INTERRUPTED: Final = 130
"""Ended by a second Ctrl-C, or by the first one while no run was under way."""
TERMINATED: Final = 143
"""Ended by SIGTERM; what was under way is left to be resumed."""

OF_STATUS: Final = {"completed": COMPLETED, "faulted": FAULTED, "damaged": FAULTED, "cancelled": CANCELLED}
"""The exit code for how a run ended."""


def find_worst(statuses: list[str]) -> int:
    """Return one exit code for several runs: 0 if all completed, otherwise that of the worst; a fault is the worst."""
    codes = {OF_STATUS.get(status, UNUSABLE) for status in statuses}
    return next((code for code in (FAULTED, CANCELLED, UNUSABLE) if code in codes), COMPLETED)
