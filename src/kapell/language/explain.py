"""What a workflow will do, told before it does it: an outline of its tasks, and the outline as a picture in text.

It reads the model and nothing else, so that it explains every valid workflow, also one that cannot run yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language import model as m
from kapell.language.explain_words import (
    list_secrets,
    say_call,
    say_catch,
    say_code,
    say_duration,
    say_expression,
    say_first_line,
    say_retry,
    say_run,
    say_schedule,
    say_strategy,
    say_target,
)
from kapell.language.support import list_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Outline(msgspec.Struct, omit_defaults=True):
    """A part of a workflow, in words.

    Attributes:
        name: The task's name, or what else stands here (`catch`, a case).
        text: What it does.
        notes: What else is to be known of it: conditions, limits, secrets.
        parts: What stands within it, in order.
    """

    name: str
    text: str
    notes: list[str] = []
    parts: list[Outline] = []


def explain_workflow(workflow: m.Workflow) -> Outline:
    """Return what a workflow will do, as an outline of its tasks."""
    document = workflow.document
    title = document.title or say_first_line(document.summary or "")
    explainer = _Explainer(workflow)
    parts = explainer.explain_list(workflow.do)
    functions = [explainer.explain(name, task) for name, task in workflow.use.functions.items()]
    if functions:
        parts.append(Outline("functions", "what `call` refers to by name", parts=functions))
    notes = [*explainer.note_flow(workflow.input, workflow.output), *explainer.note_timeout(workflow.timeout)]
    if workflow.schedule is not None:
        notes.append(f"starts by itself: {say_schedule(workflow.schedule)}")
    notes.extend(explainer.list_touched())
    notes.extend(problem.message for problem in list_unsupported(workflow))
    return Outline(f"{document.namespace}/{document.name}:{document.version}", title, notes, parts)


def draw_outline(outline: Outline) -> str:
    """Return an outline as a tree of lines, each without its end."""
    lines = [f"{outline.name}  {outline.text}".rstrip()]
    lines.extend(f"{'│' if outline.parts else ' '}  · {note}" for note in outline.notes)
    if outline.notes and outline.parts:
        lines.append("│")
    lines.extend(_draw_parts(outline.parts, ""))
    return "\n".join(lines)


def _draw_parts(parts: Sequence[Outline], indent: str) -> Iterator[str]:
    width = max((len(part.name) for part in parts), default=0)
    for position, part in enumerate(parts):
        is_last = position == len(parts) - 1
        yield f"{indent}{'└─' if is_last else '├─'} {part.name:<{width}}  {part.text}".rstrip()
        below = f"{indent}{'   ' if is_last else '│  '}"
        for note in part.notes:
            yield f"{below}{'│' if part.parts else ' '}  · {note}"
        yield from _draw_parts(part.parts, below)


class _Explainer:
    """Explains the tasks of one workflow, and remembers what they reach."""

    def __init__(self, workflow: m.Workflow) -> None:
        self._workflow = workflow
        self._touched: dict[str, dict[str, None]] = {}

    def explain_list(self, tasks: Sequence[m.NamedTask]) -> list[Outline]:
        return [self.explain(named.name, named.task) for named in tasks]

    def explain(self, name: str, task: m.Task) -> Outline:
        text, parts = _EXPLAIN[type(task)](self, task)
        return Outline(name, text, list(self._note(task)), parts)

    # -- what all tasks have ------------------------------------------------------------------------------------------

    def _note(self, task: m.Task) -> Iterator[str]:
        if task.if_ is not None:
            yield f"only if {say_code(task.if_)}"
        yield from self.note_flow(task.input, task.output)
        if task.export is not None:
            yield "writes to the context"
        yield from self.note_timeout(task.timeout)
        if isinstance(task, m.CallTask | m.RunTask):
            secrets = list_secrets(task.definition, self._workflow)
            self._touch("secrets", *secrets)
            if secrets:
                yield f"reads the secrets {', '.join(f'`{name}`' for name in secrets)}"
        if task.then not in (None, "continue"):
            yield {"end": "then the run ends", "exit": "then this list ends"}.get(
                str(task.then), f"then goes to `{task.then}`"
            )

    def note_flow(self, given: m.Input | None, made: m.Output | None) -> Iterator[str]:
        for what, part in (("input", given), ("output", made)):
            if part is not None and part.schema is not None:
                yield f"its {what} is checked by a schema"
        if given is not None and given.from_ is not None:
            yield f"its input is made by {say_code(given.from_)}"
        if made is not None and made.as_ is not None:
            yield f"its output is made by {say_code(made.as_)}"

    def note_timeout(self, timeout: m.Timeout | str | None) -> Iterator[str]:
        named = self._workflow.use.timeouts.get(timeout) if isinstance(timeout, str) else timeout
        if named is not None:
            yield f"must end within {say_duration(named.after)}"

    def _touch(self, kind: str, *names: str) -> None:
        self._touched.setdefault(kind, {}).update(dict.fromkeys(names))

    def list_touched(self) -> Iterator[str]:
        """Say what the tasks reach outside: addresses, processes, child runs, secrets."""
        words = {
            "addresses": "calls",
            "processes": "starts processes",
            "workflows": "starts child runs of",
            "secrets": "reads the secrets",
        }
        for kind, verb in words.items():
            names = self._touched.get(kind)
            if names:
                yield f"{verb} {', '.join(names)}"

    # -- kinds of tasks -----------------------------------------------------------------------------------------------

    def explain_do(self, task: m.DoTask) -> tuple[str, list[Outline]]:
        return "do, in this order", self.explain_list(task.do)

    def explain_set(self, task: m.SetTask) -> tuple[str, list[Outline]]:
        if isinstance(task.set, dict):
            return f"set {', '.join(task.set)}", []
        return f"set {say_expression(task.set)}", []

    def explain_switch(self, task: m.SwitchTask) -> tuple[str, list[Outline]]:
        cases = []
        for named in task.switch:
            when = "otherwise" if named.case.when is None else f"if {say_code(named.case.when)}"
            cases.append(Outline(named.name, f"{when}: {say_target(named.case.then)}"))
        return "switch to the first case that holds", cases

    def explain_for(self, task: m.ForTask) -> tuple[str, list[Outline]]:
        loop = task.for_
        text = f"for each `{loop.each}` in {say_code(loop.in_)}"
        if task.while_ is not None:
            text += f", while {say_code(task.while_)}"
        return text, self.explain_list(task.do)

    def explain_fork(self, task: m.ForkTask) -> tuple[str, list[Outline]]:
        text = "fork, of which the first to complete wins" if task.fork.compete else "fork, all at the same time"
        return text, self.explain_list(task.fork.branches)

    def explain_try(self, task: m.TryTask) -> tuple[str, list[Outline]]:
        catch = task.catch
        retry = self._workflow.use.retries.get(catch.retry) if isinstance(catch.retry, str) else catch.retry
        notes = list(say_retry(retry)) if isinstance(retry, m.RetryPolicy) else []
        if catch.then is not None:
            notes.append(f"then {say_target(catch.then)}")
        handler = Outline("catch", say_catch(catch), notes, self.explain_list(catch.do or ()))
        return "try", [*self.explain_list(task.try_), handler]

    def explain_raise(self, task: m.RaiseTask) -> tuple[str, list[Outline]]:
        error = task.raise_.error
        if isinstance(error, str):
            return f"raise the error `{error}`", []
        title = f" {say_expression(error.title)}" if error.title else ""
        return f"raise{title} ({error.type.rpartition('/')[2]}, status {error.status})", []

    def explain_wait(self, task: m.WaitTask) -> tuple[str, list[Outline]]:
        return f"wait {say_duration(task.wait)}", []

    def explain_emit(self, task: m.EmitTask) -> tuple[str, list[Outline]]:
        return f"emit an event of type {say_expression((task.emit.event.with_ or {}).get('type', '?'))}", []

    def explain_listen(self, task: m.ListenTask) -> tuple[str, list[Outline]]:
        text = f"listen to {say_strategy(task.listen.to)}"
        if task.listen.read != "data":
            text += f", read as {task.listen.read}"
        if task.foreach is None or not task.foreach.do:
            return text, []
        handler = Outline(
            "foreach", f"each `{task.foreach.item}` as it comes", parts=self.explain_list(task.foreach.do)
        )
        return text, [handler]

    def explain_call(self, task: m.CallTask) -> tuple[str, list[Outline]]:
        text, address = say_call(task, self._workflow)
        if address:
            self._touch("addresses", address)
        return text, []

    def explain_run(self, task: m.RunTask) -> tuple[str, list[Outline]]:
        text, kind, name = say_run(task)
        self._touch(kind, name)
        return text, []


_EXPLAIN: dict[type, Callable[[_Explainer, Any], tuple[str, list[Outline]]]] = {
    m.DoTask: _Explainer.explain_do,
    m.SetTask: _Explainer.explain_set,
    m.SwitchTask: _Explainer.explain_switch,
    m.ForTask: _Explainer.explain_for,
    m.ForkTask: _Explainer.explain_fork,
    m.TryTask: _Explainer.explain_try,
    m.RaiseTask: _Explainer.explain_raise,
    m.WaitTask: _Explainer.explain_wait,
    m.EmitTask: _Explainer.explain_emit,
    m.ListenTask: _Explainer.explain_listen,
    m.CallTask: _Explainer.explain_call,
    m.RunTask: _Explainer.explain_run,
}
