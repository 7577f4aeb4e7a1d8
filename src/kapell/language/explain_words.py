"""The words of an outline: durations, expressions, calls, processes, catches and retries, each in a few words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kapell.language import model as m
from kapell.language.spans import say_length
from kapell.language.texts import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 60
_SECRET = re.compile(r"""\$secrets(?:\.([A-Za-z_]\w*)|\.?\[?"([^"]+)"\]?)""")


def say_first_line(text: str) -> str:
    """Return the first line of a text, shortened."""
    lines = text.strip().splitlines()
    first = lines[0].strip() if lines else ""
    cut = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 3]}..."
    return f"{cut} ..." if len(lines) > 1 and cut == first else cut


def say_expression(written: Any) -> str:
    """Return a place that may hold an expression: an expression in backticks, other values as they are."""
    if isinstance(written, str):
        source, offset = unwrap(written)
        text = say_first_line(" ".join(source.split()))
        return f"`{text}`" if offset or text != written else text
    if isinstance(written, dict):
        return f"an object of {', '.join(written)}" if written else "an empty object"
    return f"{len(written)} values" if isinstance(written, list | tuple) else str(written)


def say_code(written: Any) -> str:
    """Return a place where a string is always an expression, with or without `${ }` (decision 2)."""
    if isinstance(written, str):
        return f"`{say_first_line(' '.join(unwrap(written)[0].split()))}`"
    return say_expression(written)


