"""The arguments of expressions: `$context`, `$input`, `$task` and the others (dsl.md, Runtime Expressions).

Only those that an expression names are built, as most expressions name none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from kapell import __version__
from kapell.kernel.events import from_micros
from kapell.kernel.state import State
from kapell.language.program import Node, Program

if TYPE_CHECKING:
    from collections.abc import Callable

_LIVE: Any = object()
NO_VARIABLES: Mapping[str, Any] = {}
RUNTIME_DESCRIPTOR = {"name": "kapell", "version": __version__, "metadata": {}}


class Surroundings(msgspec.Struct):
    """What an expression of a task can see: the run, the task, and the names of loops and handlers around it.

    Attributes:
        reference: The task's reference, for `$task` and for errors.
        raw_input: The task's raw input.
        input: Its transformed input, once there is one.
        output: Its transformed output, once there is one.
        raw_output: Its raw output, once there is one.
        context: The context, where it was kept from an earlier moment.
    """

    program: Program
    state: State
    node: Node
    reference: str
    scope: int
    named: Mapping[str, Any]
    raw_input: Any
    started_at: int
    input: Any = None
    output: Any = None
    raw_output: Any = None
    secrets: Mapping[str, Any] | None = None
    context: Any = _LIVE

    def variables(self, names: frozenset[str], extra: Mapping[str, Any] = NO_VARIABLES) -> Mapping[str, Any]:
        """Build the variables of these names; `extra` goes before the rest."""
        if not names:
            return NO_VARIABLES
        return {name: extra[name] if name in extra else self._build(name) for name in names}

    def _build(self, name: str) -> Any:
        if name in self.named:
            return self.named[name]
        builder = _BUILDERS.get(name)
        return None if builder is None else builder(self)

    def describe_task(self) -> dict[str, Any]:
        """Return the Task Descriptor (dsl.md)."""
        return {
            "name": self.node.name,
            "reference": self.reference,
            "definition": self.node.definition,
            "input": self.raw_input,
            "output": self.raw_output,
            "startedAt": describe_moment(self.started_at),
        }

    def describe_workflow(self) -> dict[str, Any]:
        """Return the Workflow Descriptor (dsl.md)."""
        return {
            "id": self.state.run_id,
            "definition": self.program.definition,
            "input": self.state.raw_input,
            "startedAt": describe_moment(self.state.started_at),
        }

    def describe_authorization(self) -> dict[str, Any] | None:
        """Name the scheme; the parameter is a secret, which no expression gets to see once the call is made."""
        scheme = getattr(self.node.spec, "scheme", None)
        return None if scheme is None else {"scheme": scheme, "parameter": "***"}


def describe_moment(micros: int) -> dict[str, Any]:
    """Return the DateTime Descriptor of a moment (dsl.md) given in microseconds since 1970-01-01 UTC."""
    text = from_micros(micros).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"iso8601": text, "epoch": {"seconds": micros // 1_000_000, "milliseconds": micros // 1000}}


_BUILDERS: dict[str, Callable[[Surroundings], Any]] = {
    "context": lambda at: at.state.contexts.get(at.scope) if at.context is _LIVE else at.context,
    "input": lambda at: at.input,
    "output": lambda at: at.output,
    "task": Surroundings.describe_task,
    "workflow": Surroundings.describe_workflow,
    "runtime": lambda _at: RUNTIME_DESCRIPTOR,
    "authorization": Surroundings.describe_authorization,
    "secrets": lambda at: at.secrets,
}
