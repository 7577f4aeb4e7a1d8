"""Suspend, resume, retry, skip and fork: what a person can do with a run (DESIGN: repair)."""

import pytest

from kapell.errors import ConflictError, NotFoundError
from kapell.kernel.events import AttemptCreated, RunForked, TaskPassed, TaskRetried
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, StuckError, Takes


class Service:
    """An activity that fails until it is mended."""

    def __init__(self, takes=0):
        self.broken = True
        self.takes = takes
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        if self.broken:
            return Takes(self.takes, ActivityError("communication", 503, "Busy"))
        return Takes(self.takes, {"fine": request.arguments.get("body")})


CALL = "call: http, with: { method: post, endpoint: 'https://a.test', body: '${ . }' }"


async def test_suspend_starts_nothing_and_resume_goes_on(workflow):
    service = Service(takes=5)
    service.broken = False
    async with EngineKit({"http": service}) as kit:
        run_id = kit.start(workflow(f"- a: {{ {CALL} }}\n- b: {{ {CALL} }}"), 1)
        await kit.settle()
        await kit.engine.suspend_run(run_id)
        await kit.advance(60)
        assert kit.get_state(run_id).status == "suspended"
        assert len(service.asked) == 1
        with pytest.raises(StuckError, match="it is suspended"):
            await kit.finish(run_id)
        await kit.engine.resume_run(run_id)
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"fine": {"fine": 1}}
    assert len(service.asked) == 2


async def test_times_that_came_while_suspended_fire_at_the_resume(workflow):
    async with EngineKit() as kit:
        run_id = kit.start(
            workflow("- w: { wait: { seconds: 10 } }\n- t: { wait: { hours: 9 }, timeout: { after: PT5S } }")
        )
        await kit.settle()
        await kit.engine.suspend_run(run_id)
        await kit.advance(100)
        await kit.engine.resume_run(run_id)
        await kit.settle()
        assert [entry.reference for entry in kit.get_state(run_id).entries.values()] == ["", "/do/1/t"]
        ended = await kit.finish(run_id)
    assert ended.outcome.error.status == 408
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 105


async def test_commands_that_do_not_fit_are_refused_and_change_nothing(workflow):
    async with EngineKit({"http": Service()}) as kit:
        ended = await kit.run(workflow("- a: { set: { x: 1 } }"))
        for command in (kit.engine.suspend_run, kit.engine.resume_run, kit.engine.cancel_run, kit.engine.retry_task):
            with pytest.raises(ConflictError, match="The run is completed"):
                await command(ended.run_id)
        with pytest.raises(ConflictError, match="only a run that is faulted can"):
            await kit.engine.skip_task(ended.run_id)
        with pytest.raises(NotFoundError):
            await kit.engine.cancel_run("nowhere")
        assert kit.read_history(ended.run_id) == ended.history
        running = kit.start(workflow("- a: { wait: PT1H }"))
        await kit.settle()
        with pytest.raises(ConflictError, match="cannot be resumed"):
            await kit.engine.resume_run(running)


async def test_retry_makes_the_faulted_task_again_with_a_new_key(workflow):
    service = Service()
    async with EngineKit({"http": service}) as kit:
        run_id = (
            await kit.run(workflow(f"- s: {{ set: {{ n: 1 }} }}\n- a: {{ {CALL} }}\n- z: {{ set: '${{ . }}' }}"))
        ).run_id
        service.broken = False
        await kit.engine.retry_task(run_id)
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"fine": {"n": 1}}
    assert len({request.key for request in service.asked}) == 2
    assert [request.entry for request in service.asked] == [1, 2]
    assert ended.tasks.count("s") == 1


async def test_retry_with_another_input(workflow):
    service = Service()
    async with EngineKit({"http": service}) as kit:
        run_id = (await kit.run(workflow(f"- a: {{ {CALL} }}"), {"n": 1})).run_id
        service.broken = False
        await kit.engine.retry_task(run_id, value={"n": 2})
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"fine": {"n": 2}}
    assert [event.input for event in ended.history if isinstance(event, TaskRetried)] == [{"n": 2}]


async def test_retry_of_a_task_around_the_faulted_one(workflow):
    service = Service()
    tasks = f"- d: {{ do: [ {{ s: {{ set: {{ n: '${{ .n + 1 }}' }} }} }}, {{ a: {{ {CALL} }} }} ] }}"
    async with EngineKit({"http": service}) as kit:
        run_id = (await kit.run(workflow(tasks), {"n": 1})).run_id
        service.broken = False
        await kit.engine.retry_task(run_id, "/do/0/d", {"n": 7})
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"fine": {"n": 8}}
    assert ended.tasks == ["d", "s", "a", "d", "s", "a"]


