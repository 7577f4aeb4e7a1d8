"""Measuring values that came from elsewhere, without holding the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kapell.engine.expression_helper.pieces import is_small
from kapell.kernel.sizes import Known, find_excess

if TYPE_CHECKING:
    from kapell.kernel.sizes import Excess


async def measure(value: Any, limit: int, known: Known) -> Excess:
    """Tell whether a value exceeds the limits, and remember its size; a large value is looked at in a thread.

    Args:
        value: A JSON value that nobody changes meanwhile.
        limit: In bytes of JSON.
        known: What was measured before of the run that gets the value.
    """
    if is_small(value):
        return find_excess(value, limit, known)
    measured = Known()
    excess = await asyncio.to_thread(find_excess, value, limit, measured)
    known.absorb(measured)
    return excess
