"""How a run ended: what is printed of it, and the exit code."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kapell.cli import exits
from kapell.cli.output import encode_json, is_terminal, print_json, say

if TYPE_CHECKING:
    from kapell.cli.show import Show
    from kapell.cli.target import Target
    from kapell.engine.engine import RunOutcome
    from kapell.language.error_types import WorkflowError


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `completed` with an output, `faulted` with an error, or `cancelled`."""

    run_id: str
    status: str
    output: Any = None
    error: WorkflowError | None = None


def conclude(target: Target, show: Show, outcome: Outcome | RunOutcome) -> int:
    """Print how the one run ended that was waited for, and return the exit code."""
    if show.as_json:
        print_json(describe(outcome))
    elif outcome.status == "completed":
        print_json(outcome.output)
    elif outcome.error is not None:
        say(encode_json({**outcome.error.to_json(), "run_id": outcome.run_id}))
        if is_terminal(sys.stderr) and not show.quiet:
            say(f"See `{target.advise('why', outcome.run_id)}`.", "dim")
    else:
        say(f"Run {outcome.run_id} was {outcome.status}.")
    return exits.OF_STATUS.get(outcome.status, exits.UNUSABLE)


def describe(outcome: Outcome | RunOutcome) -> dict[str, Any]:
    """Return how a run ended, as the one document that `--json` prints."""
    described: dict[str, Any] = {"run_id": outcome.run_id, "status": outcome.status}
    if outcome.status == "completed":
        described["output"] = outcome.output
    if outcome.error is not None:
        described["error"] = outcome.error.to_json()
    return described


def report(target: Target, run_id: str, *, as_json: bool) -> int:
    """Say where a run stands after a command."""
    status = target.get_record(run_id).status
    if as_json:
        with suppress(BrokenPipeError):
            print_json({"run_id": run_id, "status": status})
    else:
        say(f"Run {run_id} is {status}.")
    return exits.COMPLETED
