"""Child runs: awaited or not, their faults and cancellation, and definitions that are not there."""

import pytest

from kapell.engine.store import RunFilter
from kapell.kernel.limits import Limits
from kapell.testing.engine_kit import EngineKit

HEAD = "document: {{ dsl: '1.0.3', namespace: test, name: {name}, version: '{version}' }}\ndo: {tasks}"


def child(tasks, *, name="child", version="1.0.0"):
    return HEAD.format(name=name, version=version, tasks=tasks)


def call(version="1.0.0", *, name="child", more=""):
    return f"run: {{ workflow: {{ namespace: test, name: {name}, version: {version}{more} }} }}"


ADD = child("[ { a: { set: { n: '${ .n + 1 }' } } } ]")


async def test_the_childs_output_is_the_tasks(workflow):
    async with EngineKit(workflows=[ADD]) as kit:
        ended = await kit.run(
            workflow(f"- c: {{ {call(more=', input: { n: 5 }')}, output: {{ as: '{{ got: .n }}' }} }}")
        )
        assert ended.outcome.output == {"got": 6}
        (record,) = [r for r in kit.store.list_runs(RunFilter(), limit=9) if r.parent_run_id]
        assert (record.name, record.parent_run_id, record.status) == ("child", ended.run_id, "completed")


async def test_without_input_the_child_gets_the_tasks_input(workflow):
    async with EngineKit(workflows=[ADD]) as kit:
        ended = await kit.run(workflow(f"- c: {{ input: {{ from: '{{ n: .m }}' }}, {call()} }}"), {"m": 1})
    assert ended.outcome.output == {"n": 2}


async def test_a_child_waits_in_its_own_time(workflow):
    async with EngineKit(workflows=[child("[ { w: { wait: PT1H } } ]")]) as kit:
        ended = await kit.run(workflow(f"- c: {{ {call()} }}"), {"n": 1})
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 3600


async def test_a_childs_fault_is_the_tasks_error_and_can_be_caught(workflow):
    failing = child(
        "[ { f: { raise: { error: { type: 'https://a.test/x', status: 418, title: Teapot, detail: hot } } } } ]"
    )
    async with EngineKit(workflows=[failing]) as kit:
        ended = await kit.run(
            workflow(
                f"""
                - t:
                    try: [ {{ c: {{ {call()} }} }} ]
                    catch:
                      errors: {{ with: {{ status: 418 }} }}
                      do: [ {{ h: {{ set: {{ e: "${{ $error }}" }} }} }} ]
                """
            )
        )
    error = ended.outcome.output["e"]
    assert (error["type"], error["title"], error["instance"]) == ("https://a.test/x", "Teapot", "/do/0/t/try/0/c")
    assert "/do/0/f" in error["detail"]
    assert "hot" in error["detail"]


async def test_a_cancelled_child_is_a_runtime_error_of_the_task(workflow):
    async with EngineKit(workflows=[child("[ { w: { wait: PT1H } } ]")]) as kit:
        run_id = kit.start(workflow(f"- c: {{ {call()} }}"))
        await kit.settle()
        (record,) = [record for record in kit.store.list_unfinished() if record.parent_run_id]
        await kit.engine.cancel_run(record.run_id)
        ended = await kit.finish(run_id)
    assert ended.outcome.error.type.endswith("/runtime")
    assert "was cancelled" in ended.outcome.error.detail


async def test_a_child_that_is_not_awaited_goes_its_own_way(workflow):
    async with EngineKit(workflows=[child("[ { w: { wait: PT1H } }, { f: { set: '${ . }' } } ]")]) as kit:
        text = workflow(
            "- c:\n"
            "    run: { workflow: { namespace: test, name: child, version: 1.0.0, input: { n: 9 } }, await: false }\n"
            "- z: { set: { went: '${ . }' } }"
        )
        ended = await kit.run(text, {"n": 1})
        assert ended.outcome.output == {"went": {"n": 1}}
        (record,) = kit.store.list_unfinished()
        assert record.parent_run_id is None
        assert (await kit.finish(record.run_id)).outcome.output == {"n": 9}


