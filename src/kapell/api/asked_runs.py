"""Which runs a caller asks for, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from kapell.engine.store import RunStatus

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class AskedRuns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which runs are meant; what is left out does not restrict. Times are from `..._after` to before `..._before`.

    Attributes:
        status: Any of these.
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: The workflow's version.
        parent: The run that started them as children.
        top: Whether only runs are meant that no other run started.
        started_after: When they were started.
        started_before: When they were started.
        ended_after: When they ended.
        ended_before: When they ended.
        updated_after: When they last changed their status.
        updated_before: When they last changed their status.
        text: Words, and "phrases" in quotes, of their input, name or error; the last word may be a beginning.
    """

    status: list[RunStatus] = []
    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    parent: str | None = None
    top: bool = False
    started_after: Moment | None = None
    started_before: Moment | None = None
    ended_after: Moment | None = None
    ended_before: Moment | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None
    text: str | None = None
