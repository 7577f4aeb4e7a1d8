"""Why something waits, was skipped, was refused or went this way: the answer that every decision carries."""

from __future__ import annotations

from typing import Any

import msgspec


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """An explanation that is kept with the run.

    Attributes:
        code: A stable name, for programs (`waiting_for_slot`, `condition_false`, ...).
        text: One sentence for people.
        facts: The values that the decision rested on.
    """

    code: str
    text: str
    facts: dict[str, Any] = {}
