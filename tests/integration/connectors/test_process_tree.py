"""Nothing of a command survives its end, its cancellation, its supervisor or the engine.

Every process that a test starts carries a mark in its environment, which it inherits to all that it starts: whatever
forks and sessions it uses to get away, `list_marked` finds it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kapell.connectors.process import ProcessRunner, ProcessSettings, ShellActivity
from kapell.sdk import ActivityError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs child subreapers, as Linux has")

SLEEP = "while :; do sleep 0.05; done"
DEAF = "trap '' TERM HUP INT; " + SLEEP
DOUBLE_FORK = """
import os, signal, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
os.closerange(0, 3)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
OWN_SUBREAPER = """
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").close()
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""
FORK_CHAIN = """
import os, sys, time
os.setsid()
open(sys.argv[1], "w").close()
while True:
    if os.fork(): os._exit(0)
    time.sleep(0.001)
"""
RESTLESS_CHAIN = """
import os, sys, time
open(sys.argv[1], "w").close()
while True:
    if os.fork(): os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""
ESCAPES = {"daemon": DOUBLE_FORK, "subreaper": OWN_SUBREAPER, "chain": FORK_CHAIN, "restless": RESTLESS_CHAIN}


@pytest.fixture
def mark():
    """A word in the environment of every process of this test; what is left of them is ended after the test."""
    word = uuid.uuid4().hex
    yield word
    for pid in list_marked(word):
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)  # reaches also what was born meanwhile


def list_marked(word):
    """Return the processes that carry the mark and are no zombies."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and folder.name != str(os.getpid()):
            try:
                if word.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def list_open(pid):
    """Return what the descriptors of a process lead to."""
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]


def is_alive(process):
    """Tell whether a process still does something; the zombies of a dead engine are for init to reap."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def list_zombies():
    """Return the zombies below this process."""
    return [each for each in psutil.Process().children(recursive=True) if each.status() == psutil.STATUS_ZOMBIE]


async def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


@pytest.fixture
def start(make_process, make_request, context, mark):
    """Start a command whose processes are marked; return the task that performs it."""

    def begin(command, *, settings=None, arguments=(), returns="stdout"):
        activity = make_process("shell", **{"grace_seconds": 0.3, **(settings or {})})
        request = make_request(
            "shell", command=command, arguments=list(arguments), environment={"MARK": mark}, returns=returns
        )
        return asyncio.ensure_future(activity.perform(request, context))

    return begin


# -- the end of the command --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "left",
    [f"({SLEEP}) &", f"setsid sh -c '{SLEEP}' &", f"({DEAF}) &", f'nohup setsid sh -c "{DEAF}" >/dev/null 2>&1 &'],
    ids=["child", "session", "deaf", "nohup"],
)
async def test_what_a_command_leaves_behind_ends_with_it_and_is_noted(start, mark, context, left):
    assert await start(f"{left} echo done") == "done"
    assert list_marked(mark) == []
    assert "left running" in context.list_texts("info")[0]


@pytest.mark.parametrize("program", ESCAPES.values(), ids=ESCAPES)
async def test_daemons_end_with_the_command(start, mark, tmp_path, program):
    ready = tmp_path / "ready"
    command = f'"$1" -c "$2" {ready} & until [ -e {ready} ]; do sleep 0.01; done; echo done'
    assert await start(command, arguments=[sys.executable, program]) == "done"
    assert list_marked(mark) == []


async def test_what_ends_by_itself_shortly_after_is_left_in_peace(start, context):
    assert await start("(sleep 0.03; echo late) & echo early") == "early\nlate"
    assert context.list_texts("info") == []


# -- cancelling --------------------------------------------------------------------------------------------------------


async def cancel(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "command",
    [
        SLEEP,
        DEAF,
        f'({DEAF}) & setsid sh -c "{DEAF}" & {DEAF}',
        f"({SLEEP}) & kill -STOP $!; {SLEEP}",
        f"sh -c 'kill -STOP $PPID; {SLEEP}'; {SLEEP}",
        "exec sleep 600",
        f"{SLEEP} | cat | cat",
    ],
    ids=["plain", "deaf", "family", "stopped child", "stopped command", "exec", "pipe"],
)
async def test_cancelling_ends_the_tree_before_it_returns(start, mark, command):
    task = start(command)
    await wait_until(lambda: list_marked(mark))
    await asyncio.sleep(0.1)
    await cancel(task)
    assert list_marked(mark) == []