async def test_retry_of_a_task_that_is_not_open_says_what_can_be_retried(workflow):
    async with EngineKit({"http": Service()}) as kit:
        run_id = (
            await kit.run(workflow(f"- s: {{ set: {{ n: 1 }} }}\n- d: {{ do: [ {{ a: {{ {CALL} }} }} ] }}"))
        ).run_id
        with pytest.raises(ConflictError, match="What can be retried: /do/1/d/do/0/a, /do/1/d"):
            await kit.engine.retry_task(run_id, "/do/0/s")


async def test_retry_inside_a_loop_goes_on_with_the_iteration(workflow):
    service = Service()
    tasks = f"""
    - l:
        for: {{ in: "[1, 2, 3]" }}
        do:
          - s: {{ set: {{ all: "${{ .all + [$item] }}" }} }}
          - a: {{ if: "$item == 2", {CALL}, output: {{ as: "$input" }} }}
    """
    async with EngineKit({"http": service}) as kit:
        faulted = await kit.run(workflow(tasks))
        assert faulted.outcome.error.instance == "/do/0/l/for/1/do/1/a"
        service.broken = False
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.output == {"all": [1, 2, 3]}


async def test_retry_of_a_branch_goes_on_with_the_others(workflow):
    service = Service(takes=1)
    tasks = f"""
    - f:
        fork:
          branches:
            - a: {{ {CALL}, output: {{ as: "1" }} }}
            - b: {{ do: [ {{ w: {{ wait: PT30S }} }}, {{ s: {{ set: {{ done: true }} }} }} ] }}
    """
    async with EngineKit({"http": service}) as kit:
        faulted = await kit.run(workflow(tasks))
        service.broken = False
        await kit.advance(5)
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.output == [1, {"done": True}]
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 30


async def test_what_a_fault_interrupted_is_made_again_by_a_repair(workflow):
    slow, service = Service(takes=60), Service(takes=1)
    slow.broken = False
    tasks = f"""
    - f:
        fork:
          branches:
            - a: {{ {CALL} }}
            - b: {{ run: {{ shell: {{ command: x }} }} }}
    """
    async with EngineKit({"http": service, "shell": slow}) as kit:
        faulted = await kit.run(workflow(tasks), 4)
        assert len(kit.activities["shell"].cancelled) == 1
        service.broken = False
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.output == [{"fine": 4}, {"fine": None}]
    assert len(slow.asked) == 2
    assert len({request.key for request in slow.asked}) == 1
    (again,) = [event for event in ended.history if isinstance(event, AttemptCreated) and event.reason]
    assert again.reason.code == "interrupted"


async def test_the_timeout_of_a_task_around_does_not_run_while_the_run_stands_still(workflow):
    service = Service(takes=1)
    async with EngineKit({"http": service}) as kit:
        tasks = f"- d: {{ timeout: {{ after: PT10S }}, do: [ {{ a: {{ {CALL} }} }}, {{ w: {{ wait: PT20S }} }} ] }}"
        faulted = await kit.run(workflow(tasks), 1)
        service.broken = False
        await kit.advance(3600)
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.error.status == 408
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 3610


async def test_the_timeout_of_the_workflow_begins_anew(workflow):
    service = Service(takes=1)
    async with EngineKit({"http": service}) as kit:
        text = workflow(f"- a: {{ {CALL} }}\n- w: {{ wait: PT20S }}", more="timeout: { after: PT10S }")
        faulted = await kit.run(text, 1)
        service.broken = False
        await kit.advance(3600)
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.error.status == 408
    assert (ended.history[-1].at - faulted.history[-1].at) / 1e6 == 3610


async def test_a_run_that_its_timeout_ended_can_be_carried_on(workflow):
    async with EngineKit() as kit:
        faulted = await kit.run(workflow("- w: { wait: PT15S }", more="timeout: { after: PT10S }"), {"a": 1})
        assert faulted.outcome.error.status == 408
        await kit.engine.retry_task(faulted.run_id)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.output == {"a": 1}


@pytest.mark.parametrize(("given", "output"), [((), {"n": 1}), (({"m": 2},), {"m": 2})])
async def test_skip_lets_the_task_count_as_done(workflow, given, output):
    async with EngineKit({"http": Service()}) as kit:
        faulted = await kit.run(workflow(f"- a: {{ {CALL} }}\n- z: {{ set: {{ last: '${{ . }}' }} }}"), {"n": 1})
        await kit.engine.skip_task(faulted.run_id, *given)
        ended = await kit.finish(faulted.run_id)
    assert ended.outcome.output == {"last": output}
    assert len([event for event in ended.history if isinstance(event, TaskPassed)]) == 1


async def test_a_fault_outside_of_tasks_cannot_be_repaired(workflow):
    async with EngineKit() as kit:
        for more in ("input: { from: .a.b }", "output: { as: .a.b }"):
            faulted = await kit.run(workflow("- a: { set: { a: 1 } }", more=more), {"a": 1})
            assert faulted.outcome.status == "faulted"
            with pytest.raises(ConflictError, match="outside of its tasks"):
                await kit.engine.retry_task(faulted.run_id)
            with pytest.raises(ConflictError, match="none to skip"):
                await kit.engine.skip_task(faulted.run_id)


