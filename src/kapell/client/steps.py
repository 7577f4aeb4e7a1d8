"""The steps of a procedure: calls, and what else a sender does for it."""

from __future__ import annotations

from typing import Any, TypeAlias

from kapell.client.calls import Call


class Pause(float):
    """A step that only waits, in seconds."""

    __slots__ = ()


class Now:
    """A step that asks for the present moment: seconds that never go backwards."""


NOW = Now()

Step: TypeAlias = Call[Any] | Pause | Now
