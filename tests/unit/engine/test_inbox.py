"""Commands that other processes leave: obeyed once, or answered with the reason why not."""

import asyncio

import pytest

from kapell.engine.inbox import encode_command
from kapell.kernel import commands as c
from kapell.reasons import Reason
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit

HEAD = "document: { dsl: '1.0.3', namespace: test, name: inbox, version: '1.0.0' }\n"
WAIT = HEAD + "do: [ { w: { wait: PT1H } } ]"
WHY = Reason("asked", "Another process asks.")


async def leave(kit, run_id, command):
    """Leave a command as another process does, and return what became of it."""
    other = kit.store.reopen()
    body = command if isinstance(command, bytes) else encode_command(command)
    number = other.put_command(run_id, body, kit.clock.now())
    for _ in range(100):
        await asyncio.sleep(0.02)
        answer = other.find_answer(number)
        if answer is not None:
            return answer.error
    raise AssertionError("the command was not answered")


async def test_commands_are_obeyed(caplog):
    async with EngineKit() as kit:
        run_id = kit.start(WAIT)
        await kit.settle()
        assert await leave(kit, run_id, c.SuspendRun(reason=WHY)) == ""
        assert kit.get_state(run_id).status == "suspended"
        assert await leave(kit, run_id, c.ResumeRun()) == ""
        assert kit.get_state(run_id).status == "running"
        assert await leave(kit, run_id, c.CancelRun(reason=WHY)) == ""
        assert (await kit.finish(run_id)).outcome.status == "cancelled"
        assert kit.store.list_commands() == []


async def test_a_faulted_run_is_repaired_from_outside():
    answers = iter([ActivityError("communication", 503, "Oh"), "fine"])

    def call(_request):
        answer = next(answers)
        if isinstance(answer, ActivityError):
            raise answer
        return answer

    async with EngineKit({"http": call}) as kit:
        text = HEAD + "do: [ { a: { call: http, with: { method: get, endpoint: 'https://a.test' } } } ]"
        run_id = (await kit.run(text)).run_id
        assert await leave(kit, run_id, c.RetryTask(reason=WHY, input={"n": 2})) == ""
        assert (await kit.finish(run_id)).outcome.output == "fine"


@pytest.mark.parametrize(
    ("command", "said"),
    [(c.ResumeRun(), "cannot be resumed"), (c.RetryTask(reason=WHY), "cannot be retried"), (b"{}", "command")],
)
async def test_what_does_not_fit_is_answered_with_the_reason(command, said):
    async with EngineKit() as kit:
        run_id = kit.start(WAIT)
        await kit.settle()
        assert said in await leave(kit, run_id, command)
        assert kit.get_state(run_id).status == "running"


async def test_a_command_for_no_run_is_answered():
    async with EngineKit() as kit:
        assert "no run" in await leave(kit, "nowhere", c.ResumeRun())


async def test_a_command_that_was_left_while_nobody_worked_is_obeyed_at_the_start():
    async with EngineKit() as kit:
        run_id = kit.start(WAIT)
        await kit.settle()
        await kit.engine.close()
        kit.store.reopen().put_command(run_id, encode_command(c.CancelRun(reason=WHY)), kit.clock.now())
        await kit.crash()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if kit.store.get_record(run_id).status == "cancelled":
                return
    raise AssertionError("it was not obeyed")
