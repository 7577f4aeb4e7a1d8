"""`run: script` in Python and JavaScript."""

from __future__ import annotations

import asyncio
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from aiohttp import web

from kapell.sdk import ActivityError

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node on the PATH")


@pytest.fixture
def run(make_process, make_request, context):
    async def perform(language="python", *, returns="stdout", settings=None, **arguments):
        activity = make_process("script", **(settings or {}))
        return await activity.perform(make_request("script", language=language, returns=returns, **arguments), context)

    return perform


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder of one's own for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def test_a_python_script_gets_all_it_is_given(run):
    output = await run(
        code="import os, sys\nprint(sys.argv[1:], os.environ['FOO'], sys.stdin.read())",
        arguments=["a", 2],
        environment={"FOO": "bar"},
        stdin="in",
    )
    assert output == "['a', '2'] bar in"


@needs_node
@pytest.mark.parametrize("language", ["js", "javascript"])
async def test_a_javascript_module_reads_like_the_specifications_example(run, language):
    output = await run(
        language,
        code="// Reading Input from STDIN\nimport { readFileSync } from 'node:fs';\n"
        "const stdin = readFileSync(process.stdin.fd, 'utf8');\nconsole.log('stdin > ', stdin);\n"
        "const [_, __, arg] = process.argv;\nconsole.log('arg > ', arg);\nconsole.log('env > ', process.env.foo);",
        stdin="Hello Workflow",
        arguments=["hello"],
        environment={"foo": "bar"},
    )
    assert output == "stdin >  Hello Workflow\narg >  hello\nenv >  bar"


@needs_node
async def test_other_javascript_may_require(run):
    code = "const { sep } = require('node:path');\nconst [_, __, a, b] = process.argv;\nconsole.log(sep, a, b)"
    assert await run("js", code=code, arguments=["hello", "world"]) == "/ hello world"


async def test_a_script_that_fails_shows_its_traceback(run):
    with pytest.raises(ActivityError, match="ZeroDivisionError") as caught:
        await run(code="1 / 0")
    assert (caught.value.type, caught.value.status) == ("runtime", 500)


async def test_prints_are_in_the_log_at_once(run, context, tmp_path):
    go = tmp_path / "go"
    code = f"import os, time\nprint('now')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    task = asyncio.ensure_future(run(code=code))
    await context.wait_for_lines()
    assert not task.done()
    go.touch()
    assert await task == "now"


async def test_the_file_is_private_and_removed(run, scratch):
    code = "import os, sys\nprint(sys.argv[0], os.stat(sys.argv[0]).st_mode, os.stat(sys.path[0]).st_mode)"
    output = await run(code=code)
    name, mode, folder_mode = output.split()
    assert Path(name).is_relative_to(scratch)
    assert (stat.S_IMODE(int(mode)), stat.S_IMODE(int(folder_mode))) == (0o600, 0o700)
    assert not any(scratch.iterdir())


@pytest.mark.parametrize(
    "code", ["raise SystemExit(3)", "import os; open(os.path.dirname(__file__) + '/more', 'w')\n1/0"]
)
async def test_the_file_is_removed_after_a_failure_too(run, scratch, code):
    with pytest.raises(ActivityError):
        await run(code=code)
    assert not any(scratch.iterdir())


async def test_the_file_is_removed_after_cancelling(run, scratch, context):
    task = asyncio.ensure_future(run(code="import time\nprint('on')\ntime.sleep(60)"))
    await context.wait_for_lines()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(scratch.iterdir())


async def test_the_source_may_be_a_file_or_a_url(run, serve, tmp_path):
    file = tmp_path / "a script.py"
    file.write_text("print('from a file')")
    assert await run(source={"endpoint": file.as_uri()}) == "from a file"

    async def answer(request):
        return web.Response(text="print('from', 'a server')")

    server = await serve(web.get("/s.py", answer))
    assert await run(source={"endpoint": {"uri": f"http://127.0.0.1:{server.port}/s.py"}}) == "from a server"


async def test_a_source_that_is_not_there_says_so(run, tmp_path):
    with pytest.raises(ActivityError, match="No such file"):
        await run(source={"endpoint": (tmp_path / "none.py").as_uri()})


@pytest.mark.parametrize(
    ("arguments", "type_", "said"),
    [
        ({"language": "ruby", "code": "1"}, "validation", "'python' and 'js'"),
        ({"language": "python"}, "validation", "'code' or a 'source'"),
        ({"language": "python", "code": "a\0b"}, "validation", "script"),
        ({"language": "js", "code": "1", "settings": {"node": "no-such-node"}}, "configuration", "no-such-node"),
    ],
)
async def test_what_cannot_run_is_refused_with_the_reason(run, arguments, type_, said):
    with pytest.raises(ActivityError, match=said) as caught:
        await run(**arguments)
    assert caught.value.type == type_


async def test_the_interpreter_is_the_one_of_the_settings(run):
    assert await run(code="import sys; print(sys.executable)", settings={"python": sys.executable}) == sys.executable
