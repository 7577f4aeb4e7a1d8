"""`run: shell`: what a command is given, what comes back, and what the log shows."""

from __future__ import annotations

import asyncio
import json
import resource
import signal

import pytest

from kapell.sdk import ActivityError


@pytest.fixture
def run(make_process, make_request, context):
    """Run a command; the other arguments as in the language, `settings` apart."""
    activities = {}

    async def perform(command, *, returns="stdout", settings=None, **arguments):
        key = json.dumps(settings or {})
        activity = activities.setdefault(key, None) or make_process("shell", **(settings or {}))
        activities[key] = activity
        return await activity.perform(make_request("shell", command=command, returns=returns, **arguments), context)

    return perform


async def test_the_command_gets_arguments_and_stdin(run):
    command = 'input=$(cat)\necho "STDIN was: $input"\necho "ARGS are $1 $2"'
    assert (
        await run(command, stdin="Hello World", arguments=["Foo", "Bar"]) == "STDIN was: Hello World\nARGS are Foo Bar"
    )


async def test_values_that_are_no_strings_become_json(run):
    output = await run(
        'cat; echo; echo "$1|$2|$3"; echo "$NUMBER $FLAG $OBJECT"',
        stdin={"a": [1, None]},
        arguments=[1, True, "a b"],
        environment={"NUMBER": 1.5, "FLAG": False, "OBJECT": {"k": "v"}},
    )
    assert output == '{"a":[1,null]}\n1|true|a b\n1.5 false {"k":"v"}'


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ("stdout", "out"),
        ("stderr", "err"),
        ("code", 0),
        ("all", {"code": 0, "stdout": "out", "stderr": "err"}),
        ("none", None),
    ],
)
async def test_every_kind_of_return(run, returns, expected):
    assert await run("echo out; echo err >&2", returns=returns) == expected


async def test_only_the_line_ends_at_the_end_are_taken_away(run):
    assert await run(r"printf '\n  a \n\nb \n\r\n\n'") == "\n  a \n\nb "


@pytest.mark.parametrize("returns", ["stdout", "stderr", "none"])
async def test_another_exit_code_is_a_runtime_error_with_the_last_words(run, returns):
    with pytest.raises(ActivityError) as caught:
        await run("for i in $(seq 1 50); do echo line $i >&2; done; exit 3", returns=returns)
    error = caught.value
    assert (error.type, error.status) == ("runtime", 500)
    assert "exit code 3" in error.detail
    assert error.detail.endswith("line 50")
    assert "line 31\n" in error.detail
    assert "line 30\n" not in error.detail


async def test_a_silent_stderr_is_replaced_by_stdout_in_the_error(run):
    with pytest.raises(ActivityError, match="the reason"):
        await run("echo the reason; exit 1", returns="none")


async def test_another_exit_code_is_a_result_where_it_is_asked_for(run):
    assert await run("exit 7", returns="code") == 7
    assert await run("echo a; exit 7", returns="all") == {"code": 7, "stdout": "a", "stderr": ""}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
async def test_a_signal_gives_128_plus_its_number(run, number):
    assert await run(f"kill -{int(number)} $$", returns="code") == 128 + number


async def test_an_unknown_command_says_so(run):
    with pytest.raises(ActivityError, match="exit code 127") as caught:
        await run("no-such-command-here")
    assert "not found" in caught.value.detail


