"""Start-up: the only timed tests beside the event loop's.

What is measured is processor time: on an idle machine it is as long as a person waits, and on a busy one it does not
count the others' share. Even so, processors that share their core's parts with another one do only some half as much.
"""

import os
import sys

import pytest

TRIES = 5


def measure(kapell, *arguments):
    """Return the least seconds of processor time that a command took."""
    return min(_measure_once(kapell, arguments) for _ in range(TRIES))


def allow(seconds):
    """Return a limit, up to twice as much on a machine that has more to do than it has processors."""
    return seconds * min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1), 2)


def _measure_once(kapell, arguments):
    pid = os.fork()
    if pid == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.execvpe(sys.executable, [*kapell.command, *arguments], kapell.environment)  # noqa: S606 -- our own
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


@pytest.mark.serial
def test_help_comes_at_once(kapell):
    assert measure(kapell, "--help") < allow(0.3)


@pytest.mark.serial
def test_a_small_run_takes_little_more_than_its_start(kapell):
    workflow = kapell.write("small", "  - a: {set: {x: 1}}\n")
    assert measure(kapell, "run", str(workflow)) < allow(0.6)


@pytest.mark.parametrize("library", ["aiohttp", "rich", "structlog"])
def test_what_a_small_run_does_not_need_is_not_loaded(kapell, library):
    workflow = kapell.write("small", "  - a: {set: {x: 1}}\n")
    kapell.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    loaded = kapell("run", workflow).err
    assert f" {library}\n" not in loaded
    assert " kapell.engine.engine\n" in loaded
