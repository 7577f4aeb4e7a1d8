"""What the linter says about names that refer to `use`, and about the parts that everything else rests on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from kapell.language.error_types import DEFAULT_STATUS, STANDARD_PREFIX, canonical_error_type
from kapell.language.forms import CALLS
from kapell.language.json_schema import SchemaValidator
from kapell.language.model import (
    Authentication,
    BearerAuthentication,
    CallTask,
    Duration,
    EmitTask,
    ErrorDefinition,
    EventFilter,
    EventStrategy,
    ForTask,
    HttpArguments,
    ListenTask,
    OAuth2Authentication,
    OpenIdConnectAuthentication,
    PasswordAuthentication,
    RaiseTask,
    Record,
    RetryPolicy,
    SchemaDefinition,
    TryTask,
    Workflow,
)
from kapell.language.places import ARGUMENTS
from kapell.language.problems import Problem, Severity, list_words, suggest
from kapell.language.records import iter_records
from kapell.language.texts import is_wrapped
from kapell.language.walk import iter_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kapell.language.pointers import Path
    from kapell.language.source import SourceDocument

DSL_VERSION: Final = "1.0.3"
"""The version of the language that Kapell reads."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]+")
_CRON_FIELDS: Final = (5, 6)
_FUNCTION_ELSEWHERE: Final = re.compile(r".+@.+|[A-Za-z][A-Za-z0-9+\-.]*:.*")
"""A function of a catalog (`name:version@catalog`), or a URL."""


def lint_references(document: SourceDocument, workflow: Workflow) -> list[Problem]:
    """Check the names that refer to something, durations, schemas, schedules and what is ahead of the specification."""
    linter = _ReferenceLinter(document, workflow)
    linter.lint()
    return linter.problems


