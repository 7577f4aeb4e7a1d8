"""What the console weighs and how fast it is, in a real browser at a real server, as a table.

    python benchmarks/console.py [--quick] [--json] [--only TEXT] [--keep DIR]

Sizes are those of the compressed scripts that a page loads, as the browser counts them. A page is open when what it is
for is on the screen. Scrolling is done with the wheel. A change is late by what lies between its time in the history
and the first frame that shows it, while a hundred changes a second come. Medians of several tries.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from console_bench.browser import Console
from console_bench.moving import Delays, moving, watch_lists, watch_run
from console_bench.seeding import make_long_run, publish, serving, store_runs
from engine_bench.machine import describe_machine
from playwright.sync_api import sync_playwright

from kapell.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHROMIUM = "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
KEPT = "benchmark.json"
TASKS, MANY_TASKS = 2000, 9000
MOVING = 12
ROWS = "[role=rowgroup]"
A_RUN = "[role=row][data-run]"


class Row(NamedTuple):
    """What was measured.

    Attributes:
        name: Of what.
        value: A median, or what is said.
        unit: Its unit.
        limit: What it may be at most; where it is negative, at least.
        note: What else was found.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.value >= -self.limit if self.limit < 0 else self.value <= self.limit


class Measuring:
    """All that is measured of a console, part by part."""

    def __init__(self, console: Console, client: Client, kept: dict[str, str], options: argparse.Namespace) -> None:
        """Measure a console whose server has the runs that `kept` names."""
        self._console = console
        self._client = client
        self._run, self._many = f"/runs/{kept['run']}", f"/runs/{kept['many']}"
        self._stored = f"{options.runs:,} runs"
        self._seconds = 5.0 if options.quick else 20.0
        self._news = 2000 if options.quick else 10_000
        self.parts: dict[str, Callable[[], Iterator[Row]]] = {
            "size": self._weigh,
            "open": self._open,
            "scroll": self._scroll,
            "filter": self._filter,
            "late": self._watch,
            "heap": self._hold,
        }

    def _weigh(self) -> Iterator[Row]:
        pages = {"home": "/", "runs": "/runs", "a run": self._run, "editor": "/workflows/bench/one?tab=edit"}
        for name, path in pages.items():
            scripts = self._console.list_scripts(path)
            largest = sorted(scripts, key=scripts.__getitem__, reverse=True)[:4]
            note = ", ".join(f"{each} {scripts[each]:.0f}" for each in largest)
            limit = 250 if name == "home" else None
            yield Row(f"script of {name}", sum(scripts.values()), "kB", limit, f"{len(scripts)} files: {note}")

    def _open(self) -> Iterator[Row]:
        page = self._console.page
        shows_run = page.locator(A_RUN).first.wait_for
        tasks = page.locator("section[aria-label=Tasks] li").first.wait_for
        pages = {
            "home": ("/", page.get_by_text("The last 24 hours").wait_for),
            f"the list of {self._stored}": ("/runs", shows_run),
            f"a run of {TASKS:,} tasks": (self._run, tasks),
            f"a run of {MANY_TASKS:,} tasks and 20,000 events": (self._many, tasks),
        }
        for view, (_, ready) in VIEWS.items():
            pages[f"its {view}"] = (f"{self._many}?view={view}", page.locator(ready).first.wait_for)
        for name, (path, is_open) in pages.items():
            found = self._console.measure_opening(path, is_open)
            yield Row(f"{name}: opens", found.taken, "ms", 1500, f"{found.work:.0f} ms of work in the page")

    def _scroll(self) -> Iterator[Row]:
        areas = {f"the list of {self._stored}": ("/runs", ROWS, A_RUN)}
        areas["tasks"] = (self._run, "section[aria-label=Tasks]", "section[aria-label=Tasks] li")
        areas |= {view: (f"{self._many}?view={view}", *found) for view, found in VIEWS.items()}
        for name, (path, area, ready) in areas.items():
            found = self._console.measure_scrolling(path, area, ready)
            note = f"95 of 100 within {found.slow:.0f} ms; the page's thread is busy {found.busy:.0f} % of the time"
            yield Row(f"{name}, scrolled", found.frames, "frames/s", -50, note)

    def _filter(self) -> Iterator[Row]:
        page, console = self._console.page, self._console
        console.go("/runs")
        page.locator(A_RUN).first.wait_for()
        page.wait_for_timeout(1000)
        changed = page.locator(f"{A_RUN}:not(:has([data-status=faulted]))")
        act = page.locator("label", has_text=re.compile("^faulted$")).first.click
        value = console.measure_step(act, lambda: changed.first.wait_for(state="detached"))
        yield Row(f"a filter of the list of {self._stored}", value, "ms", 1000)

    def _watch(self) -> Iterator[Row]:
        console, client, page = self._console, self._client, self._console.page
        with moving(client, MOVING):
            for name, path in {"home": "/", "the list of runs": "/runs"}.items():
                console.go(path)
                page.wait_for_timeout(2000)
                yield make_delay(f"a run's steps on {name}", watch_lists(page, client, self._seconds))
        for view in ("tasks", "history"):
            with moving(client, MOVING) as runs:
                console.go(f"/runs/{runs[0]}?view={view}")
                page.wait_for_timeout(2000)
                if view == "history":
                    page.get_by_role("switch", name="Follow").click()
                found = watch_run(page, client, runs[0], self._seconds)[view == "history"]
                yield make_delay(f"steps on the run's page: {view}", found)

    def _hold(self) -> Iterator[Row]:
        console, page = self._console, self._console.page
        with moving(self._client, MOVING * 3) as runs:
            pages = {"home": "/", "the list of runs": "/runs", "a run's page": f"/runs/{runs[0]}?view=history"}
            for name, path in pages.items():
                console.go(path)
                while console.count_news() < self._news / 4:
                    page.wait_for_timeout(200)
                before, news = console.measure_heap(), console.count_news()
                while console.count_news() < news + self._news:
                    page.wait_for_timeout(200)
                grown = (console.measure_heap() - before) / (console.count_news() - news) * 10_000
                yield Row(f"memory for 10,000 changes on {name}", grown, "MB", 2, f"{before:.1f} MB before")