@pytest.mark.parametrize("program", ESCAPES.values(), ids=ESCAPES)
async def test_cancelling_ends_daemons(start, mark, tmp_path, program):
    ready = tmp_path / "ready"
    task = start(f'"$1" -c "$2" {ready}; {SLEEP}', arguments=[sys.executable, program])
    await wait_until(ready.exists)
    await cancel(task)
    assert list_marked(mark) == []


async def test_a_cancelled_command_may_tidy_up(start, mark, tmp_path, context):
    tidy = tmp_path / "tidy"
    tidy_up = f"trap 'sleep 0.2; echo bye; touch {tidy}; exit 1' TERM"
    task = start(f"{tidy_up}; echo on; {SLEEP}", settings={"grace_seconds": 5.0})
    await context.wait_for_lines()
    await cancel(task)
    assert tidy.exists()
    assert context.list_texts("stdout") == ["on", "bye"]


async def test_the_grace_begins_with_the_cancelling(start, tmp_path, context):
    tidy = tmp_path / "tidy"
    task = start(f"trap 'sleep 0.3; touch {tidy}; exit 1' TERM; echo on; {SLEEP}", settings={"grace_seconds": 1.0})
    await context.wait_for_lines()
    await asyncio.sleep(1.2)
    await cancel(task)
    assert tidy.exists()


async def test_cancelling_again_does_not_shorten_the_wait(start, mark):
    task = start(DEAF)
    await wait_until(lambda: list_marked(mark))
    await asyncio.sleep(0.1)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0.02)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list_marked(mark) == []


async def test_cancelling_at_any_moment_leaves_nothing(start, mark):
    task = start("true")
    await task
    for step in range(40):
        task = start(f"setsid sh -c '{SLEEP}' & {SLEEP}")
        await asyncio.sleep(step * 0.001)
        await cancel(task)
        assert list_marked(mark) == []


async def test_a_timeout_is_a_cancelling(start, mark):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await start(f'setsid sh -c "{DEAF}" & {DEAF}')
    assert list_marked(mark) == []


# -- the engine's sudden death -----------------------------------------------------------------------------------------

ENGINE = """
import asyncio, sys
from kapell.connectors.process import ProcessRunner, ProcessSettings, ScriptActivity, ShellActivity
from kapell.sdk import ActivityRequest

class Context:
    def log(self, stream, text):
        pass

def make_request(kind, **arguments):
    return ActivityRequest(run_id="r", reference="/do/0/x", entry=1, attempt=1, key="k", kind=kind, arguments=arguments)

async def main(mark, *commands):
    runner = ProcessRunner(ProcessSettings())
    shell, script = ShellActivity(runner), ScriptActivity(runner, None)
    own = {"MARK": mark}
    work = [shell.perform(make_request("shell", command=command, environment=own), Context()) for command in commands]
    code = "import time; time.sleep(600)"
    work.append(script.perform(make_request("script", language="python", code=code, environment=own), Context()))
    await asyncio.gather(*work)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def start_engine(mark, tmp_path):
    """Start a process that performs commands as the engine does."""
    started = []

    def begin(*commands):
        environment = {**os.environ, "TMPDIR": str(tmp_path / "scripts")}
        (tmp_path / "scripts").mkdir(exist_ok=True)
        started.append(subprocess.Popen([sys.executable, "-c", ENGINE, mark, *commands], env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def list_keepers(pid):
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3])
async def test_nothing_survives_the_engine(start_engine, mark, tmp_path, moment):
    ready = tmp_path / "ready"
    commands = [
        f"{sys.executable} -c '{DOUBLE_FORK}' {ready}; {DEAF}",
        f'nohup setsid sh -c "{DEAF}" >/dev/null 2>&1 & {DEAF}',
        f"({SLEEP}) & kill -STOP $!; {SLEEP}",
    ]
    engine = start_engine(*commands)
    await wait_until(ready.exists)
    await asyncio.sleep(moment)
    family = list_keepers(engine.pid)
    assert len(list_marked(mark)) > 5
    engine.kill()
    engine.wait()
    await wait_until(lambda: not list_marked(mark))
    await wait_until(lambda: not any(is_alive(each) for each in family))
    await wait_until(lambda: not any((tmp_path / "scripts").iterdir()))


@pytest.mark.parametrize("step", range(10))
async def test_nothing_survives_an_engine_that_dies_while_it_starts_commands(start_engine, mark, step):
    engine = start_engine(*[f'setsid sh -c "{DEAF}" & {DEAF}'] * 20)
    await wait_until(lambda: len(list_marked(mark)) > step * 3)
    engine.kill()
    engine.wait()
    await wait_until(lambda: not list_marked(mark))
    await asyncio.sleep(0.1)
    assert list_marked(mark) == []


async def test_the_terminals_interrupt_is_the_engines_alone(start_engine, mark, tmp_path):
    """Ctrl-C goes to every process of the terminal's foreground group: the engine decides what it means."""
    ready = tmp_path / "ready"
    engine = start_engine(f"touch {ready}; {SLEEP}")
    await wait_until(ready.exists)
    groups = {os.getpgid(each.pid) for each in list_keepers(engine.pid)}
    assert os.getpgid(engine.pid) not in groups


