"""Write docs/static/console/*.png: the console's main pages, as a demonstration fills them.

    python tools/make_screenshots.py [--dark]

It starts a server of its own with `--demo`, waits until there is something to see, and looks at it in Chromium. The
pictures are for the documentation; look at them before they are committed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from kapell.client import Client

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "static" / "console"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WINDOW: ViewportSize = {"width": 1280, "height": 800}
_LIVING_SECONDS = 60
_SETTLING_MILLIS = 1500
_LOADING_MILLIS = 30_000


def list_pages(faulted: str, completed: str) -> dict[str, str]:
    """Return what each picture shows: its name, and the page's address."""
    return {
        "home": "/",
        "runs": "/runs",
        "runs-by-tasks": "/runs?namespace=demo&name=order&view=grid",
        "run-faulted": f"/runs/{faulted}",
        "run-graph": f"/runs/{completed}?view=graph",
        "run-timeline": f"/runs/{completed}?view=timeline",
        "compare": f"/compare?a={completed}&b={faulted}",
        "workflow-editor": "/workflows/demo/deploy?tab=edit",
        "reports": "/reports",
        "audit": "/administration/audit",
    }


def start_server(folder: Path) -> tuple[subprocess.Popen[str], str, str]:
    """Start a demonstration; return its process, its address and the administrator's password."""
    command = [sys.executable, "-m", "kapell", "up", "--demo", "--port", "0", "--data", str(folder / "data")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 -- our own command
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        if "serves on" in line:
            break
    else:
        raise SystemExit(f"The server did not start:\n{told}")
    address = re.search(r"serves on (\S+)", told)
    password = re.search(r"^  (\S+)$", told, re.MULTILINE)
    assert address is not None
    assert password is not None
    return process, address[1], password[1]


def find_runs(address: str, password: str) -> tuple[str, str]:
    """Return a run of `deploy` that faulted and one that completed, as soon as there are both."""
    with Client(address, token="") as client:
        client.me.sign_in("admin", password)
        deadline = time.monotonic() + _LIVING_SECONDS
        while time.monotonic() < deadline:
            by_status = {run.status: run.run_id for run in client.runs.list(namespace="demo", name="deploy")}
            if {"faulted", "completed"} <= by_status.keys():
                return by_status["faulted"], by_status["completed"]
            time.sleep(1)
    raise SystemExit("The demonstration has no run of `deploy` of each kind.")


def sign_in(page: Page, address: str, password: str) -> None:
    """Sign in as the administrator."""
    page.goto(address)
    page.get_by_role("textbox", name="Name").fill("admin")
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()


def main() -> None:
    """Make all pictures."""
    scheme: Literal["dark", "light"] = "dark" if "--dark" in sys.argv else "light"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        process, address, password = start_server(Path(folder))
        try:
            pages = list_pages(*find_runs(address, password))
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
            page = browser.new_page(viewport=WINDOW, color_scheme=scheme, reduced_motion="reduce")
            sign_in(page, address, password)
            for name, path in pages.items():
                page.goto(f"{address}{path}")
                expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=_LOADING_MILLIS)
                page.wait_for_timeout(_SETTLING_MILLIS)
                expect(page.locator(".mantine-Loader-root")).to_have_count(0, timeout=_LOADING_MILLIS)
                page.screenshot(path=FOLDER / f"{name}{'-dark' if scheme == 'dark' else ''}.png")
                print(f"wrote {name}")
            browser.close()
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