VIEWS = {
    "history": ("section[aria-label=History]", "section[aria-label=History] button"),
    "timeline": ("[role=tree]", "[role=treeitem]"),
    "graph": ("main svg", "main svg"),
}
"""What is scrolled in each view of a run, and what is there when it is open."""


def make_delay(name: str, found: Delays) -> Row:
    """Return the row of how late changes are: what 95 of 100 keep."""
    note = f"median {found.median:.0f} ms, of {found.seen}; {found.rate:.0f} changes/s"
    return Row(f"{name}, 95 of 100 within", found.p95, "ms", 200, note)


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """Store what is not there yet."""
    if not (folder / KEPT).exists():
        store_runs(folder, options.runs)


def read_kept(client: Client, folder: Path, password: str) -> dict[str, str]:
    """Return the long runs' ids and the password, as they were kept or are made now."""
    if (folder / KEPT).exists():
        kept: dict[str, str] = json.loads((folder / KEPT).read_text())
        client.me.sign_in("admin", kept["password"])
        return kept
    client.me.sign_in("admin", password)
    publish(client)
    run, many = make_long_run(client, TASKS), make_long_run(client, MANY_TASKS)
    kept = {"password": password, "run": run, "many": many}
    (folder / KEPT).write_text(json.dumps(kept))
    return kept


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Yield what is measured, as it is."""
    prepare(options, folder)
    with (
        serving(folder) as (address, password),
        Client(address, token="") as client,
        sync_playwright() as playwright,
    ):
        kept = read_kept(client, folder, password)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        console = Console(browser, address, kept["password"], 2 if options.quick else 5)
        for name, part in Measuring(console, client, kept, options).parts.items():
            if options.only is None or name in options.only.split(","):
                yield from part()
        browser.close()


def main() -> int:
    """Measure, and print; the code is 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="how many runs are stored")
    parser.add_argument("--quick", action="store_true", help="few tries: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--only", metavar="PARTS", help="some of: size,open,scroll,filter,late,heap")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs there, or look at those that are there")
    options = parser.parse_args()
    print(describe_machine(), file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory(prefix="kapell-bench-") as made:
        for row in measure(options, options.keep or Path(made)):
            rows.append(row)
            text = f"{row.name:<56} {row.value:>9,.1f} {row.unit:<9}{'' if row.is_good else 'NOT KEPT '} {row.note}"
            print(json.dumps(row._asdict()) if options.json else text, flush=True)
    print(describe_machine(), file=sys.stderr)
    return 0 if all(row.is_good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
