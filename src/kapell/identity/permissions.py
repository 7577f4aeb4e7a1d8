"""Everything that can be permitted, and the roles that are always there."""

from __future__ import annotations

from typing import Final

from kapell.identity.model import Role

PERMISSIONS: Final[dict[str, str]] = {
    "workflow.read": "See workflows, their drafts and versions.",
    "workflow.write": "Make and change drafts, deprecate versions.",
    "workflow.publish": "Publish a draft as a version.",
    "run.read": "See runs, their state and history.",
    "run.start": "Start runs.",
    "run.control": "Cancel, suspend and resume runs.",
    "run.repair": "Retry and skip tasks, fork runs.",
    "run.data": "See inputs, outputs and logs of runs, what they call and run, and what their errors say in detail.",
    "event.read": "See events and who consumed them, but not their data, which takes run.data.",
    "event.send": "Send events.",
    "trigger.read": "See triggers, and what became of their firings; their inputs take run.data.",
    "trigger.write": "Make, change, pause and delete triggers; what starts runs takes run.start, too.",
    "secret.read": "See the names of secrets, never their values.",
    "secret.write": "Set and delete secrets.",
    "approval.decide": "Answer approvals.",
    "audit.read": "Read, verify and export the audit log.",
    "identity.read": "See people, groups, roles, bindings, and other people's sessions and API tokens.",
    "identity.write": "Change accounts, groups, roles and bindings; in all namespaces, this is power over everything.",
    "settings.read": "See the installation's settings and diagnostics; for who runs it.",
}

ADMINISTRATOR: Final = "administrator"

_VIEWER = frozenset({"workflow.read", "run.read", "event.read", "trigger.read"})
_RUNS = frozenset({"run.start", "run.control", "run.data", "event.send", "trigger.write"})

BUILT_IN_ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        Role("viewer", "Sees workflows, triggers, runs and events, without their data.", _VIEWER, is_built_in=True),
        Role(
            "operator",
            "Starts, controls and repairs runs, sends events, and writes triggers.",
            _VIEWER | _RUNS | {"run.repair"},
            is_built_in=True,
        ),
        Role(
            "author",
            "Writes and publishes workflows, and tries them.",
            _VIEWER | _RUNS | {"workflow.write", "workflow.publish", "secret.read"},
            is_built_in=True,
        ),
        Role(
            "approver",
            "Sees what a viewer sees, and answers approvals.",
            _VIEWER | {"approval.decide"},
            is_built_in=True,
        ),
        Role(
            "auditor",
            "Sees what a viewer sees, the audit log, who may do what, and the installation's settings.",
            _VIEWER | {"audit.read", "identity.read", "settings.read"},
            is_built_in=True,
        ),
        Role(ADMINISTRATOR, "May do everything.", frozenset(PERMISSIONS), is_built_in=True),
    )
}
