"""The helper process: results, limits, isolation, and that no evaluation disturbs another or the event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import textwrap
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kapell.engine.expression_helper import ExpressionHelper, HelperResult
from kapell.language.expressions import HelperTask, compile_expression, make_helper_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIB = 2**20
MAX_BLOCKED_SECONDS = 0.1


def make_task(source: str, document: Any = None, variables: dict[str, Any] | None = None) -> HelperTask:
    return make_helper_task(compile_expression(source), document, variables or {})


async def ask(helper: ExpressionHelper, source: str, document: Any = None, **variables: Any) -> HelperResult:
    (result,) = await helper.evaluate([make_task(source, document, variables)])
    return result


def list_pids(helper: ExpressionHelper) -> set[int]:
    return {child._process.pid for child in [*helper._idle, *helper._busy]}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@asynccontextmanager
async def watch_loop() -> AsyncIterator[None]:
    """Fail if the loop's thread works for over 100 ms between two ticks.

    Its processor time is measured, so that a busy machine does not fail the test; and what the test runner itself keeps
    in memory is kept from the garbage collector, which would walk through all of it.
    """
    worst = 0.0
    gc.collect()
    gc.freeze()

    async def tick() -> None:
        nonlocal worst
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.002)
            worst = max(worst, time.thread_time() - before)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        ticking.cancel()
        gc.unfreeze()
        with suppress(asyncio.CancelledError):
            await ticking
    assert worst < MAX_BLOCKED_SECONDS, f"the loop was blocked for {worst:.3f} s"


async def test_results_errors_and_order() -> None:
    async with ExpressionHelper() as helper:
        results = await helper.evaluate(
            [
                make_task('test("b")', "abc"),
                make_task("$x + $y.z # a comment", None, {"x": 1, "y": {"z": 2}}),
                make_task('gsub("a"; $name)', "banana", {"name": "é😀"}),
                make_task("empty"),
                make_task("now | type # a comment \\"),
                make_task('.[] | test("x")', ["x", 5]),
                make_task('error("no " + .)', "way"),
                make_task("nan"),
                make_task('"a" | error({code: 1})'),
            ]
        )
    assert results[0] == HelperResult(value=True)
    assert results[1] == HelperResult(value=3)
    assert results[2] == HelperResult(value="bé😀né😀né😀")
    assert results[3] == HelperResult(value=None)
    assert results[4] == HelperResult(value="number")
    assert results[5] == HelperResult(value=True)
    assert results[6] == HelperResult(error="no way")
    assert results[7] == HelperResult(value=None)
    assert results[8].error == '{"code": 1}'


async def test_a_process_is_started_when_needed_and_used_again() -> None:
    async with ExpressionHelper(processes=2) as helper:
        assert list_pids(helper) == set()
        await ask(helper, 'test("a")', "a")
        pids = list_pids(helper)
        assert len(pids) == 1
        for _ in range(20):
            assert (await ask(helper, 'test("a")', "a")).value is True
        assert list_pids(helper) == pids
        await helper.evaluate([make_task('test("a")', "a") for _ in range(20)])
        assert len(list_pids(helper)) <= 2
        pids = list_pids(helper)
    assert not any(is_alive(pid) for pid in pids)


HOSTILE: list[tuple[str, Any, str]] = [
    ("[recurse(.)]", 1, "limit"),
    ("[range(1e18)]", None, "limit"),
    ("last(range(1e18))", None, "longer than 1.5 s"),
    ("def f: f; f", None, "longer than 1.5 s"),
    ("def f: [f]; f", None, "limit"),
    ("reduce range(1e9) as $i (0; . + 1)", None, "longer than 1.5 s"),
    ('reduce range(1e9) as $i ("ab"; . + .)', None, "limit"),
    ("reduce range(60) as $i ([1]; [., .])", None, "limit"),
    ('"a" * 1e9 | length', None, "MiB of memory"),
    ('"a" * 1e8', None, "limit"),
    ("[range(1e5) | tostring * 1000]", None, "limit"),
    ('[range(2000) | "x" * 51000]', None, "limit"),
    ("reduce range(20000) as $i (0; [.])", None, "nested too deeply"),
    ('test("^(a+)+$")', "a" * 4000 + "b", ""),
    ('test("(x+x+)+y")', "x" * 4000, ""),
]


@pytest.mark.parametrize(("source", "document", "says"), HOSTILE, ids=[source[:30] for source, _, _ in HOSTILE])
async def test_hostile_evaluations_end_with_a_clear_error(source: str, document: Any, says: str) -> None:
    limits = {"time_limit_seconds": 1.5, "memory_limit_bytes": 300 * MIB, "output_limit_bytes": 8 * MIB}
    async with ExpressionHelper(processes=1, **limits) as helper, watch_loop():
        began = time.monotonic()
        result = await asyncio.wait_for(ask(helper, source, document), 60)
        assert result.error is not None
        assert says in result.error
        assert time.monotonic() - began < 30
        assert await ask(helper, 'test("a")', "a") == HelperResult(value=True)


async def test_a_process_that_gets_no_turn_for_longer_than_the_limit_still_succeeds() -> None:
    async with ExpressionHelper(processes=1, time_limit_seconds=1.0) as helper:
        await ask(helper, 'test("a")', "a")
        (pid,) = list_pids(helper)
        os.kill(pid, signal.SIGSTOP)
        under_way = asyncio.create_task(ask(helper, 'test("a")', "a"))
        await asyncio.sleep(1.5)
        os.kill(pid, signal.SIGCONT)
        assert await under_way == HelperResult(value=True)


async def test_a_process_that_never_gets_a_turn_is_given_up() -> None:
    async with ExpressionHelper(processes=1, time_limit_seconds=0.1) as helper:
        await ask(helper, 'test("a")', "a")
        (pid,) = list_pids(helper)
        os.kill(pid, signal.SIGSTOP)
        result = await asyncio.wait_for(ask(helper, 'test("a")', "a"), 30)
    assert result.error is not None
    assert "longer than 0.1 s" in result.error


async def test_the_limit_counts_each_evaluation_of_a_process_anew() -> None:
    async with ExpressionHelper(processes=1, time_limit_seconds=1.0) as helper:
        for _ in range(8):
            result = await ask(helper, "last(range(500000))", None)
            assert result == HelperResult(value=499_999)
        assert len(list_pids(helper)) == 1


async def test_others_do_not_notice() -> None:
    async with ExpressionHelper(processes=2, time_limit_seconds=1.0) as helper:
        tasks = [make_task('test("a")', "a"), make_task("def f: f; f"), *[make_task('test("b")', "a")] * 30]
        results = await helper.evaluate(tasks)
    assert results[0].value is True
    assert results[1].error is not None
    assert [result.value for result in results[2:]] == [False] * 30


async def test_a_killed_process_is_replaced() -> None:
    async with ExpressionHelper(processes=1) as helper:
        await ask(helper, 'test("a")', "a")
        (pid,) = list_pids(helper)
        os.kill(pid, signal.SIGKILL)
        while is_alive(pid):  # noqa: ASYNC110 -- the kernel sets no asyncio event
            await asyncio.sleep(0.01)
        assert await ask(helper, 'test("a")', "a") == HelperResult(value=True)


async def test_a_cancelled_evaluation_leaves_no_trace() -> None:
    async with ExpressionHelper(processes=1) as helper:
        await ask(helper, 'test("a")', "a")
        (pid,) = list_pids(helper)
        under_way = asyncio.create_task(ask(helper, "def f: f; f"))
        await asyncio.sleep(0.1)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        assert not is_alive(pid)
        assert await ask(helper, 'test("b")', "a") == HelperResult(value=False)


async def test_closing_ends_what_is_under_way() -> None:
    helper = ExpressionHelper(processes=1)
    running = [asyncio.create_task(ask(helper, "def f: f; f")) for _ in range(3)]
    while not list_pids(helper):  # noqa: ASYNC110 -- nothing is announced
        await asyncio.sleep(0.01)
    pids = list_pids(helper)
    await helper.close()
    results = await asyncio.wait_for(asyncio.gather(*running), 10)
    assert all("shutting down" in (result.error or "") for result in results)
    assert not any(is_alive(pid) for pid in pids)


def make_large_document() -> Any:
    return {
        "rows": [{"id": number, "name": f"n{number}", "tags": ["a", "b"], "n": None} for number in range(60_000)],
        "text": "é" * 1_000_000,
        "numbers": list(range(300_000)),
        "nested": {"deeper": {"x": [[number] * 40 for number in range(5_000)]}, "": {}},
        "small": [1.5, True, {}],
    }


async def test_large_documents_go_there_and_back_without_blocking_the_loop() -> None:
    document = make_large_document()
    async with ExpressionHelper(processes=1, time_limit_seconds=60, memory_limit_bytes=2048 * MIB) as helper:
        async with watch_loop():
            result = await ask(helper, "if false then now else . end", document)
        assert result.error is None
        assert result.value == document
        assert list(result.value) == list(document)
        assert (await ask(helper, "[now] | length")).value == 1


async def test_deep_documents_are_refused() -> None:
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    async with ExpressionHelper() as helper:
        result = await ask(helper, 'test("a")', deep)
        assert result.error is not None
        assert "nested too deeply" in result.error
        assert await ask(helper, 'test("a")', "a") == HelperResult(value=True)


async def test_what_libjq_would_change_is_refused() -> None:
    async with ExpressionHelper() as helper:
        for document in (2**53 + 1, [{"a": -(2**60)}], {"a": [*range(5_000), 2**64]}):
            result = await ask(helper, "[.. | now]", document)
            assert result.error is not None
            assert "would round the integer" in result.error
        result = await ask(helper, 'test("a")', ["\ud800"])
        assert result.error is not None
        assert "surrogate" in result.error
        fitting = [2**53, -(2**53), "9007199254740993", 1e300]
        assert (await ask(helper, "if false then now else . end", fitting)).value == fitting
        assert (await ask(helper, ".a | now | type", {"a": 1, "b": 2**60})).value == "number"


async def test_the_process_is_alone() -> None:
    os.environ["KAPELL_TEST_MARK"] = "visible"
    try:
        async with ExpressionHelper(processes=1) as helper:
            (result,) = await helper.evaluate([HelperTask("env", None, {})])
            (pid,) = list_pids(helper)
            folder = Path(f"/proc/{pid}")
            descriptors = {int(entry.name) for entry in (folder / "fd").iterdir()}
            assert (folder / "environ").read_bytes() == b""
            assert (folder / "cwd").readlink() == Path("/")
    finally:
        del os.environ["KAPELL_TEST_MARK"]
    assert "KAPELL_TEST_MARK" not in result.value
    assert "PATH" not in result.value
    assert descriptors == {0, 1, 2}


async def test_the_process_dies_with_its_engine() -> None:
    script = textwrap.dedent(
        """
        import asyncio
        from kapell.engine.expression_helper import ExpressionHelper
        from kapell.language.expressions import HelperTask

        async def main():
            helper = ExpressionHelper(processes=1, time_limit_seconds=600)
            await helper.evaluate([HelperTask("1", None, {})])
            print(helper._idle[0]._process.pid, flush=True)
            await helper.evaluate([HelperTask("def f: f; f", None, {})])

        asyncio.run(main())
        """
    )
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert engine.stdout is not None
    pid = int(await engine.stdout.readline())
    await asyncio.sleep(0.1)
    assert is_alive(pid)
    engine.kill()
    await engine.wait()
    async with asyncio.timeout(10):
        while is_alive(pid):  # noqa: ASYNC110 -- the kernel sets no asyncio event
            await asyncio.sleep(0.01)


async def test_a_process_that_does_not_start_is_an_error_of_that_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("raise SystemExit(3)\n")
    monkeypatch.setattr("kapell.engine.expression_helper.client._CHILD", broken)
    async with ExpressionHelper(processes=1) as helper:
        assert "could not be started" in str((await ask(helper, 'test("a")', "a")).error)
        monkeypatch.undo()
        assert await ask(helper, 'test("a")', "a") == HelperResult(value=True)