class _ReferenceLinter:
    def __init__(self, document: SourceDocument, workflow: Workflow) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._workflow = workflow

    def lint(self) -> None:
        self._lint_document()
        for record, path in iter_records(self._workflow):
            check = self._CHECKS.get(type(record))
            if check is not None:
                check(self, record, path)
        for _, task, path in iter_tasks(self._workflow):
            self._lint_timeout(task.timeout, path)
        self._lint_timeout(self._workflow.timeout, ())
        self._lint_recursion()

    def _report(
        self, severity: Severity, code: str, message: str, path: Path, hint: str = "", *, key: bool = False
    ) -> None:
        self.problems.append(self._document.problem(severity, code, message, path, hint=hint, key=key))

    def _refer(self, what: str, name: str, section: str, known: Iterable[str], path: Path) -> None:
        """Check that a name is defined under `use`."""
        known = list(known)
        if name in known:
            return
        meant = suggest(name, known)
        hint = f"Did you mean `{meant}`?" if meant else f"Define it under `use: {section}:`."
        self._report("error", "unknown_reference", f"there is no {what} `{name}` in `use.{section}`", path, hint)

    def _ahead(self, what: str, path: Path) -> None:
        said = f"{what} is ahead of version {DSL_VERSION} of the specification"
        self._report("info", "ahead_of_specification", said, path, "Other runtimes may refuse it.", key=True)

    # -- the workflow itself ------------------------------------------------------------------------------------------

    def _lint_document(self) -> None:
        written = self._workflow.document.dsl
        if not written.startswith("1.0."):
            self._report(
                "warning",
                "dsl_version",
                f"the workflow is written for version {written} of the language",
                ("document", "dsl"),
                f"It is read as {DSL_VERSION}.",
            )
        schedule = self._workflow.schedule
        if schedule is None:
            return
        kinds = [kind for kind in ("every", "cron", "after", "on") if getattr(schedule, kind) is not None]
        if len(kinds) != 1:
            said = f"the schedule has {list_words(kinds, 'and')}" if kinds else "the schedule does not say when"
            hint = "Keep one of them." if kinds else "Write one of `every`, `cron`, `after` or `on`."
            self._report("error", "schedule", said, ("schedule",), hint, key=True)
        if schedule.cron is not None and len(schedule.cron.split()) not in _CRON_FIELDS:
            self._report(
                "error",
                "cron",
                f"`{schedule.cron}` is no cron expression: it has {len(schedule.cron.split())} fields",
                ("schedule", "cron"),
                "Five fields: minute, hour, day of month, month, day of week; such as '0 3 * * *' for daily at three.",
            )
        if "read" in self._workflow.definition.get("schedule", {}):
            self._ahead("`schedule.read`", ("schedule", "read"))

    def _lint_timeout(self, timeout: Any, path: Path) -> None:
        if isinstance(timeout, str):
            self._refer("timeout", timeout, "timeouts", self._workflow.use.timeouts, (*path, "timeout"))

    def _lint_recursion(self) -> None:
        """Find functions that call themselves, directly or through others."""
        calls: dict[str, list[tuple[str, Path]]] = {name: [] for name in self._workflow.use.functions}
        for _, task, path in iter_tasks(self._workflow):
            if isinstance(task, CallTask) and path[:2] == ("use", "functions") and task.call in calls:
                calls[str(path[2])].append((task.call, path))
        for name, called in calls.items():
            for other, path in called:
                if _leads_to(calls, other, name):
                    said = f"the function `{name}` calls itself"
                    said += "" if other == name else f" through `{other}`"
                    self._report("error", "recursion", said, (*path, "call"))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _lint_call(self, task: CallTask, path: Path) -> None:
        functions = self._workflow.use.functions
        if task.call in CALLS or task.call in functions or _FUNCTION_ELSEWHERE.fullmatch(task.call):
            return
        meant = suggest(task.call, (*functions, *CALLS))
        hint = f"Did you mean `{meant}`?" if meant else "Define it under `use: functions:`, or name its catalog."
        self._report("error", "unknown_function", f"there is no function `{task.call}`", (*path, "call"), hint)

    def _lint_http(self, arguments: HttpArguments, path: Path) -> None:
        method = arguments.method
        if is_wrapped(method) or method.upper() in _METHODS:
            return
        meant = suggest(method, _METHODS)
        hint = f"Did you mean `{meant.lower()}`?" if meant else ""
        self._report("warning", "http_method", f"`{method}` is no usual HTTP method", (*path, "method"), hint)

    def _lint_authentication(self, authentication: Authentication, path: Path) -> None:
        if authentication.use is not None:
            known = self._workflow.use.authentications
            self._refer("authentication", authentication.use, "authentications", known, (*path, "use"))

    def _lint_policy(self, policy: Any, path: Path) -> None:
        if policy.use is not None:
            self._refer("secret", policy.use, "secrets", self._workflow.use.secrets, (*path, "use"))
        if isinstance(policy, OpenIdConnectAuthentication) and policy.grant == "authorization_code":
            self._report(
                "error",
                "interactive_grant",
                "the grant `authorization_code` needs a person who signs in, and a workflow runs without one",
                (*path, "grant"),
                "Use `client_credentials`, or keep a refresh token in a secret and use `refresh_token`.",
            )

    def _lint_raise(self, task: RaiseTask, path: Path) -> None:
        error = task.raise_.error
        if isinstance(error, str):
            self._refer("error", error, "errors", self._workflow.use.errors, (*path, "raise", "error"))

    def _lint_error(self, error: ErrorDefinition, path: Path) -> None:
        if isinstance(error.status, str):
            self._ahead("a `status` from an expression", (*path, "status"))
        if not is_wrapped(error.type):
            self._lint_error_type(error.type, (*path, "type"))

    def _lint_error_type(self, written: str, path: Path) -> None:
        """Find misspelt standard types."""
        if canonical_error_type(written) in DEFAULT_STATUS or "/errors/" not in written:
            return
        name = written.rpartition("/")[2]
        names = [uri.removeprefix(STANDARD_PREFIX) for uri in DEFAULT_STATUS if uri.startswith(STANDARD_PREFIX)]
        meant = suggest(name, names)
        if meant and (meant == name or written.rpartition("/")[0] + "/" == STANDARD_PREFIX):
            said = f"`{written}` is no standard error type"
            self._report("warning", "error_type", said, path, f"Did you mean {STANDARD_PREFIX}{meant}?")

    def _lint_try(self, task: TryTask, path: Path) -> None:
        catch, place = task.catch, (*path, "catch")
        if isinstance(catch.retry, str):
            self._refer("retry policy", catch.retry, "retries", self._workflow.use.retries, (*place, "retry"))
        if catch.errors is not None and catch.errors.with_ is not None and catch.errors.with_.type is not None:
            self._lint_error_type(catch.errors.with_.type, (*place, "errors", "with", "type"))
        if catch.then is not None:
            self._ahead("`catch.then`", (*place, "then"))
        self._lint_variables((*place, "as"), catch.as_)

    def _lint_retry(self, policy: RetryPolicy, path: Path) -> None:
        attempt = policy.limit.attempt if policy.limit is not None else None
        if attempt is not None and attempt.count is not None and attempt.count < 0:
            self._report(
                "error", "range", "the count of retries cannot be negative", (*path, "limit", "attempt", "count")
            )

    def _lint_for(self, task: ForTask, path: Path) -> None:
        loop = task.for_
        if isinstance(loop.in_, tuple):
            self._ahead("a list written in `for.in`", (*path, "for", "in"))
        self._lint_variables((*path, "for", "each"), loop.each)
        self._lint_variables((*path, "for", "at"), loop.at)
        if loop.each == loop.at:
            said = f"the element and its index cannot both be `${loop.each}`"
            self._report("error", "variable", said, (*path, "for"), key=True)

    def _lint_listen(self, task: ListenTask, path: Path) -> None:
        if task.foreach is not None:
            self._lint_variables((*path, "foreach", "item"), task.foreach.item)
            self._lint_variables((*path, "foreach", "at"), task.foreach.at)
            if task.foreach.item == task.foreach.at:
                said = f"the event and its index cannot both be `${task.foreach.item}`"
                self._report("error", "variable", said, (*path, "foreach"), key=True)

    def _lint_strategy(self, strategy: EventStrategy, path: Path) -> None:
        if strategy.all == ():
            said = "it waits for all of no events, so it never waits"
            self._report("warning", "no_events", said, (*path, "all"), "Any event is `any: []`.", key=True)

    def _lint_filter(self, written: EventFilter, path: Path) -> None:
        for name, value in written.with_.items():
            self._lint_attribute(name, (*path, "with", name))
            if name != "data" and isinstance(value, dict | list):
                said = f"the attribute `{name}` of an event is never an object or array, so no event fits"
                self._report("warning", "event_attribute", said, (*path, "with", name))

    def _lint_attribute(self, name: str, path: Path) -> None:
        if _ATTRIBUTE.fullmatch(name) is None:
            said = f"`{name}` is no name of an attribute of events"
            hint = "Those are of lower-case letters and digits; what an event tells belongs in its `data`."
            self._report("warning", "event_attribute", said, path, hint, key=True)

    def _lint_variables(self, path: Path, name: str) -> None:
        if name in ARGUMENTS:
            self._report("error", "variable", f"`${name}` already has a meaning in expressions", path, "Rename it.")
        elif _VARIABLE.fullmatch(name) is None:
            hint = f"Write {name[1:]}; the `$` is only for its use." if _VARIABLE.fullmatch(name[1:]) else ""
            self._report("error", "variable", f"`{name}` cannot be the name of a variable", path, hint)

    def _lint_emit(self, task: EmitTask, path: Path) -> None:
        attributes = task.emit.event.with_
        if attributes is None:
            said = "the event has no `with`, and an event needs a type"
            self._report("error", "missing_key", said, (*path, "emit", "event"), key=True)
            return
        if "source" not in attributes:
            self._ahead("an event without `source`", (*path, "emit", "event", "with"))
        for name in attributes:
            self._lint_attribute(name, (*path, "emit", "event", "with", name))

    def _lint_duration(self, duration: Duration, path: Path) -> None:
        if duration.expression is not None:
            return
        try:
            length = duration.to_timedelta()
        except ValueError as error:
            self._report("error", "duration", str(error), path)
            return
        if not length and path[-1] in ("every", "after") and "catch" not in path:
            self._report("error", "range", f"`{path[-1]}` must be longer than nothing", path)

    def _lint_schema(self, schema: SchemaDefinition, path: Path) -> None:
        if schema.document is None or schema.format.partition(":")[0] != "json":
            return
        try:
            SchemaValidator(schema.document)
        except ValueError as error:
            self._report("error", "json_schema", str(error), (*path, "document"))

    _CHECKS: ClassVar[dict[type[Record], Callable[[_ReferenceLinter, Any, Path], None]]] = {
        CallTask: _lint_call,
        HttpArguments: _lint_http,
        Authentication: _lint_authentication,
        PasswordAuthentication: _lint_policy,
        BearerAuthentication: _lint_policy,
        OAuth2Authentication: _lint_policy,
        OpenIdConnectAuthentication: _lint_policy,
        RaiseTask: _lint_raise,
        ErrorDefinition: _lint_error,
        TryTask: _lint_try,
        RetryPolicy: _lint_retry,
        ForTask: _lint_for,
        ListenTask: _lint_listen,
        EmitTask: _lint_emit,
        EventStrategy: _lint_strategy,
        EventFilter: _lint_filter,
        Duration: _lint_duration,
        SchemaDefinition: _lint_schema,
    }


def _leads_to(calls: dict[str, list[tuple[str, Path]]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            ahead += [other for other, _ in calls[name]]
    return False
