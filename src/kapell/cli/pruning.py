"""`kapell runs prune`: runs that ended long ago are deleted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from kapell.app import own_store
from kapell.cli import exits
from kapell.cli.folder import read_store
from kapell.cli.output import print_json, say
from kapell.clock import SystemClock
from kapell.errors import UsageError
from kapell.language.duration import parse_duration

if TYPE_CHECKING:
    from kapell.settings import Settings

_LEASE_SECONDS = 30.0
_PRUNED_AT_ONCE = 200
_SHORT_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def prune_runs(settings: Settings, older_than: str, *, as_json: bool) -> int:
    """Delete runs that ended so long ago, and say how many.

    Raises:
        UsageError: The length cannot be read.
        ConflictError: Another process owns the folder; it prunes by itself where `retention_days` is set.
    """
    clock = SystemClock()
    before = clock.now() - read_length(older_than)
    with read_store(settings):
        pass
    count = 0
    with own_store(settings) as store:
        epoch = store.acquire("kapell runs prune", clock.now(), _LEASE_SECONDS)
        while pruned := store.prune(epoch, before, limit=_PRUNED_AT_ONCE):
            count += pruned
            store.renew(epoch, clock.now(), _LEASE_SECONDS)
    if as_json:
        print_json({"pruned": count})
    else:
        say(f"{count} {'run was' if count == 1 else 'runs were'} deleted.")
    return exits.COMPLETED


def read_length(text: str) -> timedelta:
    """Return a length of time such as `30d`, `12h` or `P1W`. Raises `UsageError`."""
    match = _SHORT_LENGTH.fullmatch(text.strip().lower())
    try:
        if match is not None:
            return timedelta(**{_UNITS[match[2]]: float(match[1])})
        return parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no length of time.", hint="Write 30d, 12h, 10m or ISO 8601 such as P1W."
        ) from error
