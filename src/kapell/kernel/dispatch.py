"""What an attempt is performed with: the recorded arguments, and what reads secrets, put in at the last moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.kernel.arguments import Surroundings
from kapell.kernel.evaluation import Answer, Evaluator
from kapell.kernel.faults import runtime_error
from kapell.kernel.sizes import Known
from kapell.kernel.state import ROOT, Entry, State
from kapell.sdk import ActivityRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.language.program import ActivitySpec, Program

Path = tuple[str | int, ...]

_NO_LIMIT = 2**62
"""The request is not recorded; what it may be is the connector's business."""


class Dispatch:
    """One attempt that is about to be performed. It keeps what it needs of the state, which goes on changing."""

    def __init__(self, program: Program, state: State, entry: int) -> None:
        """Look at an entry whose attempt is open."""
        opened: Entry = state.entries[entry]
        self._node = program.nodes[opened.node]
        self._spec: ActivitySpec = self._node.spec
        self._entry = opened
        self._run_id = state.run_id
        self._raw_input = opened.raw_input
        assert opened.attempt is not None
        self._key_number = opened.attempt.key_number
        self.recorded_arguments: Any = opened.attempt.arguments
        self.reference = opened.reference
        self._at = Surroundings(
            program,
            state,
            self._node,
            reference=opened.reference,
            scope=opened.scope,
            named=state.entries[opened.parent].variables if entry != ROOT else {},
            raw_input=opened.raw_input,
            started_at=opened.entered_at,
        )
        self._at.input = opened.input
        self._at.context = state.contexts.get(opened.scope)

    @property
    def awaits(self) -> bool:
        """Whether the task waits for the end of the work, not only for its beginning."""
        return self._spec.awaits

    @property
    def reads_secrets(self) -> bool:
        """Whether anything has to be put in."""
        spec = self._spec
        return bool(spec.secret_arguments or spec.secret_policies or self._node.hides_input)

    @property
    def policy_secrets(self) -> tuple[str, ...]:
        """The names of secrets that hold authentication policies."""
        return tuple(name for _, name in self._spec.secret_policies)

    def evaluate_arguments(self, secrets: Mapping[str, Any], answers: Mapping[int, Answer]) -> Any:
        """Return the arguments with their secrets.

        Args:
            secrets: Name -> value.
            answers: What the expression helper said before.

        Raises:
            StepError: An expression failed, or a secret is not of the form that a policy needs.
            NeedsHelp: The helper must evaluate something first.
        """
        evaluate = Evaluator(answers, _NO_LIMIT, Known())
        self._at.secrets = secrets
        if self._node.hides_input:
            assert self._node.input_from is not None
            self._at.input = evaluate.template(self._node.input_from, self._raw_input, self._at)
            arguments = evaluate.template(self._spec.full_arguments, self._at.input, self._at)
        else:
            arguments = self.recorded_arguments
            for path, expression in self._spec.secret_arguments:
                value = evaluate.expression(expression, self._at.input, self._at)
                arguments = _put(arguments, path, value)
        for path, name in self._spec.secret_policies:
            policy = secrets[name]
            if isinstance(policy, str) and path[-1] == "bearer":
                policy = {"token": policy}
            if not isinstance(policy, dict):
                raise runtime_error(self.reference, f"The secret `{name}` must be an object to authenticate with.")
            arguments = _put(arguments, path, policy)
        return arguments

    def make_request(self, attempt: int, arguments: Any) -> ActivityRequest:
        """Return the request of an attempt."""
        entry = self._entry
        key = f"{self._run_id}{self.reference}/{entry.arrival}/{self._key_number}"
        return ActivityRequest(
            run_id=self._run_id,
            reference=self.reference,
            entry=entry.arrival,
            attempt=attempt,
            key=key,
            kind=self._spec.activity,
            arguments=arguments,
            input=self._at.input,
            returns=self._spec.returns,
        )


def _put(value: Any, path: Path, member: Any) -> Any:
    """Return a copy of `value` with `member` at `path`; what is not on the way is shared."""
    if not path:
        return member
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_put(item, rest, member) if index == head else item for index, item in enumerate(value)]
    known = value if isinstance(value, dict) else {}
    return {**known, head: _put(known.get(head), rest, member)}