async def test_a_run_can_be_repaired_more_than_once_and_after_a_restart(workflow):
    service = Service()
    async with EngineKit({"http": service}) as kit:
        run_id = (await kit.run(workflow(f"- a: {{ {CALL} }}"), 1)).run_id
        for _ in range(3):
            await kit.crash()
            await kit.engine.retry_task(run_id)
            assert (await kit.finish(run_id)).outcome.status == "faulted"
        service.broken = False
        await kit.engine.retry_task(run_id)
        ended = await kit.finish(run_id)
    assert ended.outcome.output == {"fine": 1}
    assert len(service.asked) == 5


# -- fork from here ---------------------------------------------------------------------------------------------------


async def test_fork_keeps_the_results_before_a_task_and_says_what_happens_again(workflow):
    service = Service()
    service.broken = False
    tasks = f"""
    - first: {{ {CALL}, export: {{ as: "{{ kept: . }}" }} }}
    - second: {{ {CALL}, output: {{ as: "$input" }} }}
    - d:
        do:
          - third: {{ run: {{ shell: {{ command: x }} }} }}
          - z: {{ set: {{ context: "${{ $context }}", input: "${{ $workflow.input }}" }} }}
    """
    async with EngineKit({"http": service, "shell": service}) as kit:
        source = await kit.run(workflow(tasks), 5)
        forked, repeats = await kit.engine.fork_run(source.run_id, "/do/1/second")
        ended = await kit.finish(forked)
        assert [(repeat.reference, repeat.what) for repeat in repeats] == [
            ("/do/1/second", "call: http"),
            ("/do/2/d/do/0/third", "run: shell"),
        ]
        assert kit.read_history(source.run_id) == source.history
    assert ended.outcome.output == source.outcome.output == {"context": {"kept": {"fine": 5}}, "input": 5}
    assert ended.tasks == ["second", "d", "third", "z"]
    assert isinstance(ended.history[0], RunForked)
    assert len([event for event in ended.history if isinstance(event, AttemptCreated)]) == 2


async def test_fork_inside_nested_lists_and_functions(workflow):
    body = "[ { a: { set: { n: '${ .n + 1 }' } } }, { b: { set: { n: '${ .n * 10 }' } } } ]"
    more = f"use: {{ functions: {{ f: {{ do: {body} }} }} }}"
    async with EngineKit() as kit:
        text = workflow(
            "- d: { do: [ { c: { call: f, with: { n: '${ .n }' } } }, { e: { set: { n: '${ .n + 1 }' } } } ] }",
            more=more,
        )
        source = await kit.run(text, {"n": 1})
        forked, _ = await kit.engine.fork_run(source.run_id, "/do/0/d/do/0/c/call/f/do/1/b")
        ended = await kit.finish(forked)
    assert ended.outcome.output == source.outcome.output == {"n": 21}
    assert ended.tasks == ["d", "c", "f", "b", "e"]


@pytest.mark.parametrize(
    ("task", "reference", "kind"),
    [
        ("{ for: { in: '[1]' }, do: [ { a: { set: { x: 1 } } } ] }", "/do/0/t/for/0/do/0/a", "for"),
        ("{ fork: { branches: [ { a: { set: { x: 1 } } } ] } }", "/do/0/t/fork/branches/0/a", "fork"),
        ("{ try: [ { a: { set: { x: 1 } } } ], catch: {} }", "/do/0/t/try/0/a", "try"),
    ],
)
async def test_fork_is_refused_where_it_cannot_be_right(workflow, task, reference, kind):
    async with EngineKit() as kit:
        source = await kit.run(workflow(f"- t: {task}"))
        with pytest.raises(ConflictError, match=f"lies within a `{kind}`"):
            await kit.engine.fork_run(source.run_id, reference)


async def test_fork_at_a_task_that_was_not_reached_is_refused(workflow):
    async with EngineKit() as kit:
        source = await kit.run(workflow("- a: { set: { x: 1 }, then: end }\n- b: { set: { x: 1 } }"))
        with pytest.raises(ConflictError, match="never came to `/do/1/b`"):
            await kit.engine.fork_run(source.run_id, "/do/1/b")
        with pytest.raises(NotFoundError):
            await kit.engine.fork_run("nowhere", "/do/0/a")


async def test_a_forked_run_has_the_workflows_timeout_and_can_itself_be_recovered(workflow):
    async with EngineKit() as kit:
        text = workflow("- a: { wait: PT4S }\n- b: { wait: PT9S }", more="timeout: { after: PT15S }")
        source = await kit.run(text, {"n": 1})
        forked, _ = await kit.engine.fork_run(source.run_id, "/do/0/a")
        await kit.advance(5)
        await kit.crash()
        ended = await kit.finish(forked)
        assert ended.outcome.output == {"n": 1}