async def test_what_a_timeout_ends_it_cancels_in_the_child_too(workflow):
    async with EngineKit(workflows=[child("[ { w: { wait: PT1H } } ]")]) as kit:
        ended = await kit.run(workflow(f"- c: {{ {call()}, timeout: {{ after: PT5S }} }}"))
        assert ended.outcome.error.status == 408
        await kit.settle()
        assert kit.store.list_unfinished() == []


@pytest.mark.parametrize("awaited", ["true", "false"])
async def test_a_workflow_that_is_not_offered_is_a_configuration_error(workflow, awaited):
    async with EngineKit(workflows=[ADD]) as kit:
        text = workflow(
            f"- c: {{ run: {{ workflow: {{ namespace: test, name: chidl, version: 1.0.0 }}, await: {awaited} }} }}"
        )
        error = (await kit.run(text)).outcome.error
    assert error.type.endswith("/configuration")
    assert error.instance == "/do/0/c"
    assert "test/chidl:1.0.0" in error.detail
    assert "test/child:1.0.0" in error.detail


async def test_latest_is_the_highest_version(workflow):
    versions = ["1.2.0", "1.10.0", "1.10.0-rc.2", "0.99.0"]
    offered = [child(f"[ {{ a: {{ set: {{ v: '{version}' }} }} }} ]", version=version) for version in versions]
    async with EngineKit(workflows=offered) as kit:
        assert (await kit.run(workflow(f"- c: {{ {call('latest')} }}"))).outcome.output == {"v": "1.10.0"}
        assert (await kit.run(workflow(f"- c: {{ {call('1.10.0-rc.2')} }}"))).outcome.output == {"v": "1.10.0-rc.2"}


async def test_many_children_at_once_and_children_of_children(workflow):
    nested = child(f"[ {{ c: {{ {call()} }} }} ]", name="nested")
    async with EngineKit(workflows=[ADD, nested]) as kit:
        branches = "".join(
            f"\n            - b{number}: {{ {call(name='nested', more=f', input: {{ n: {number} }}')} }}"
            for number in range(20)
        )
        ended = await kit.run(workflow(f"- f:\n    fork:\n      branches:{branches}"))
    assert [output["n"] for output in ended.outcome.output] == list(range(1, 21))


async def test_children_are_found_again_after_a_crash(workflow):
    waiting = child("[ { w: { wait: PT1H } }, { a: { set: { n: '${ .n + 1 }' } } } ]")
    async with EngineKit(workflows=[waiting]) as kit:
        run_id = kit.start(workflow(f"- c: {{ {call()} }}\n- d: {{ {call()} }}"), {"n": 1})
        await kit.advance(1800)
        await kit.crash()
        await kit.advance(3600)
        await kit.crash()
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"n": 3}
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 7200


async def test_a_child_that_the_winner_of_a_race_makes_needless_is_cancelled(workflow):
    async with EngineKit(workflows=[child("[ { w: { wait: PT1H } } ]")]) as kit:
        text = workflow(
            "- f: { fork: { compete: true, branches: "
            f"[ {{ c: {{ {call()} }} }}, {{ s: {{ set: {{ won: true }} }} }} ] }} }}"
        )
        ended = await kit.run(text)
        assert ended.outcome.output == {"won": True}
        await kit.settle()
        assert kit.store.list_unfinished() == []


async def test_a_workflow_that_runs_itself_meets_a_limit(workflow):
    endless = child(f"[ {{ c: {{ {call(name='endless')} }} }} ]", name="endless")
    async with EngineKit(workflows=[endless], limits=Limits(max_depth=20)) as kit:
        ended = await kit.run(endless)
        assert "nested 20 deep" in ended.outcome.error.detail
        assert len(kit.store.list_runs(RunFilter(), limit=99)) == 21
        assert kit.store.list_unfinished() == []
