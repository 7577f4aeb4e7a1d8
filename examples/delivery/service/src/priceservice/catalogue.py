"""The catalogue: which article costs how much."""

import csv
from decimal import Decimal
from functools import cache
from importlib.resources import files


@cache
def load_catalogue() -> dict[str, Decimal]:
    """Return the price of each article, by its number."""
    text = files(__package__).joinpath("catalogue.csv").read_text(encoding="utf-8")
    return {row["article"]: Decimal(row["price"]) for row in csv.DictReader(text.splitlines())}
