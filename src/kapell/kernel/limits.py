"""The limits within which a run is carried out."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a run.

    Attributes:
        max_tasks: How many tasks a run may enter before it faults (`max_tasks_per_run`).
        max_value_bytes: The largest value that a task may give, take or keep, in bytes of JSON.
        max_depth: How deep child runs that are waited for may be nested.
        max_events: After how many events a decision stops and asks to be continued.
        max_heavy_bytes: After how many bytes of large values it stops as well.
        stop_at_result: Whether a decision also stops after a task's result, so that it is durable before a task starts
            that follows it. Effects never start before their cause is durable, with or without this.
    """

    max_tasks: int = 100_000
    max_value_bytes: int = 32 * 1024 * 1024
    max_depth: int = 100
    max_events: int = 64
    max_heavy_bytes: int = 1024 * 1024
    stop_at_result: bool = False
