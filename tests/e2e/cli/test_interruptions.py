"""Signals and kills: a run is cancelled, or left to be resumed, and never half forgotten."""

import os
import signal

from kapell.kernel.events import TaskEntered


def interrupt(process):
    process.send_signal(signal.SIGINT)


def write_stubborn(kapell):
    """A workflow whose process ignores SIGTERM: its cancellation takes the whole time of grace."""
    return kapell.write(
        "stubborn",
        '  - stay: {run: {script: {language: python, code: "import os, signal, time\\nsignal.signal(signal.SIGTERM, '
        f"signal.SIG_IGN)\\nopen('{kapell.folder}/pid.new', 'w').write(str(os.getpid()))\\n"
        f"os.rename('{kapell.folder}/pid.new', '{kapell.folder}/pid')\\ntime.sleep(60)\"}}}}}}\n",
    )


def test_ctrl_c_cancels_and_says_so(kapell, slow):
    process = kapell.start("run", slow)
    kapell.await_file("begun.txt")
    interrupt(process)
    ended = kapell.finish(process)
    assert (ended.code, ended.out) == (3, "")
    assert "Cancelling" in ended.err
    assert "was cancelled" in ended.err
    assert kapell.newest().status == "cancelled"
    assert "Ctrl-C was pressed." in kapell("runs", "history").out


def test_a_second_ctrl_c_leaves_at_once_and_resume_finishes_the_cancellation(kapell):
    kapell.environment["KAPELL_KILL_GRACE_SECONDS"] = "30"
    process = kapell.start("run", write_stubborn(kapell))
    kapell.await_file("pid")
    interrupt(process)
    kapell.await_that(lambda: kapell.newest().status == "cancelling")
    interrupt(process)
    ended = kapell.finish(process, timeout=10)
    assert ended.code == 130
    assert "finishes the cancellation" in ended.err
    kapell.environment["KAPELL_KILL_GRACE_SECONDS"] = "0.5"
    assert kapell("resume").code == 3
    assert kapell.newest().status == "cancelled"
    assert kapell("resume").err == "There is nothing to resume.\n"


def test_sigterm_leaves_the_run_to_be_resumed(kapell, waiting):
    process = kapell.start("run", waiting)
    kapell.await_run("waiting")
    process.send_signal(signal.SIGTERM)
    ended = kapell.finish(process)
    run_id = kapell.newest().run_id
    assert ended.code == 143
    assert f"kapell resume {run_id}" in ended.err
    again = kapell.start("resume", run_id)
    interrupt_when_it_works(kapell, again)
    assert kapell.finish(again).code == 3


def interrupt_when_it_works(kapell, process):
    """The lock is taken when Ctrl-C is listened to already."""
    kapell.await_that(lambda: (kapell.folder / "data" / "lock").read_text() == str(process.pid))
    interrupt(process)


def test_a_killed_run_is_resumed_where_it_was(kapell):
    workflow = kapell.write(
        "killed",
        f"""\
  - first: {{run: {{shell: {{command: "echo one >> {kapell.folder}/side.txt; echo one"}}}}}}
  - pause: {{wait: {{seconds: 8}}}}
  - last: {{set: {{first: '${{ . }}'}}}}
""",
    )
    process = kapell.start("run", workflow)
    kapell.await_file("side.txt")
    kapell.await_that(lambda: any(isinstance(event, TaskEntered) and event.due for event in kapell.list_events()))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    why = kapell("why")
    assert "pause: It waits until" in why.out
    ended = kapell("resume")
    assert (ended.code, ended.json) == (0, {"first": "one"})
    assert (kapell.folder / "side.txt").read_text() == "one\n"


def test_a_lost_attempt_is_told_and_can_be_retried(kapell, slow):
    process = kapell.start("run", slow)
    kapell.await_file("begun.txt")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ended = kapell("resume")
    assert (ended.code, ended.error["type"]) == (1, "kapell://errors/lost")
    why = kapell("why").out
    assert "It is not idempotent, so it is not made again." in why
    assert "Find out first whether the lost attempt did its work" in why
    (kapell.folder / "go").touch()
    assert kapell("runs", "retry", "last").json == {"went": "went"}


def test_several_runs_are_resumed_to_a_table(kapell):
    workflow = kapell.write("short", "  - pause: {wait: {seconds: 6}}\n  - done: {set: {ok: true}}\n")
    bad = kapell.write(
        "bad", "  - pause: {wait: {seconds: 6}}\n  - stop: {raise: {error: {type: https://x.test/no, status: 400}}}\n"
    )
    for file in (workflow, bad):
        process = kapell.start("run", file)
        kapell.await_run(file.stem)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    ended = kapell("resume", "--json")
    assert ended.code == 1
    assert [run["status"] for run in ended.json] == ["completed", "faulted"]


def test_a_suspended_run_is_not_resumed_but_told(kapell, waiting):
    process = kapell.start("run", waiting)
    kapell.await_run("waiting")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert kapell("runs", "suspend", "last").err.endswith("is suspended.\n")
    ended = kapell("resume")
    assert ended.code == 0
    assert "is suspended; let it go on with `kapell runs resume" in ended.err


def test_nothing_to_resume(kapell):
    ended = kapell("resume")
    assert (ended.code, ended.err) == (0, "There is nothing to resume.\n")
    assert kapell("resume", "--json").json == []
    assert kapell("resume", "01abc").code == 2
