"""When a run leaves memory, and that it does not take another copy of itself along."""

from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit

CALL = """
document: {dsl: '1.0.3', namespace: test, name: call, version: '1.0.0'}
do:
  - call: {call: http, with: {method: post, endpoint: 'https://a.test'}}
  - pause: {wait: {minutes: 1}}
"""


async def test_what_has_left_memory_does_not_push_the_repaired_run_out():
    copies = []

    def perform(request):
        copies.append(kit.engine._host.runs[request.run_id])
        if len(copies) == 1:
            raise ActivityError("https://kapell.example/broken", 500, "Broken")

    async with EngineKit({"http": perform}) as kit:
        run_id = kit.start(CALL)
        assert (await kit.finish(run_id)).outcome.status == "faulted"
        assert kit.engine.runs_in_memory == 0
        await kit.engine.retry_task(run_id)
        await kit.settle()
        gone, here = copies
        assert gone is not here
        kit.engine._host.forget_if_ended(gone)  # as whatever it had left under way does when it comes back
        assert kit.engine.runs_in_memory == 1
        assert (await kit.finish(run_id)).outcome.status == "completed"
