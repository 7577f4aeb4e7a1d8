"""What a measurement gives, and the figures that it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Row(NamedTuple):
    """One measured value.

    Attributes:
        name: What was done; the same in every call.
        value: A median, in `unit`.
        unit: The unit.
        conditions: Under which conditions, and what was found on disk afterwards.
        figure: The line of `FIGURES` that it is held against, if there is one.
    """

    name: str
    value: float
    unit: str
    conditions: str
    figure: str = ""


class Figure(NamedTuple):
    """What others reached with the same work, and what Kapell is to reach.

    The others' values were measured once, on 2 cores with an fsync of 0.2 ms; `--peers` measures two of them anew.
    """

    others: Mapping[str, float]
    at_least: float
    goal: float
    higher_is_better: bool = False

    def compare(self, value: float, other: float) -> float:
        """Return how many times better `value` is than `other`."""
        return value / other if self.higher_is_better else other / value


FIGURES: dict[str, Figure] = {
    "five tasks": Figure({"Restate": 348, "DBOS": 58, "Prefect": 6, "Airflow": 0.7}, 1500, 4000, True),
    "alone": Figure({"Restate": 9.5, "DBOS": 16, "Prefect": 257}, 5, 2.5),
    "fork": Figure({"Restate": 1.08, "DBOS": 3.3, "Prefect": 52}, 0.25, 0.1),
    "waits": Figure({"Restate": 1.7, "DBOS": 8.2}, 1.3, 1.1),
    "memory": Figure({"Restate": 585, "Airflow": 2000}, 120, 80),
    "http": Figure({"httpx alone": 567, "aiohttp alone": 5030}, 2500, 4000, True),
    "help": Figure({}, 300, 300),
    "run": Figure({}, 600, 600),
}


class Bench(NamedTuple):
    """One call of the benchmark.

    Attributes:
        folder: Where the data folders are made.
        quick: Whether to be quick rather than exact.
        database: The URL of a PostgreSQL server's database, beside which others are made; empty for SQLite alone.
    """

    folder: Path
    quick: bool
    database: str = ""

    def pick(self, full: int, quick: int) -> int:
        """Return the size for this call."""
        return quick if self.quick else full