def say_duration(duration: m.Duration) -> str:
    """Return a length of time: in words, or the expression that gives it."""
    if duration.expression is not None:
        return say_expression(duration.expression)
    return say_length(duration.to_timedelta() // _MICROSECOND)


def say_target(then: str) -> str:
    """Return where the flow goes."""
    words = {"continue": "goes on", "end": "the run ends", "exit": "this list ends"}
    return words.get(then, f"goes to `{then}`")


def say_call(task: m.CallTask, workflow: m.Workflow) -> tuple[str, str]:
    """Return what is called, and its address where it has one."""
    match task.with_:
        case m.HttpArguments() as http:
            address = _address(http.endpoint)
            return f"call http: {http.method.upper()} {address}", address
        case m.OpenApiArguments() as api:
            address = _address(api.document.endpoint)
            return f"call openapi: {api.operation_id} of {address}", address
        case m.GrpcArguments() as grpc:
            return f"call grpc: {grpc.service.name}/{grpc.method} at {grpc.service.host}", grpc.service.host
    if task.call in workflow.use.functions:
        return f"call the function `{task.call}`", ""
    return f"call {task.call}", ""


def _address(endpoint: str | m.Endpoint) -> str:
    uri = endpoint.uri if isinstance(endpoint, m.Endpoint) else endpoint
    return say_expression(uri) if uri.lstrip().startswith("${") else uri


def say_run(task: m.RunTask) -> tuple[str, str, str]:
    """Return what is run, the kind of thing that it is, and its name in the summary."""
    run = task.run
    later = "" if run.await_ else ", without waiting for it"
    match run:
        case m.ShellRun(shell=shell):
            return f"run shell: {say_first_line(shell.command)}{later}", "processes", "shell"
        case m.ScriptRun(script=script):
            source = "" if script.source is None else f" from {_address(script.source.endpoint)}"
            return f"run a {script.language} script{source}{later}", "processes", script.language
        case m.WorkflowRun(workflow=child):
            name = f"{child.namespace}/{child.name}:{child.version}"
            return f"run the workflow {name}{later}", "workflows", name
        case m.ContainerRun(container=container):
            return f"run the container {container.image}{later}", "processes", "container"


def say_catch(catch: m.Catch) -> str:
    """Return which errors a `catch` takes."""
    written = catch.errors.with_ if catch.errors is not None else None
    members = []
    if written is not None:
        for name in ("type", "status", "instance", "title", "detail", "details"):
            value = getattr(written, name)
            if value is not None:
                members.append(f"{name} {value.rpartition('/')[2] if name == 'type' else value}")
    text = f"errors with {', '.join(members)}" if members else "any error"
    if catch.when is not None:
        text += f", if {say_code(catch.when)}"
    if catch.except_when is not None:
        text += f", unless {say_code(catch.except_when)}"
    return text


def say_retry(policy: m.RetryPolicy) -> Iterator[str]:
    """Return how it is tried again: a line for when and how often, and one each for the limits."""
    count = policy.limit.attempt.count if policy.limit is not None and policy.limit.attempt is not None else None
    often = "as often as needed" if count is None else f"up to {count} times" if count != 1 else "once"
    delay = "at once" if policy.delay is None else f"after {say_duration(policy.delay)}"
    yield f"tries again {often}, {delay}{_say_backoff(policy.backoff)}{_say_jitter(policy.jitter)}"
    if policy.when is not None:
        yield f"tries again only if {say_code(policy.when)}"
    if policy.except_when is not None:
        yield f"does not try again if {say_code(policy.except_when)}"
    if policy.limit is not None and policy.limit.duration is not None:
        yield f"gives up {say_duration(policy.limit.duration)} after the first try"
    if policy.limit is not None and policy.limit.attempt is not None and policy.limit.attempt.duration is not None:
        yield f"each retry may take {say_duration(policy.limit.attempt.duration)}"


def _say_backoff(backoff: m.Backoff | None) -> str:
    if backoff is None:
        return ""
    if backoff.exponential is not None:
        factor = backoff.exponential.factor
        grows = "doubled each time" if factor in (None, 2) else f"times {factor:g} each time"
        longest = backoff.exponential.max_delay
        return f", {grows}" + ("" if longest is None else f", at most {say_duration(longest)}")
    return ", longer by as much each time" if backoff.linear is not None else ""


def _say_jitter(jitter: m.Jitter | None) -> str:
    return "" if jitter is None else f", plus {say_duration(jitter.from_)} to {say_duration(jitter.to)} by chance"


def list_secrets(definition: dict[str, Any], workflow: m.Workflow) -> list[str]:
    """Return the names of the secrets that a call or process reads, in expressions and in authentication policies."""
    found: dict[str, None] = {}
    policies = workflow.definition.get("use", {}).get("authentications", {})
    for value in _iter_values(definition):
        if isinstance(value, str):
            found.update((plain or quoted, None) for plain, quoted in _SECRET.findall(value))
        elif isinstance(value, dict) and isinstance(value.get("authentication"), dict):
            policy = value["authentication"]
            policy = policies.get(policy.get("use"), policy) if "use" in policy else policy
            found.update((part["use"], None) for part in policy.values() if isinstance(part, dict) and "use" in part)
            for text in _iter_values(policy):
                if isinstance(text, str):
                    found.update((plain or quoted, None) for plain, quoted in _SECRET.findall(text))
    return list(found)


def _iter_values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for member in value.values():
            yield from _iter_values(member)
    elif isinstance(value, list):
        for member in value:
            yield from _iter_values(member)


def say_strategy(strategy: m.EventStrategy) -> str:
    """Return which events are awaited, and how many."""
    filters = (strategy.one,) if strategy.one is not None else strategy.all or strategy.any or ()
    if strategy.all is not None:
        which = "all of"
    elif strategy.any is not None:
        which = "any of" if filters else "any event"
    else:
        which = "one"
    text = f"{which} {', '.join(_say_filter(one) for one in filters)}".strip()
    if isinstance(strategy.until, str):
        return f"{text}, until {say_code(strategy.until)}"
    return text if strategy.until is None else f"{text}, until {say_strategy(strategy.until)}"


def _say_filter(written: m.EventFilter) -> str:
    text = say_expression(written.with_["type"]) if "type" in written.with_ else "any type"
    asked = [f"`{name}`" for name in written.with_ if name != "type"]
    if asked:
        text += f" with a certain {' and '.join(asked)}"
    return text + (f" that correlates by `{'`, `'.join(written.correlate)}`" if written.correlate else "")


def say_schedule(schedule: m.Schedule) -> str:
    """Return when a workflow starts by itself."""
    if schedule.every is not None:
        return f"every {say_duration(schedule.every)}"
    if schedule.cron is not None:
        return f"by the cron expression `{schedule.cron}`"
    if schedule.after is not None:
        return f"{say_duration(schedule.after)} after its last run ended"
    return f"on {say_strategy(schedule.on)}" if schedule.on is not None else "by its `schedule`"
