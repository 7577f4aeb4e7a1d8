"""The activity behind `run: script`."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kapell.connectors.http.activity import read_endpoint
from kapell.connectors.http.documents import fetch_document
from kapell.connectors.process.runner import check_text, make_environment
from kapell.sdk import ActivityContext, ActivityError, ActivityRequest

if TYPE_CHECKING:
    from kapell.connectors.http.client import HttpClient
    from kapell.connectors.process.runner import ProcessRunner

_PYTHON = frozenset({"python"})
_JAVASCRIPT = frozenset({"js", "javascript"})
# Comments, strings and template literals: what stands in them is no statement.
_QUOTED = re.compile(r"""/\*.*?\*/|//[^\n]*|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_MODULE_STATEMENT = re.compile(
    r"^[ \t]*(?:import\b\s*(?![\s(.])|export\b\s*[\w{*])|^(?:(?:const|let)\b.*=\s*|for\s+)?await\b|\bimport\.meta\b",
    re.MULTILINE,
)


class ScriptActivity:
    """Carries out `run: script` (DSL reference, "Script Process") in Python and JavaScript.

    The script runs from a file that only its owner can read, in a directory of its own, which is removed afterwards.
    """

    def __init__(self, runner: ProcessRunner, client: HttpClient) -> None:
        """Run processes by this runner, and fetch the sources of scripts by this client; both may be shared."""
        self._runner = runner
        self._client = client

    def is_idempotent(self, request: ActivityRequest) -> bool:  # noqa: ARG002 -- the contract
        """Say no: nobody knows what a script does."""
        return False

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:
        """Run the script and return what the task's `return` asks for.

        Raises:
            ActivityError: The arguments cannot be used, it could not be started, wrote too much, or failed.
            asyncio.CancelledError: It was cancelled, and everything that it started is gone.
        """
        language = str(request.arguments.get("language", "")).lower()
        if language not in _PYTHON | _JAVASCRIPT:
            raise _refuse(f"The language '{language}' is not supported; 'python' and 'js' are.")
        code = await self._read_code(request)
        check_text(request, code, "The script")
        interpreter, suffix = self._choose_interpreter(request, language, code)
        folder = Path(tempfile.mkdtemp(prefix="kapell-"))
        try:
            file = folder / f"script{suffix}"
            file.touch(mode=0o600)
            file.write_text(code, encoding="utf-8", newline="")
            return await self._runner.run(request, context, [*interpreter, str(file)], remove=str(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        """End the supervisor."""
        await self._runner.close()

    async def _read_code(self, request: ActivityRequest) -> str:
        code, source = request.arguments.get("code"), request.arguments.get("source")
        if isinstance(code, str):
            return code
        if not isinstance(source, dict):
            raise _refuse("The script needs its 'code' or a 'source'.")
        uri, policy = read_endpoint(source.get("endpoint"), request.input)
        document = await fetch_document(self._client, uri, policy)
        return document.body.decode(errors="replace") if document else ""

    def _choose_interpreter(self, request: ActivityRequest, language: str, code: str) -> tuple[list[str], str]:
        settings = self._runner.settings
        if language in _PYTHON:
            return [_find_program(request, settings.python, settings.inherited_environment), "-u"], ".py"
        node = _find_program(request, settings.node, settings.inherited_environment)
        return [node], ".mjs" if is_module(code) else ".cjs"


def is_module(code: str) -> bool:
    """Tell whether JavaScript has to be read as a module: it imports, exports or awaits at its top level."""
    statements = _QUOTED.sub(lambda match: "" if match[0].startswith("/") else '""', code)
    return bool(_MODULE_STATEMENT.search(statements))


def _find_program(request: ActivityRequest, name: str, inherited: tuple[str, ...]) -> str:
    path = shutil.which(name, path=make_environment(request, inherited).get("PATH"))
    if path is None:
        detail = f"The interpreter '{name}' is not on this machine: install it, or set its path in the settings."
        raise ActivityError("configuration", 500, "Interpreter not found", detail)
    return path


def _refuse(detail: str) -> ActivityError:
    return ActivityError("validation", 400, "Invalid arguments of run: script", detail)
