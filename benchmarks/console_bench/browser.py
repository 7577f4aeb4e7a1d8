"""A browser at the console, and what is measured of it."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

WINDOW = {"width": 1280, "height": 900}
_WATCH_FRAMES = (
    "() => { const frames = []; window.benchFrames = frames;"
    " const step = (now) => { frames.push(now); if (window.benchFrames === frames) requestAnimationFrame(step); };"
    " requestAnimationFrame(step); }"
)
_TAKE_FRAMES = "() => { const frames = window.benchFrames; window.benchFrames = null; return frames; }"
_SCRIPTS = (
    "performance.getEntriesByType('resource').filter((each) => each.name.endsWith('.js'))"
    ".map((each) => [each.name.split('/').at(-1), each.encodedBodySize])"
)
_COUNT_NEWS = """
window.benchNews = 0;
window.EventSource = class extends EventSource {
  constructor(...options) {
    super(...options);
    this.addEventListener("run", () => { window.benchNews += 1; });
  }
};
"""
_SCROLL = 12_000
_SPEED = 4_000


class Scrolling(NamedTuple):
    """How a page scrolls.

    Attributes:
        frames: Frames a second.
        slow: The milliseconds that 95 of 100 frames take at most.
        busy: How much of the time the page's thread was at work, in percent of a processor.
    """

    frames: float
    slow: float
    busy: float


class Opening(NamedTuple):
    """How a page opens.

    Attributes:
        taken: The milliseconds until it was open.
        work: The milliseconds of processor time that its thread has used until then: what is left of the time where
            nobody else computes, but for the server's.
    """

    taken: float
    work: float


class Console:
    """A browser at a server's console, signed in.

    Attributes:
        page: The page.
    """

    def __init__(self, browser: Browser, address: str, password: str, times: int) -> None:
        """Sign in; each thing is measured so many times."""
        self.page: Page = browser.new_page(viewport=WINDOW)  # type: ignore[arg-type]
        self.page.add_init_script(_COUNT_NEWS)
        self._times = times
        self._address = address
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable")
        self._session.send("HeapProfiler.enable")
        self.page.goto(address)
        self.page.get_by_role("textbox", name="Name").fill("admin")
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Home", level=1)).to_be_visible()

    def go(self, path: str) -> None:
        """Open a page as by its address."""
        self.page.goto(f"{self._address}{path}")

    def measure_opening(self, path: str, is_open: Callable[[], Any]) -> Opening:
        """Go to a page several times until it is open; return the medians."""
        found = []
        for _ in range(self._times):
            self.page.goto("about:blank")
            began = time.perf_counter()
            self.page.goto(f"{self._address}{path}", wait_until="commit")
            is_open()
            taken = (time.perf_counter() - began) * 1000
            found.append((taken, self._count_work()))  # each time it is another thread
        return Opening(*(statistics.median(each) for each in zip(*found, strict=True)))

    def measure_step(self, act: Callable[[], Any], is_done: Callable[[], Any]) -> float:
        """Return the milliseconds from something that somebody does until its effect is on the screen."""
        began = time.perf_counter()
        act()
        is_done()
        return (time.perf_counter() - began) * 1000

    def list_scripts(self, path: str) -> dict[str, float]:
        """Return the kilobytes of each compressed script that a page loads."""
        self.go(path)
        self.page.wait_for_timeout(2000)
        return {name: size / 1000 for name, size in self.page.evaluate(_SCRIPTS)}

    def measure_scrolling(self, path: str, area: str, ready: str) -> Scrolling:
        """Scroll with the wheel over an area of a page, several times; return the medians.

        Args:
            path: The page.
            area: What selects the area.
            ready: What selects something that is there when the page can be scrolled.
        """
        found = []
        for _ in range(self._times):
            self.go(path)
            self.page.locator(ready).first.wait_for()
            self.page.wait_for_timeout(1000)
            found.append(self._scroll(area))
        return Scrolling(*(statistics.median(each) for each in zip(*found, strict=True)))

    def _scroll(self, area: str) -> Scrolling:
        box = self.page.locator(area).first.bounding_box()
        assert box is not None
        # What is below the window cannot be pointed at.
        x, y = box["x"] + box["width"] / 2, min(box["y"] + min(box["height"] / 2, 200), WINDOW["height"] - 40)
        self.page.evaluate(_WATCH_FRAMES)
        before = self._count_work()
        self._session.send(
            "Input.synthesizeScrollGesture",
            {"x": x, "y": y, "yDistance": -_SCROLL, "speed": _SPEED, "gestureSourceType": "mouse"},
        )
        worked = self._count_work() - before
        frames = self.page.evaluate(_TAKE_FRAMES)
        spans = sorted(later - earlier for earlier, later in pairwise(frames))
        rate = len(spans) / (frames[-1] - frames[0]) * 1000
        return Scrolling(rate, spans[int(len(spans) * 0.95)], worked / (frames[-1] - frames[0]) * 100)

    def _count_work(self) -> float:
        """Return the milliseconds of processor time that the page's thread has used."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "ThreadTime")) * 1000

    def measure_heap(self) -> float:
        """Return the megabytes that the page's scripts hold, after what is not needed was collected."""
        for _ in range(2):
            self._session.send("HeapProfiler.collectGarbage")
        return float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6

    def count_news(self) -> int:
        """Return how many changes the page was told of since it was opened."""
        return int(self.page.evaluate("window.benchNews"))
