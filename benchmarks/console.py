"""What the console weighs and how fast it is, in a real browser at a real server, as a table.

    python benchmarks/console.py [--json]

Sizes are those of the compressed scripts that a page loads, as the browser counts them. A page is open when what it is
for is on the screen; a change is on the screen when its text is. Medians of five.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine_bench.machine import describe_machine
from playwright.sync_api import Page, expect, sync_playwright

from kapell.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHROMIUM = "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
TIMES = 5
ITERATIONS = 5000
HEAD = "document: {{dsl: '1.0.3', namespace: bench, name: {name}, version: '1.0.0'}}\ndo:\n"
LONG = (
    HEAD.format(name="long")
    + "  - each:\n      for: {each: n, in: '${ [range($workflow.input.count)] }'}\n      do:\n"
    + "        - square: {set: {n: '${ $n * $n }'}}\n"
)
SHORT = HEAD.format(name="short") + "  - wait: {wait: {milliseconds: 300}}\n  - done: {set: {done: true}}\n"
ONE = HEAD.format(name="one") + "  - done: {set: {done: true}}\n"
MANY_RUNS = 1000
WINDOW = {"width": 1280, "height": 900}


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a server; give its address and the administrator's password."""
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own command
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if "serves on" in line:
                break
        address, password = re.search(r"serves on (\S+)", told), re.search(r"^  (\S+)$", told, re.MULTILINE)
        assert address is not None, told
        assert password is not None, told
        try:
            yield address[1], password[1]
        finally:
            process.terminate()


class Console:
    """A browser at a server's console.

    Attributes:
        page: The page.
        client: A client of the same server.
    """

    def __init__(self, page: Page, address: str, password: str, client: Client) -> None:
        """Sign in."""
        self.page = page
        self.client = client
        self._address = address
        page.goto(address)
        page.get_by_role("textbox", name="Name").fill("admin")
        page.get_by_role("textbox", name="Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()

    def measure_opening(self, path: str, is_open: Callable[[], None]) -> float:
        """Return the milliseconds from going to a page until it is open: the median."""
        found = []
        for _ in range(TIMES):
            self.page.goto("about:blank")
            began = time.perf_counter()
            self.page.goto(f"{self._address}{path}", wait_until="commit")
            is_open()
            found.append((time.perf_counter() - began) * 1000)
        return statistics.median(found)

    def measure_scripts(self, path: str) -> float:
        """Return the kilobytes of compressed script that a page loads, nothing of it being cached."""
        self.page.goto(f"{self._address}{path}")
        self.page.wait_for_timeout(1500)
        sizes = self.page.evaluate(
            "performance.getEntriesByType('resource').filter((each) => each.name.endsWith('.js'))"
            ".map((each) => each.encodedBodySize)"
        )
        return sum(sizes) / 1000

    def measure_change(self) -> float:
        """Return the milliseconds until a run that was started elsewhere stands on the list: the median."""
        self.page.goto(f"{self._address}/runs?name=one&namespace=bench")
        self.page.wait_for_timeout(1500)
        found = []
        for _ in range(TIMES):
            run = self.client.runs.start("bench", "one")
            began = time.perf_counter()
            self.page.get_by_text(run.run_id).wait_for()
            found.append((time.perf_counter() - began) * 1000)
            self.page.wait_for_timeout(1500)  # lists are read once a second at most
        return statistics.median(found)

    def measure_own_change(self) -> float:
        """Return the milliseconds from a run's end until its own page says so: the median."""
        found = []
        for _ in range(TIMES):
            run = self.client.runs.start("bench", "short")
            self.page.goto(f"{self._address}/runs/{run.run_id}")
            self.client.runs.get(run.run_id, wait_seconds=10)
            began = time.perf_counter()
            self.page.locator("[data-status=completed]").first.wait_for()
            found.append((time.perf_counter() - began) * 1000)
        return statistics.median(found)

    def measure_frames(self, path: str) -> float:
        """Return the frames a second while a page is scrolled for two seconds."""
        self.page.goto(f"{self._address}{path}")
        self.page.wait_for_timeout(2000)
        return float(
            self.page.evaluate(
                "() => new Promise((resolve) => { let frames = 0; const began = performance.now();"
                " const step = (now) => { frames += 1; window.scrollBy(0, 60);"
                " document.querySelectorAll('main section[tabindex]').forEach((each) => { each.scrollTop += 60; });"
                " if (now - began < 2000) requestAnimationFrame(step);"
                " else resolve(frames / ((now - began) / 1000)); }; requestAnimationFrame(step); })"
            )
        )


def measure(console: Console) -> dict[str, tuple[float, str]]:
    """Return what was measured: a name, the figure, its unit."""
    client, page = console.client, console.page
    for name, source in {"long": LONG, "short": SHORT, "one": ONE}.items():
        client.workflows.publish("bench", name, source=source)
    long = client.runs.start("bench", "long", input={"count": ITERATIONS})
    while client.runs.get(long.run_id, data=False, wait_seconds=30).run.status != "completed":
        pass
    for _ in range(MANY_RUNS):
        client.runs.start("bench", "one")
    run_page = f"/runs/{long.run_id}"
    shows_tasks = page.get_by_text("square").first.wait_for
    return {
        "home: script": (console.measure_scripts("/"), "kB"),
        "runs: script": (console.measure_scripts("/runs"), "kB"),
        "a run: script": (console.measure_scripts(run_page), "kB"),
        "editor: script": (console.measure_scripts("/workflows/bench/one?tab=edit"), "kB"),
        "home opens": (console.measure_opening("/", page.get_by_text("The last 24 hours").wait_for), "ms"),
        "runs open": (
            console.measure_opening("/runs", page.locator("[role=rowgroup] [data-status]").first.wait_for),
            "ms",
        ),
        f"a run of {ITERATIONS} tasks opens": (console.measure_opening(run_page, shows_tasks), "ms"),
        "its list of tasks, scrolled": (console.measure_frames(run_page), "frames/s"),
        "its history, scrolled": (console.measure_frames(f"{run_page}?view=history"), "frames/s"),
        "runs, scrolled": (console.measure_frames("/runs"), "frames/s"),
        "a new run is on the list": (console.measure_change(), "ms"),
        "a run's end is on its page": (console.measure_own_change(), "ms"),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as (address, password),
        Client(address, token="") as client,
        sync_playwright() as playwright,
    ):
        client.me.sign_in("admin", password)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        console = Console(browser.new_page(viewport=WINDOW), address, password, client)
        found: dict[str, Any] = dict(measure(console))
        browser.close()
    if asked.json:
        print(json.dumps({name: {"value": value, "unit": unit} for name, (value, unit) in found.items()}))
        return
    print(describe_machine())
    for name, (value, unit) in found.items():
        print(f"{name:<36}{value:>9.0f} {unit}")


if __name__ == "__main__":
    main()
