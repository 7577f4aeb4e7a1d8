"""`kapell runs ...` and `kapell why`, when no process owns the data folder."""

import pytest


@pytest.fixture
def faulted(kapell, faulty):
    """The id of a run that has faulted at its second task."""
    return kapell("run", faulty, "--json").json["run_id"]


def test_a_faulted_run_is_listed_shown_and_explained(kapell, faulted):
    listed = kapell("runs", "list").out
    assert listed.splitlines()[1].split()[:3] == [faulted, "faulted", "test/faulty:0.1.0"]
    shown = kapell("runs", "show", faulted[:20]).out
    assert "status    faulted" in shown
    assert [line.split()[:2] for line in shown.splitlines()[-2:]] == [["first", "completed"], ["second", "faulted"]]
    why = kapell("why", "-").out
    assert "The run faulted at the task `second`" in why
    assert "No `try` stands around it that could have caught the error." in why
    assert f"kapell runs retry {faulted}" in why
    assert "has not been reached: the run faulted before." in kapell("why", "last", "third").out
    unknown = kapell("why", "last", "thrid")
    assert (unknown.code, unknown.err.splitlines()[1]) == (2, "  Did you mean `third`?")


def test_everything_can_be_had_as_json(kapell, faulted):
    assert kapell("runs", "show", "--json").json["tasks"][1]["status"] == "faulted"
    history = kapell("runs", "history", "--json").json
    assert [event["seq"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["event"] == "run_started"
    assert kapell("runs", "history", "--after", 3, "--json").json == history[3:]
    assert [line["text"] for line in kapell("runs", "log", "--json").json] == ["one"]
    why = kapell("why", "--json").json
    assert (why["run_id"], why["status"]) == (faulted, "faulted")
    assert [option["code"] for option in why["options"]] == ["retry", "skip"]


def test_a_history_is_told_in_sentences_with_references(kapell, faulted):
    lines = kapell("runs", "history", faulted).out.splitlines()
    assert lines[1].endswith("The run of test/faulty:0.1.0 starts.")
    assert any("first: Attempt 1 succeeded after" in line and line.endswith("/do/0/first") for line in lines)
    assert "second: The run faulted at /do/1/second after" in lines[-1]


def test_the_log_holds_what_processes_wrote(kapell, faulted):
    assert kapell("runs", "log", faulted).out.rstrip().endswith("first | one")
    assert kapell("runs", "log", faulted, "--follow").code == 0


def test_a_faulted_task_is_retried_and_the_run_goes_on(kapell, faulted):
    assert kapell("runs", "retry", faulted).code == 1
    (kapell.folder / "ok").touch()
    ended = kapell("runs", "retry", faulted)
    assert (ended.code, ended.json) == (0, {"done": True, "from": "two"})
    assert (kapell.folder / "side.txt").read_text() == "one\n"
    refused = kapell("runs", "retry", faulted)
    assert (refused.code, refused.err) == (
        2,
        "kapell: The run is completed, so it cannot be retried; only a run that is faulted can.\n",
    )


def test_a_faulted_task_is_skipped_with_an_output(kapell, faulted):
    ended = kapell("runs", "skip", faulted, "--output", '"other"')
    assert (ended.code, ended.json["from"]) == (0, "other")


def test_what_is_detached_is_recorded_and_left(kapell, faulted):
    ended = kapell("runs", "skip", faulted, "--detach", "--json")
    assert (ended.code, ended.json["status"]) == (0, "running")
    assert kapell("resume", faulted).json == {"done": True, "from": "one"}


def test_a_fork_asks_before_side_effects_happen_again(kapell, faulted):
    refused = kapell("runs", "fork", faulted, "--from", "first")
    assert refused.code == 2
    assert "/do/0/first  run: shell" in refused.err
    assert "Agree with --yes." in refused.err
    (kapell.folder / "ok").touch()
    ended = kapell("runs", "fork", faulted, "--from", "second", "--yes", "--json")
    assert (ended.code, ended.json["output"]) == (0, {"done": True, "from": "two"})
    assert ended.json["run_id"] != faulted
    assert (kapell.folder / "side.txt").read_text() == "one\n"


def test_a_fork_may_be_left_to_be_resumed(kapell, faulted):
    (kapell.folder / "ok").touch()
    run_id = kapell("runs", "fork", faulted, "--from", "/do/1/second", "--yes", "--detach", "--json").json["run_id"]
    assert kapell("resume", run_id).json == {"done": True, "from": "two"}


def test_lists_are_filtered_and_paged(kapell):
    workflow = kapell.write("small", "  - a: {set: {x: 1}}\n")
    ids = [kapell("run", workflow, "--json").json["run_id"] for _ in range(3)]
    page = kapell("runs", "list", "--limit", 2, "--json").json
    assert [run["run_id"] for run in page] == ids[:0:-1]
    assert [run["run_id"] for run in kapell("runs", "list", "--after", ids[1], "--json").json] == [ids[0]]
    assert kapell("runs", "list", "--status", "faulted", "--json").json == []
    wrong = kapell("runs", "list", "--status", "fault")
    assert (wrong.code, "Did you mean faulted?" in wrong.err) == (2, True)
    ambiguous = kapell("runs", "show", ids[0][:3])
    assert (ambiguous.code, "Several runs begin with" in ambiguous.err) == (2, True)
    assert kapell("runs", "prune", "--older-than", "1h", "--json").json == {"pruned": 0}
    assert kapell("runs", "prune", "--older-than", "0s", "--json").json == {"pruned": 3}
    assert kapell("runs", "list", "--json").json == []
    assert kapell("runs", "prune", "--older-than", "soon").code == 2


@pytest.mark.parametrize("command", ["show", "history", "log", "cancel", "suspend", "resume", "retry", "skip"])
def test_a_run_that_is_not_there_is_told(kapell, command):
    ended = kapell("runs", command, "01zzz")
    assert (ended.code, ended.out) == (2, "")
    assert "There is no data folder" in ended.err
    assert not (kapell.folder / "data").exists()
