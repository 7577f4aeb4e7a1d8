"""What encryption at rest costs: the same runs with and without it, turn by turn."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from engine_bench.databases import make_settings
from engine_bench.rows import Bench, Row
from engine_bench.work import AT_ONCE, DOCUMENT, carry_out_many, make_five_tasks
from kapell.app import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.settings import Settings

_WARM_UP = 200


class _Pace(NamedTuple):
    """Runs a second, and seconds of processor time a run."""

    rate: float
    processor_seconds: float


def measure_sealing(bench: Bench) -> Iterator[Row]:
    """Measure runs of five tasks, 50 at once, with `encrypt_at_rest` and without."""
    with ExitStack() as stack:
        plain = stack.enter_context(make_settings(bench, durability="effect", on_postgres=False))
        sealed = stack.enter_context(make_settings(bench, durability="effect", on_postgres=False))
        with_it, without = asyncio.run(_alternate(bench, replace(sealed, encrypt_at_rest=True), plain))
    conditions = (
        f"{without.rate:.0f} runs/s without it, turn by turn: {with_it.rate / without.rate:.1%} of that; "
        f"processor time a run {with_it.processor_seconds * 1e6:.0f} us, without {without.processor_seconds * 1e6:.0f}"
    )
    yield Row(f"5 tasks, {AT_ONCE} at once, encrypted at rest", with_it.rate, "runs/s", conditions)


async def _alternate(bench: Bench, *all_settings: Settings) -> list[_Pace]:
    runs, repeats = bench.pick(2000, 100), bench.pick(7, 2)
    workflow = make_five_tasks()
    async with AsyncExitStack() as stack:
        engines = [await stack.enter_async_context(open_engine(settings)) for settings in all_settings]
        paces: list[list[_Pace]] = [[] for _ in engines]
        for engine in engines:
            await carry_out_many(engine, workflow, DOCUMENT, _WARM_UP)
        for _ in range(repeats):
            for engine, found in zip(engines, paces, strict=True):
                begin, begin_processor = time.perf_counter(), time.process_time()
                await carry_out_many(engine, workflow, DOCUMENT, runs)
                rate = runs / (time.perf_counter() - begin)
                found.append(_Pace(rate, (time.process_time() - begin_processor) / runs))
    return [_Pace(*map(statistics.median, zip(*found, strict=True))) for found in paces]
