"""The state machine of a run, as a table. What is not in it changes nothing and is refused with a sentence."""

from __future__ import annotations

from kapell.kernel import commands as c

LEGAL: dict[str, frozenset[type[c.Command]]] = {
    "new": frozenset({c.StartRun, c.ForkRun}),
    "running": frozenset(
        {
            c.Advance,
            c.FireTimer,
            c.EndAttempt,
            c.LoseAttempt,
            c.HoldAttempt,
            c.DispatchAttempt,
            c.ReceiveEvent,
            c.SuspendRun,
            c.CancelRun,
        }
    ),
    # Attempts that were under way run to their end, and their outcomes are kept; what follows waits for the resume.
    "suspended": frozenset({c.EndAttempt, c.LoseAttempt, c.ResumeRun, c.CancelRun}),
    "cancelling": frozenset({c.ConfirmCancel}),
    "completed": frozenset(),
    "faulted": frozenset({c.RetryTask, c.SkipTask}),
    "cancelled": frozenset(),
}
"""Which commands fit which status."""

LEADS_TO: dict[tuple[str, str], str] = {
    ("new", "run_started"): "running",
    ("new", "run_forked"): "running",
    ("running", "run_suspended"): "suspended",
    ("suspended", "run_resumed"): "running",
    ("running", "cancel_requested"): "cancelling",
    ("suspended", "cancel_requested"): "cancelling",
    ("cancelling", "run_cancelled"): "cancelled",
    ("running", "run_completed"): "completed",
    ("running", "run_faulted"): "faulted",
    ("suspended", "run_faulted"): "faulted",
    ("faulted", "task_retried"): "running",
    ("faulted", "task_passed"): "running",
}
"""Which events change the status; the diagram in the docs is drawn from this."""
