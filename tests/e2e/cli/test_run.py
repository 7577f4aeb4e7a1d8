"""`kapell run`: stdout holds the output and nothing else, and the exit code says how it ended."""

import json
import subprocess

import pytest

GREETING = "  - greet: {set: {text: '${ \"Hello \\(.name)\" }'}}\n"


def test_the_output_is_all_that_is_printed(kapell):
    ended = kapell("run", kapell.write("hello", GREETING), "--input", '{"name": "Ada"}')
    assert (ended.code, ended.json, ended.err) == (0, {"text": "Hello Ada"}, "")


def test_the_input_may_come_from_a_file_or_from_stdin(kapell):
    workflow = kapell.write("hello", GREETING)
    (kapell.folder / "input.json").write_text('{"name": "Ben"}')
    assert kapell("run", workflow, "--input-file", "input.json").json == {"text": "Hello Ben"}
    assert kapell("run", workflow, "--input-file", "-", stdin='{"name": "Cleo"}').json == {"text": "Hello Cleo"}


def test_large_integers_stay_exact(kapell):
    ended = kapell("run", kapell.write("same", "  - same: {set: '${ . }'}\n"), "--input", '{"n": 9007199254740993}')
    assert ended.json == {"n": 9007199254740993}


def test_with_json_one_document_says_all(kapell):
    document = kapell("run", kapell.write("hello", GREETING), "--input", '{"name": "Ada"}', "--json").json
    assert document.keys() == {"run_id", "status", "output"}
    assert (document["status"], document["output"]) == ("completed", {"text": "Hello Ada"})


def test_a_fault_is_an_error_object_on_stderr(kapell, faulty):
    ended = kapell("run", faulty)
    assert (ended.code, ended.out) == (1, "")
    assert ended.error["instance"] == "/do/1/second"
    assert ended.error["status"] == 500
    assert ended.error["run_id"] == kapell.newest().run_id


def test_a_fault_with_json(kapell, faulty):
    ended = kapell("run", faulty, "--json")
    assert (ended.code, ended.json["status"], ended.json["error"]["instance"]) == (1, "faulted", "/do/1/second")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input", "{name: Ada}"), "--input is no JSON"),
        (("--input-file", "missing.json"), "missing.json cannot be read: No such file or directory."),
        (("--input", "{}", "--input-file", "x"), "The input is given twice."),
        (("--workflows", "nowhere"), "nowhere cannot be read"),
        (("--secrets", "missing.json"), "missing.json cannot be read"),
        (("--data", "hello.yaml"), "hello.yaml"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_what_cannot_be_used_is_told_and_starts_nothing(kapell, arguments, message):
    ended = kapell("run", kapell.write("hello", GREETING), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert kapell.records() == []


def test_a_file_that_is_no_workflow_is_refused_with_the_place(kapell):
    ended = kapell("run", kapell.write("bad", "  - a: {sat: {x: 1}}\n"))
    assert ended.code == 2
    assert "bad.yaml:3:9: error:" in ended.err


def test_a_missing_file_is_told(kapell):
    ended = kapell("run", "missing.yaml")
    assert (ended.code, ended.err) == (2, "kapell: missing.yaml cannot be read: No such file or directory.\n")


def test_what_is_not_supported_yet_names_the_task(kapell):
    ended = kapell("run", kapell.write("later", "  - box: {run: {container: {image: x}}}\n"))
    assert ended.code == 2
    assert "not supported yet: `run: container` (task `box`)" in ended.err


def test_an_unknown_setting_names_the_likely_one(kapell):
    ended = kapell("run", kapell.write("hello", GREETING), KAPELL_MAX_CALL="3")
    assert ended.code == 2
    assert "Did you mean KAPELL_MAX_CALLS?" in ended.err


def test_debug_shows_where_an_error_arose(kapell):
    ended = kapell("--debug", "run", "missing.yaml")
    assert "Traceback" in ended.err
    assert "UsageError" in ended.err


def test_child_runs_are_found_in_folders(kapell):
    (kapell.folder / "more").mkdir()
    (kapell.folder / "more" / "notes.json").write_text('{"other": "document"}')
    kapell.write("more/child", "  - twice: {set: '${ .n * 2 }'}\n", head=None)
    text = (kapell.folder / "more" / "child.yaml").read_text().replace("name: more/child", "name: child")
    (kapell.folder / "more" / "child.yaml").write_text(text)
    parent = kapell.write(
        "parent", "  - ask: {run: {workflow: {namespace: test, name: child, version: '0.1.0', input: {n: 4}}}}\n"
    )
    assert kapell("run", parent, "--workflows", "more").json == 8
    assert "There is no workflow test/child:0.1.0" in kapell("run", parent).err


def test_verbose_tells_each_event_and_the_log(kapell, faulty):
    ended = kapell("run", faulty, "--verbose")
    assert "first: Attempt 1: run: shell echo one" in ended.err
    assert "stdout: one" in ended.err
    assert "The run faulted at /do/1/second" in ended.err


def test_what_was_started_without_waiting_is_waited_for(kapell):
    workflow = kapell.write(
        "behind", f"  - go: {{run: {{shell: {{command: 'sleep 1; echo x > {kapell.folder}/late'}}, await: false}}}}\n"
    )
    assert kapell("run", workflow).code == 0
    assert (kapell.folder / "late").exists()


def test_a_folder_in_use_is_told(kapell, slow):
    kapell.start("run", slow)
    kapell.await_file("begun.txt")
    ended = kapell("run", kapell.write("hello", GREETING), "--input", '{"name": "Ada"}')
    assert ended.code == 2
    assert "is in use by process" in ended.err


def test_other_unfinished_runs_are_left_alone(kapell, slow):
    process = kapell.start("run", slow)
    kapell.await_file("begun.txt")
    process.kill()
    process.wait()
    assert kapell("run", kapell.write("hello", GREETING), "--input", '{"name": "Ada"}').code == 0
    assert (kapell.folder / "begun.txt").read_text().count("begun") == 1
    assert [run.name for run in kapell.records() if run.status == "running"] == ["slow"]


def test_output_that_nobody_reads_is_no_error(kapell):
    workflow = kapell.write("much", "  - much: {set: {list: '${ [range(5000)] }'}}\n")
    command = f"{' '.join(kapell.command)} run {workflow} | head -c 10; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, cwd=kapell.folder, env=kapell.environment
    )
    assert "Traceback" not in ended.stderr
    assert json.loads(ended.stdout[-2:]) == 0