# -- other deaths ------------------------------------------------------------------------------------------------------


async def test_a_killed_keeper_is_an_error_after_its_tree_is_gone(start, mark, context):
    task = start(f'setsid sh -c "{DEAF}" & echo on; {DEAF}')
    await context.wait_for_lines()
    command = psutil.Process(min(list_marked(mark)))
    while command.ppid() in list_marked(mark):
        command = command.parent()
    os.kill(command.ppid(), signal.SIGKILL)
    with pytest.raises(ActivityError, match="was killed") as caught:
        await task
    assert caught.value.title == "Process lost"
    assert list_marked(mark) == []


async def test_a_killed_supervisor_is_replaced_and_commands_under_way_go_on(make_process, make_request, context, mark):
    activity = make_process("shell", grace_seconds=0.3)
    own = {"MARK": mark}

    def perform(command):
        return asyncio.ensure_future(activity.perform(make_request("shell", command=command, environment=own), context))

    early = perform("echo on; read line </dev/null; sleep 0.5; echo early")
    await context.wait_for_lines()
    supervisor = next(each for each in psutil.Process().children() if "keeper.py" in " ".join(each.cmdline()))
    supervisor.kill()
    assert await asyncio.gather(*[perform(f"echo late {number}") for number in range(10)]) == [
        f"late {number}" for number in range(10)
    ]
    assert await early == "on\nearly"


async def test_a_command_that_kills_all_it_sees_of_its_parents_gains_nothing(start, mark):
    with pytest.raises(ActivityError):
        await start(f'setsid sh -c "{DEAF}" & kill -9 $PPID; {DEAF}')
    assert list_marked(mark) == []


# -- what is not handed on, and what is not left open ------------------------------------------------------------------


async def test_a_command_has_the_three_streams_and_nothing_else_of_the_engine(start, tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        output = await start("ls -l /proc/self/fd | grep -v /proc/")
    targets = [line.partition(" -> ")[2] for line in output.splitlines() if "->" in line]
    assert len(targets) == 3
    assert not any("lock" in target for target in targets)


async def test_neither_the_supervisor_nor_keepers_hold_files_of_the_engine(start, mark, tmp_path, context):
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        task = start(f"echo on; {SLEEP}")
        await context.wait_for_lines()
        for each in psutil.Process().children(recursive=True):
            assert lock.name not in list_open(each.pid)
    await cancel(task)


async def test_hundreds_of_runs_leave_no_zombie_and_no_open_file(mark, make_request, context):
    activity = ShellActivity(ProcessRunner(ProcessSettings(grace_seconds=0.3)))
    request = make_request("shell", command="echo a; (sleep 0.2 &) ; exit 0", environment={"MARK": mark})
    waiting = make_request("shell", command=SLEEP, environment={"MARK": mark})

    async def run_some():
        for _ in range(3):
            await asyncio.gather(*[activity.perform(request, context) for _ in range(10)])
        tasks = [asyncio.ensure_future(activity.perform(waiting, context)) for _ in range(10)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def count_open():
        gc.collect()
        supervisor = next(each for each in psutil.Process().children() if "keeper.py" in " ".join(each.cmdline()))
        return psutil.Process().num_fds(), supervisor.num_fds(), len(supervisor.children())

    await run_some()
    before = count_open()
    for _ in range(5):
        await run_some()
    assert count_open() == before
    assert before[2] == 0
    assert list_zombies() == []
    await activity.close()
    assert not any("keeper.py" in " ".join(each.cmdline()) for each in psutil.Process().children())
    assert list_marked(mark) == []
