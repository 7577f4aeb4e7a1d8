"""The page of the errors: those of Kapell, and those of the language."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

import kapell
from kapell.api import problems
from kapell.errors import KapellError
from kapell.language import error_types
from reference.markdown import make_page, make_table, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """\
Every error that Kapell raises on purpose has a *code*, a sentence that says what happened, and mostly a hint what to do.
The command line prints both; the API answers with a problem document (RFC 9457, `application/problem+json`):

```json
{
  "type": "/problems/not_found",
  "title": "Not found",
  "status": 404,
  "code": "not_found",
  "detail": "There is no run 01k.",
  "hint": "See `kapell runs list`.",
  "request_id": "f3c1f0f9d0c44f4f"
}
```

Programs should look at `code`, which stays; sentences may change. `retryable` is `true` where the same request may succeed
later. The server's log has more about each request under its `request_id`."""

FAULTS = """\
## Errors of runs

A run that fails *faults* with an error of the language: an object with `type`, `status`, `title`, `detail` and `instance`,
the place of the task. A [`catch`](language/tasks.md#try) filters by these. The type is a URI; in filters each standard type
may be written in any of the specification's forms, or by its bare name."""

ADVICE: Final = {
    "audit_damaged": "Run `kapell audit verify` with a witnessed head, find out who changed the database, and restore a "
    "backup. [What the audit log proves](../explanation/audit.md) says what each finding means.",
    "audit_key": "Put `audit.key` back into the data folder from a backup; if it is lost, `kapell audit rotate-key --lost` "
    "begins with a new one.",
    "audit_witness": "Nothing is lost: heads wait and are sent again. See that the witness can be reached; `/ready` tells.",
    "compile": "This is an error of Kapell, as the text was found valid. Please report it, with the workflow.",
    "conflict": "Look at the thing again: it has ended, somebody else has changed it, or the name is taken.",
    "damaged_history": "That run is closed as `damaged`, others go on. [What survives what]"
    "(../explanation/durability.md) says what can be done.",
    "damaged_seal": "Set the secret again, or restore a backup: the stored row was changed from outside.",
    "edit": "Change the text by hand; the sentence says what stands in the way.",
    "error": "The log has the cause under the request's id. Please report it.",
    "forbidden": "Ask somebody with `identity.write` for a role with the permission that is named; for an API token, make "
    "one with a wider scope.",
    "invalid_workflow": "Correct the text at the line and column that are named; `kapell validate` checks it.",
    "limit_exceeded": "Send less, or raise the setting that the sentence names.",
    "master_key": "Put `master.key` back from a backup, readable by its owner alone (`chmod 600`). Without it secrets cannot "
    "be opened; set them again under a new one.",
    "method_not_allowed": "See the [requests](api.md) that this address takes.",
    "not_found": "Check the name. What the caller may not see is not there for the caller, so it may be a permission.",
    "provider": "The sign-in provider did not answer as it should. Try again; if it stays, check the provider's address and "
    "client in the settings.",
    "rate_limited": "Send fewer requests, and wait as long as the `Retry-After` header says.",
    "stale_owner": "Another process has the data folder or the database. Stop one of the two.",
    "storage": "Make room on the disk, or see why the database cannot be reached. What was asked may be asked again.",
    "storage_unusable": "Another version of Kapell wrote this database, or it is none of Kapell's. Use that version, or "
    "restore a backup.",
    "too_many_attempts": "Wait as long as the `Retry-After` header says.",
    "unauthenticated": "Sign in again, or send a valid API token: `Authorization: Bearer kpl_...`.",
    "unexpected_answer": "Check the address: a proxy or another server answered. A much older or newer Kapell may, too.",
    "unreachable": "Check the address, and that the server runs: `curl <address>/health`. Calls that may be repeated were "
    "tried again; whether another one arrived is told by `was_sent`.",
    "untrusted_server": "Name the authority that signed the server's certificate: `ca_bundle`, or `KAPELL_CA_BUNDLE`.",
    "wait_timeout": "The run goes on. Wait again, or ask why it takes so long: `GET /api/v1/runs/<id>/why`.",
    "usage": "Correct what the sentence names.",
}
"""Error code -> what to do. `tests/docs` fails where a code has no advice."""

FAULT_MEANINGS: Final = {
    error_types.CONFIGURATION: "The workflow is wrong in a way that only shows in the run: an unknown name, a bad value.",
    error_types.VALIDATION: "Data does not satisfy a schema.",
    error_types.EXPRESSION: "An expression cannot be evaluated, or took too long or too much memory.",
    error_types.AUTHENTICATION: "The service that was called does not know the caller (401).",
    error_types.AUTHORIZATION: "The service that was called refuses the caller (403).",
    error_types.TIMEOUT: "A task or the workflow took longer than its `timeout`, or the service answered 408.",
    error_types.COMMUNICATION: "A call failed: no connection, no answer, or a status that is no success.",
    error_types.RUNTIME: "A process failed, or a limit was reached.",
    error_types.LOST: "The engine died while the attempt was under way, and nobody knows whether it took effect. Kapell's "
    "own; [a `catch` must name it](../explanation/durability.md) to try again.",
}

_PROGRAMS: Final = ("kapell.__main__", "kapell.storage.server_migrations", "kapell.connectors.process.keeper")
_CHILD: Final = "kapell.engine.expression_helper.child"


def make_errors_page() -> str:
    """Return the page of all errors; a code without advice is left without, and a test says so."""
    meanings = _EDGE | {kind.code: read_text(kind.__doc__) for kind in list_kinds()}
    rows = [
        (f"`{code}`", str(_STATUSES.get(code, "")), meanings[code], ADVICE.get(code, ""))
        for code in sorted(meanings, key=lambda code: (_STATUSES.get(code, 0), code))
    ]
    faults = [
        (f"`{uri}`", str(error_types.DEFAULT_STATUS[uri]), error_types.TITLES[uri], FAULT_MEANINGS[uri])
        for uri in error_types.DEFAULT_STATUS
    ]
    return make_page(
        "Errors",
        INTRODUCTION,
        "## Codes",
        "Where there is no status, the error arises in a client and not in the server.",
        make_table(("code", "status", "what it means", "what to do"), rows),
        FAULTS,
        make_table(("type", "status", "title", "what it means"), faults),
    )


_EDGE: Final = {
    "error": "Kapell failed over a request, which is an error of Kapell.",
    "method_not_allowed": "The address exists, and takes no request of this method.",
}
"""Codes that only the API gives, without a class of their own."""

_STATUSES: Final = problems.STATUSES | {"method_not_allowed": 405}


def list_kinds() -> list[type[KapellError]]:
    """Return every kind of error of Kapell that has a code of its own."""
    for module in pkgutil.walk_packages(kapell.__path__, "kapell."):
        if not module.name.startswith((*_PROGRAMS, _CHILD)):
            importlib.import_module(module.name)
    return [kind for kind in _iter_kinds(KapellError) if not kind.__module__.startswith("kapell.testing")]


def _iter_kinds(kind: type[KapellError]) -> Iterator[type[KapellError]]:
    for below in kind.__subclasses__():
        if "code" in vars(below):
            yield below
        yield from _iter_kinds(below)
