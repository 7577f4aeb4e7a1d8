"""What an expression costs: as closures, in the helper process, and with libjq in this process.

    python benchmarks/expressions.py [--json]

Values are the best of seven series, as other work on the machine only adds to them: microseconds an evaluation, unless
the row says otherwise. The document has about 0.9 KB. libjq in this process is not how Kapell works, for it has no
limits there; it shows what the closures save, and what it costs to keep libjq at a distance.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import jq
import msgspec

from kapell.engine.expression_helper import ExpressionHelper
from kapell.language.expressions import Expression, compile_expression, make_helper_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SERIES = 7
DOCUMENT = {
    "order": {"id": "A-1001", "customer": {"name": "Ada", "city": "Paris"}, "paid": True},
    "items": [{"sku": f"sku-{number}", "price": 10 + number, "count": number % 3 + 1} for number in range(14)],
    "note": "please ring twice " * 6,
}
VARIABLES = {"context": {"total": 5, "user": {"name": "bo"}}}

EXPRESSIONS = {
    "path": ".order.customer.name",
    "path of a variable": "$context.user.name",
    "object construction": "{id: .order.id, who: $context.user.name, first: .items[0].sku}",
    "arithmetic": "$context.total * 2 + 1",
    "condition": 'if .order.paid and .order.customer.city == "Paris" then "ship" else "wait" end',
    "text": '"order \\(.order.id) of \\(.order.customer.name)"',
    "loop over 14 items": "[.items[] | select(.count > 1) | .price * .count] | add",
    "grouping of 14 items": ".items | group_by(.count) | map({count: .[0].count, n: length})",
}

Row = dict[str, Any]


def make_row(name: str, seconds: list[float], conditions: str, unit: str = "us") -> Row:
    """Make one row of the table from the seconds that each evaluation took, a series each."""
    factor = {"us": 1e6, "ms": 1e3}[unit]
    return {
        "name": name,
        "value": round(min(seconds) * factor, 2),
        "unit": unit,
        "conditions": conditions,
    }


def measure(work: Callable[[], object], count: int) -> list[float]:
    """Return the seconds that `work` takes, one value a series of `count`."""
    series = []
    for _ in range(SERIES):
        began = time.perf_counter()
        for _ in range(count):
            work()
        series.append((time.perf_counter() - began) / count)
    return series


async def measure_async(work: Callable[[], Awaitable[object]], count: int) -> list[float]:
    """Return the seconds that awaiting `work` takes, one value a series of `count`."""
    series = []
    for _ in range(SERIES):
        began = time.perf_counter()
        for _ in range(count):
            await work()
        series.append((time.perf_counter() - began) / count)
    return series


def measure_libjq(expression: Expression) -> list[float]:
    """Return the seconds that libjq takes in this process, with the program compiled before."""
    program = jq.compile(f".v.context as $context | .d | first({expression.source})")
    whole = {"v": VARIABLES, "d": DOCUMENT}
    return measure(lambda: program.input_text(msgspec.json.encode(whole).decode()).first(), 200)


async def measure_kinds(helper: ExpressionHelper) -> list[Row]:
    """Measure each kind of expression in the three ways."""
    rows = []
    for name, source in EXPRESSIONS.items():
        expression = compile_expression(source)
        task = make_helper_task(expression, DOCUMENT, VARIABLES)
        closures = measure(lambda each=expression: each.evaluate(DOCUMENT, VARIABLES), 5_000)
        rows += [
            make_row(name, closures, "closures"),
            make_row(name, await measure_async(lambda each=task: helper.evaluate([each]), 200), "helper process, warm"),
            make_row(name, measure_libjq(expression), "libjq in this process"),
        ]
    return rows


async def measure_rest(helper: ExpressionHelper) -> list[Row]:
    """Measure compiling, throughput of the helper, and its start."""
    number = 0

    def compile_anew() -> None:
        nonlocal number
        number += 1
        Expression(f"{{id: .order.id, who: $context.user.name, number: {number}}}")

    async def start() -> None:
        async with ExpressionHelper(processes=1) as fresh:
            await fresh.evaluate([make_helper_task(compile_expression("now"), None, {})])

    matching = make_helper_task(compile_expression('.note | test("twice")'), DOCUMENT, {})
    fifty = await measure_async(lambda: helper.evaluate([matching] * 50), 5)
    starting = await measure_async(start, 1)
    return [
        make_row("compile an object construction", measure(compile_anew, 50), "closures"),
        make_row("regular expression, 50 at once", [each / 50 for each in fifty], "helper, two processes"),
        make_row("start and first evaluation", starting, "helper process, cold", "ms"),
    ]


async def measure_all() -> list[Row]:
    """Return all rows."""
    async with ExpressionHelper() as helper:
        return [*await measure_kinds(helper), *await measure_rest(helper)]


def print_table(rows: list[Row]) -> None:
    """Print the rows for people, with how many times longer each takes than the closures of the same name."""
    base = {row["name"]: row["value"] for row in rows if row["conditions"] == "closures"}
    for row in rows:
        ratio = f"{row['value'] / base[row['name']]:8.0f}x" if base.get(row["name"]) else ""
        line = f"{row['name']:32} {row['conditions']:24} {row['value']:10.2f} {row['unit']} {ratio}"
        sys.stdout.write(line.rstrip() + "\n")


def main() -> None:
    """Measure, and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object a row")
    arguments = parser.parse_args()
    rows = asyncio.run(measure_all())
    if arguments.json:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
