"""Listening: which events a task waits for, and whether one that has come is one of them.

An event is worth looking at when it agrees with one of the task's keys: with the literal values that a filter names.
What only an expression can tell is asked afterwards, of the events that remain.
"""

from __future__ import annotations

import msgspec


class ListenKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """Values that an event must have in certain places.

    Attributes:
        shape: The places, as text; few different ones are in use at any time.
        digest: A hash of the namespace, the shape and the values, 16 bytes.
    """

    shape: str
    digest: bytes