async def test_only_allowed_variables_are_inherited(run, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("LC_TIME", "C")
    output = await run("env", environment={"OWN": "1", "HOME": None})
    names = {line.partition("=")[0] for line in output.splitlines()}
    assert {"PATH", "OWN", "LC_TIME", "KAPELL_RUN_ID", "KAPELL_IDEMPOTENCY_KEY"} <= names
    assert not {"DATABASE_PASSWORD", "HOME"} & names
    assert "KAPELL_REFERENCE=/do/0/task" in output
    assert "KAPELL_ATTEMPT=2" in output


async def test_which_variables_are_inherited_is_a_setting(run, monkeypatch):
    monkeypatch.setenv("CORP_REGION", "eu")
    assert await run("echo $CORP_REGION", settings={"inherited_environment": ("CORP_*", "PATH")}) == "eu"


async def test_a_command_starts_in_the_directory_of_the_settings(run, tmp_path):
    assert await run("pwd -P", settings={"directory": str(tmp_path)}) == str(tmp_path.resolve())


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": None},
        {"command": "true", "arguments": "text"},
        {"command": "true", "arguments": {"a": 1}},
        {"command": "true", "arguments": ["a\0b"]},
        {"command": "a\0b"},
        {"command": "true", "environment": []},
        {"command": "true", "environment": {"A=B": "1"}},
        {"command": "true", "environment": {"": "1"}},
        {"command": "true", "environment": {"A": "\0"}},
        {"command": "true", "environment": {"A": "\ud800"}},
        {"command": "true", "returns": "everything"},
    ],
)
async def test_arguments_that_cannot_be_used_are_refused(run, arguments):
    with pytest.raises(ActivityError) as caught:
        await run(**arguments)
    assert (caught.value.type, caught.value.status) == ("validation", 400)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"directory": "/no/such/place"}, "/no/such/place"), ({"shell": "/no/such/shell"}, "/no/such/shell")],
)
async def test_what_cannot_be_started_is_a_configuration_error(run, settings, said):
    with pytest.raises(ActivityError, match="No such file") as caught:
        await run("true", settings=settings)
    assert caught.value.type == "configuration"
    assert said in caught.value.detail


async def test_too_large_arguments_say_what_to_do(run):
    with pytest.raises(ActivityError, match="use stdin"):
        await run("true", arguments=["x" * 3_000_000])


async def test_a_large_stdin_is_read_whole_and_an_unread_one_does_no_harm(run):
    assert await run("wc -c", stdin="x" * 5_000_000) == "5000000"
    assert await run("echo done", stdin="x" * 5_000_000) == "done"


async def test_no_stdin_is_an_empty_one(run):
    assert await run("wc -c") == "0"


# -- the log -----------------------------------------------------------------------------------------------------------


async def test_lines_are_in_the_log_while_the_command_runs(run, context, tmp_path):
    go = tmp_path / "go"
    task = asyncio.ensure_future(
        run(f"echo one; echo two >&2; printf unfinished; until [ -e {go} ]; do sleep 0.01; done")
    )
    await context.wait_for_lines(3)
    assert not task.done()
    assert sorted(context.lines) == [("stderr", "two"), ("stdout", "one"), ("stdout", "unfinished")]
    go.touch()
    assert await task == "one\nunfinished"


async def test_bad_utf_8_is_replaced_and_characters_are_never_torn(run, context):
    output = await run(r"printf '\303'; sleep 0.05; printf '\244|\377|\n'")
    assert output == "ä|�|"
    assert "".join(context.list_texts("stdout")) == "ä|�|"


async def test_a_very_long_line_comes_in_pieces(run, context):
    output = await run("head -c 100000 /dev/zero | tr '\\0' x")
    pieces = context.list_texts("stdout")
    assert max(map(len, pieces)) <= 8192
    assert "".join(pieces) == output == "x" * 100_000


async def test_the_log_is_capped_with_a_note_and_the_output_is_not(run, context):
    output = await run("seq 1 10000", settings={"max_log_bytes": 10_000})
    assert len(output.splitlines()) == 10_000
    assert 100 < len(context.list_texts("stdout")) < 200
    assert len(context.list_texts("info")) == 1


@pytest.mark.parametrize("returns", ["stdout", "stderr", "all"])
async def test_more_output_than_allowed_ends_the_command(run, returns):
    command = "yes" if returns != "stderr" else "yes >&2"
    with pytest.raises(ActivityError, match="more than 100000 bytes") as caught:
        await run(command, returns=returns, settings={"max_output_bytes": 100_000})
    assert caught.value.title == "Output too large"


async def test_output_that_nobody_asked_for_is_never_too_much_and_takes_no_memory(run):
    await run("true")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await run("head -c 100000000 /dev/zero; exit 4", returns="code", settings={"max_log_bytes": 1000}) == 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_commands_run_at_the_same_time(run, tmp_path):
    # Each waits for the other: one after the other they would never end.
    here, there = tmp_path / "here", tmp_path / "there"
    command = "touch {}; until [ -e {} ]; do sleep 0.01; done; echo met"
    outputs = await asyncio.wait_for(
        asyncio.gather(run(command.format(here, there)), run(command.format(there, here))), timeout=20
    )
    assert outputs == ["met", "met"]


async def test_it_is_never_idempotent(make_process, make_request):
    assert make_process("shell").is_idempotent(make_request("shell", command="true")) is False
