"""Make everything that the delivery needs, let Kapell deliver, and show what became of each push.

    python run_demo.py [--workspace FOLDER] [--keep] [--kill-after SECONDS]

The workflows are run by the `kapell` command, just as a user would. Started beside it, because they stand for other
systems: the target server (host.py) and the receiver of notifications (mailbox.py).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import urlopen

from make_repository import PUSHES, Push, make_repository
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
KAPELL = str(Path(sys.executable).with_name("kapell"))
RULE = {"statistic": "median", "factor": 1.5, "requests": 300}
READY_SECONDS = 20
POLL_SECONDS = 0.02
COLOURS = {"promoted": "green", "rolled back": "yellow", "stopped": "red"}


def never() -> bool:
    """Say no."""
    return False


class Delivery(NamedTuple):
    """What came of delivering a repository.

    Attributes:
        exit_code: What `kapell run` ended with.
        results: The output of the workflow: an object for each push.
        messages: What the receiver of notifications got.
        slots: What runs on the target server at the end.
        seconds: How long it took.
        kills: How often `kapell` was ended by a signal and resumed.
    """

    exit_code: int
    results: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    slots: list[dict[str, Any]]
    seconds: float
    kills: int


@contextlib.contextmanager
def start_server(script: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run one of the servers beside Kapell, and stop it at the end.

    Yields:
        Its addresses.
    """
    ready = folder / f"{Path(script).stem}.json"
    process = subprocess.Popen([sys.executable, HERE / script, folder])
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{script} did not come up")
            time.sleep(POLL_SECONDS)
        yield json.loads(ready.read_text())
    finally:
        process.terminate()
        process.wait()


def deliver(
    workspace: Path,
    pushes: tuple[Push, ...] = PUSHES,
    rule: dict[str, Any] = RULE,
    kill_when: Callable[[], bool] = never,
) -> Delivery:
    """Make a repository with these pushes in the workspace, and deliver them by the workflows.

    Progress is shown on stderr, as `kapell run` shows it. Should `kapell` be killed, by a person or by this function
    once `kill_when` says so, it is told to resume.
    """
    repository = make_repository(workspace / "git", pushes)
    with start_server("host.py", workspace) as host, start_server("mailbox.py", workspace) as mailbox:
        request = {
            "repository": str(repository),
            "workspace": str(workspace),
            "python": sys.executable,
            "host": host["url"],
            "mailbox": mailbox["url"],
            "rule": rule,
        }
        (workspace / "input.json").write_text(json.dumps(request, indent=2))
        begun = time.monotonic()
        run = ("run", str(HERE / "deliver.yaml"), "--input-file", str(workspace / "input.json"))
        exit_code, output = call_kapell(workspace, *run, kill_when=kill_when)
        kills = 0
        while exit_code < 0:
            kills += 1
            print(f"kapell was ended by signal {-exit_code}; resuming what it had begun", file=sys.stderr)
            exit_code, output = call_kapell(workspace, "resume")
        return Delivery(
            exit_code,
            json.loads(output) if exit_code == 0 else [],
            get_json(mailbox["url"] + "/messages"),
            get_json(host["url"] + "/slots"),
            time.monotonic() - begun,
            kills,
        )


def call_kapell(workspace: Path, *arguments: str, kill_when: Callable[[], bool] = never) -> tuple[int, str]:
    """Call `kapell` with its data in the workspace; its progress goes to stderr, also where that is no terminal.

    Returns:
        Its exit code, negative when a signal ended it, and what it printed on stdout.
    """
    command = [KAPELL, *arguments, "--workflows", str(HERE / "workflows"), "--data", str(workspace / "data")]
    if not sys.stderr.isatty():
        command.append("--verbose")
    output = workspace / "output.json"
    with output.open("w") as file, subprocess.Popen(command, stdout=file) as process:
        while process.poll() is None:
            if kill_when():
                process.kill()
            time.sleep(POLL_SECONDS)
    return process.returncode, output.read_text()


def get_json(url: str) -> Any:
    """Return the JSON at a local address."""
    with urlopen(url) as response:
        return json.load(response)


def make_table(delivery: Delivery) -> Table:
    """Lay out what became of each push."""
    notified = {message["id"] for message in delivery.messages}
    table = Table(title="What became of each push", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("push", ratio=1)
    table.add_column("author", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("why", max_width=20)
    table.add_column("response ms\nold -> new", no_wrap=True)
    table.add_column("took", no_wrap=True, justify="right")
    table.add_column("told", no_wrap=True)
    for result in delivery.results:
        push = result["push"]
        table.add_row(
            push["subject"],
            push["author"].partition(" ")[0],
            f"[{COLOURS[result['outcome']]}]{result['outcome']}",
            result.get("why", "-"),
            describe_comparison(result["comparison"]),
            f"{result['seconds']:.1f} s",
            "yes" if push["commit"] in notified else "-",
        )
    return table


def describe_comparison(comparison: dict[str, Any] | None) -> str:
    """Return the response times that were compared, in milliseconds."""
    if comparison is None:
        return "-"
    statistic = comparison["statistic"]
    return f"{comparison['old'][statistic]:.1f} -> {comparison['new'][statistic]:.1f}"


def show(delivery: Delivery, console: Console) -> None:
    """Print the table, the notifications and what is in production now."""
    console.print(make_table(delivery))
    console.print("\n[bold]What the receiver of notifications got")
    for message in delivery.messages:
        console.print(Padding(Text(f"to {message['to']}: {message['subject']}"), (0, 2)))
        end_of_text = "\n".join(message["text"].strip().splitlines()[-4:])
        console.print(Padding(Text(end_of_text, style="dim"), (0, 6)))
    console.print()
    for slot in delivery.slots:
        version = slot["release"]["version"][:10] if slot["release"] else "nothing"
        console.print(f"{slot['slot']} runs {version}", highlight=False)
    console.print(f"{len(delivery.results)} pushes delivered in {delivery.seconds:.0f} s", highlight=False)


def main() -> int:
    """Run the demo; give what `kapell run` gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, help="where everything is made (default: a temporary folder)")
    parser.add_argument("--keep", action="store_true", help="keep the workspace, to look around in it")
    parser.add_argument(
        "--kill-after",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="end kapell by SIGKILL, then let it resume",
    )
    options = parser.parse_args()
    workspace = options.workspace or Path(tempfile.mkdtemp(prefix="kapell-delivery-"))
    console = Console()
    try:
        console.print(f"Repository, checkouts, artefacts and runs are in {workspace}", highlight=False)
        kill_at = time.monotonic() + options.kill_after
        delivery = deliver(workspace, kill_when=lambda: time.monotonic() > kill_at)
        show(delivery, console)
        if options.keep:
            console.print(f"Look around with: kapell runs list --data {workspace / 'data'}", highlight=False)
    finally:
        if not (options.keep or options.workspace):
            shutil.rmtree(workspace, ignore_errors=True)
    return delivery.exit_code


if __name__ == "__main__":
    sys.exit(main())
