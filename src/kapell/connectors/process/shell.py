"""The activity behind `run: shell`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.connectors.process.runner import check_text
from kapell.sdk import ActivityContext, ActivityError, ActivityRequest

if TYPE_CHECKING:
    from kapell.connectors.process.runner import ProcessRunner


class ShellActivity:
    """Carries out `run: shell` (DSL reference, "Shell Process"): `sh -c command sh argument...`, `$1` being the first.

    What the command leaves running when it ends is ended too. The output is without the line ends at its end.
    """

    def __init__(self, runner: ProcessRunner) -> None:
        """Run processes by this runner, which may be shared."""
        self._runner = runner

    def is_idempotent(self, request: ActivityRequest) -> bool:  # noqa: ARG002 -- the contract
        """Say no: nobody knows what a command does."""
        return False

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:
        """Run the command and return what the task's `return` asks for.

        Raises:
            ActivityError: The arguments cannot be used, it could not be started, wrote too much, or failed.
            asyncio.CancelledError: It was cancelled, and everything that it started is gone.
        """
        command = request.arguments.get("command")
        if not isinstance(command, str):
            detail = f"The command must be a string; it is {command!r}."
            raise ActivityError("validation", 400, "Invalid arguments of run: shell", detail)
        check_text(request, command, "The command")
        shell = self._runner.settings.shell
        return await self._runner.run(request, context, [shell, "-c", command, shell.rpartition("/")[2]])

    async def close(self) -> None:
        """End the supervisor."""
        await self._runner.close()
