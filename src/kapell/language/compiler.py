"""Compiling: a checked workflow becomes a `Program`.

One pass over the tree of tasks gives each its node, in the order of the text; then, list by list, it is resolved where
`then` leads. What the author put under `use` is written in where it is named. The workflow is taken to be valid:
whatever is wrong with it has been reported by `kapell.language.validator`, with its line; what is found here too (a
function that calls itself) is raised as `CompileError`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from kapell.errors import UsageError
from kapell.language import model as m
from kapell.language.compiler_calls import compile_activity
from kapell.language.compiler_events import compile_listen
from kapell.language.expressions import Expression, Template, compile_expression, compile_template, is_expression
from kapell.language.json_schema import SchemaValidator
from kapell.language.program import (
    FOREACH,
    NO_NODE,
    TO_END,
    TO_EXIT,
    TO_NEXT,
    DurationSpec,
    EmitSpec,
    ForkSpec,
    ForSpec,
    FunctionSpec,
    HandlerSpec,
    Kind,
    Node,
    Program,
    RaiseSpec,
    RetrySpec,
    SetSpec,
    SwitchCase,
    SwitchSpec,
    TrySpec,
    UnsupportedSpec,
    WaitSpec,
    WorkflowSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

_DIRECTIVES = {None: TO_NEXT, "continue": TO_NEXT, "exit": TO_EXIT, "end": TO_END}
_SUPPORTED_CALLS = ("http", "openapi")


class CompileError(UsageError):
    """The workflow cannot be laid out as a program."""

    code = "compile"


def compile_workflow(workflow: m.Workflow) -> Program:
    """Lay a workflow out as a program.

    Raises:
        CompileError: A function calls itself, a schema is wrong, a name that is referred to does not exist.
    """
    return _Compiler(workflow).compile()


def escape_pointer(name: str) -> str:
    """Write a name as a part of a JSON pointer (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")


class _Compiler:
    """The nodes so far, and what `use` offers."""

    def __init__(self, workflow: m.Workflow) -> None:
        self._workflow = workflow
        self._nodes: list[Node] = []
        self._calling: list[str] = []

    def compile(self) -> Program:
        workflow = self._workflow
        root = Node(0, "", Kind.DO, NO_NODE, 0, "", "", workflow.definition)
        self._nodes.append(root)
        root.first = self._add_list(root, "/do", workflow.do)
        flow = m.DoTask(input=workflow.input, output=workflow.output, timeout=workflow.timeout, do=())
        self._add_data_flow(root, flow)
        for node in self._nodes:
            node.is_plain = _is_plain(node)
        return Program(
            namespace=workflow.document.namespace,
            name=workflow.document.name,
            version=workflow.document.version,
            definition=workflow.definition,
            nodes=tuple(self._nodes),
            input_schema=root.input_schema,
            input_from=root.input_from,
            output_as=root.output_as,
            output_schema=root.output_schema,
            timeout=root.timeout,
            secrets=workflow.use.secrets,
            by_reference={node.reference: node.index for node in self._nodes},
        )

    # -- lists and nodes ----------------------------------------------------------------------------------------------

    def _add_list(self, parent: Node, prefix: str, tasks: Sequence[m.NamedTask]) -> int:
        """Add a list of tasks below `parent` and return its first node."""
        nodes = [self._add_named(parent, prefix, position, named) for position, named in enumerate(tasks)]
        targets = {node.name: node.index for node in nodes}
        for node, following in pairwise(nodes):
            node.next = following.index
        for node, named in zip(nodes, tasks, strict=True):
            node.then = self._target(named.task.then, targets)
            self._resolve_targets(node, named.task, targets)
        return nodes[0].index if nodes else NO_NODE

    def _resolve_targets(self, node: Node, task: m.Task, targets: Mapping[str, int]) -> None:
        """Fill in what a `switch` or a `catch.then` names: tasks of the list that the task itself stands in."""
        if isinstance(task, m.SwitchTask):
            node.spec = SwitchSpec(
                tuple(
                    SwitchCase(named.name, _expression(named.case.when), self._target(named.case.then, targets))
                    for named in task.switch
                )
            )
        elif isinstance(task, m.TryTask):
            node.spec = self._compile_try(node, task, self._target(task.catch.then, targets))

    def _target(self, then: str | None, targets: Mapping[str, int]) -> int:
        if then in _DIRECTIVES:
            return _DIRECTIVES[then]
        assert then is not None
        if then not in targets:
            raise CompileError(f"`then: {then}` names no task of its own list.")
        return targets[then]

    def _add_named(self, parent: Node, prefix: str, position: int, named: m.NamedTask) -> Node:
        return self._add(parent, f"{prefix}/{position}/{escape_pointer(named.name)}", position, named.name, named.task)

    def _add(self, parent: Node, suffix: str, position: int, name: str, task: m.Task) -> Node:
        node = Node(
            index=len(self._nodes),
            name=name,
            kind=Kind.UNSUPPORTED,
            parent=parent.index,
            position=position,
            suffix=suffix,
            reference=parent.reference + suffix,
            definition=task.definition,
        )
        self._nodes.append(node)
        self._add_data_flow(node, task)
        try:
            _COMPILE[type(task)](self, node, task)
        except ValueError as error:
            raise CompileError(f"Task `{name}` ({node.reference}): {error}") from error
        return node

    def _add_data_flow(self, node: Node, task: m.Task) -> None:
        node.condition = _expression(task.if_)
        if task.input is not None:
            node.input_schema = _schema(task.input.schema)
            node.input_from = _template(task.input.from_)
            node.hides_input = node.input_from is not None and "secrets" in node.input_from.variables
        if task.output is not None:
            node.output_schema = _schema(task.output.schema)
            node.output_as = _template(task.output.as_)
        if task.export is not None:
            node.export_schema = _schema(task.export.schema)
            node.export_as = _template(task.export.as_)
        node.timeout = self._timeout(task.timeout)

    def _timeout(self, timeout: m.Timeout | str | None) -> DurationSpec | None:
        if isinstance(timeout, str):
            timeout = _named(self._workflow.use.timeouts, timeout, "timeout")
        return None if timeout is None else _duration(timeout.after)

    # -- kinds of tasks -----------------------------------------------------------------------------------------------

    def _do(self, node: Node, task: m.DoTask) -> None:
        node.kind = Kind.DO
        node.first = self._add_list(node, "/do", task.do)

    def _set(self, node: Node, task: m.SetTask) -> None:
        node.kind = Kind.SET
        node.spec = SetSpec(compile_template(task.set))

    def _switch(self, node: Node, task: m.SwitchTask) -> None:
        del task
        node.kind = Kind.SWITCH

    def _for(self, node: Node, task: m.ForTask) -> None:
        node.kind = Kind.FOR
        loop = task.for_
        collection = compile_template(list(loop.in_)) if isinstance(loop.in_, tuple) else _template(loop.in_)
        assert collection is not None
        first = self._add_list(node, "/do", task.do)
        node.spec = ForSpec(collection, loop.each, loop.at, _expression(task.while_), first)

    def _fork(self, node: Node, task: m.ForkTask) -> None:
        node.kind = Kind.FORK
        branches = tuple(
            self._add_named(node, "/fork/branches", position, named).index
            for position, named in enumerate(task.fork.branches)
        )
        for index, named in zip(branches, task.fork.branches, strict=True):
            self._nodes[index].then = _DIRECTIVES.get(named.task.then, TO_NEXT)
            self._resolve_targets(self._nodes[index], named.task, {})
        node.spec = ForkSpec(branches, task.fork.compete)

    def _try(self, node: Node, task: m.TryTask) -> None:
        node.kind = Kind.TRY
        first = self._add_list(node, "/try", task.try_)
        catch_first = self._add_list(node, "/catch/do", task.catch.do or ())
        node.first = first
        node.spec = (first, catch_first)

    def _compile_try(self, node: Node, task: m.TryTask, catch_then: int) -> TrySpec:
        first, catch_first = node.spec
        catch = task.catch
        written = catch.errors.with_ if catch.errors is not None else None
        retry = catch.retry
        if isinstance(retry, str):
            retry = _named(self._workflow.use.retries, retry, "retry policy")
        return TrySpec(
            first=first,
            error_filter=None if written is None else _error_filter(written),
            variable=catch.as_,
            when=_expression(catch.when),
            except_when=_expression(catch.except_when),
            retry=None if retry is None else _retry(retry),
            catch_first=catch_first,
            catch_then=catch_then,
        )

    def _raise(self, node: Node, task: m.RaiseTask) -> None:
        node.kind = Kind.RAISE
        error = task.raise_.error
        if isinstance(error, str):
            _named(self._workflow.use.errors, error, "error")
            written = self._workflow.definition["use"]["errors"][error]
        else:
            written = task.definition["raise"]["error"]
        node.spec = RaiseSpec(compile_template(written))

    def _wait(self, node: Node, task: m.WaitTask) -> None:
        node.kind = Kind.WAIT
        node.spec = WaitSpec(_duration(task.wait))

    def _emit(self, node: Node, task: m.EmitTask) -> None:
        node.kind = Kind.EMIT
        node.spec = EmitSpec(compile_template(task.emit.event.with_ or {}))

    def _listen(self, node: Node, task: m.ListenTask) -> None:
        node.kind = Kind.LISTEN
        node.spec = compile_listen(task, self._handler(node, task.foreach))

    def _handler(self, node: Node, foreach: m.SubscriptionIterator | None) -> HandlerSpec | None:
        if foreach is None:
            return None
        first = self._add_list(node, FOREACH, foreach.do)
        made, exported = foreach.output or m.Output(), foreach.export or m.Export()
        return HandlerSpec(
            each=foreach.item,
            at=foreach.at,
            first=first,
            output_as=_template(made.as_),
            output_schema=_schema(made.schema),
            export_as=_template(exported.as_),
            export_schema=_schema(exported.schema),
        )

    def _call(self, node: Node, task: m.CallTask) -> None:
        if task.call in self._workflow.use.functions:
            self._call_function(node, task)
        elif task.call in _SUPPORTED_CALLS:
            self._activity(node, task.call, task.definition.get("with", {}), returns="stdout", awaits=True)
        else:
            node.spec = UnsupportedSpec(f"`call: {task.call}`")

    def _call_function(self, node: Node, task: m.CallTask) -> None:
        if task.call in self._calling:
            path = " -> ".join([*self._calling, task.call])
            raise ValueError(f"the function `{task.call}` calls itself ({path})")
        node.kind = Kind.FUNCTION
        arguments = compile_template(task.definition.get("with", {}))
        self._calling.append(task.call)
        name = escape_pointer(task.call)
        body = self._add(node, f"/call/{name}", 0, task.call, self._workflow.use.functions[task.call])
        body.then = _DIRECTIVES.get(self._workflow.use.functions[task.call].then, TO_NEXT)
        self._resolve_targets(body, self._workflow.use.functions[task.call], {})
        self._calling.pop()
        node.spec = FunctionSpec(arguments, body.index)

    def _run(self, node: Node, task: m.RunTask) -> None:
        run = task.run
        written = task.definition["run"]
        if isinstance(run, m.WorkflowRun):
            subflow = run.workflow
            node.kind = Kind.WORKFLOW
            value = written["workflow"].get("input")
            node.spec = WorkflowSpec(
                namespace=subflow.namespace,
                name=subflow.name,
                version=subflow.version,
                input=None if value is None else compile_template(value),
                awaits=run.await_,
            )
        elif isinstance(run, m.ShellRun | m.ScriptRun):
            kind = "shell" if isinstance(run, m.ShellRun) else "script"
            self._activity(node, kind, written[kind], returns=run.return_, awaits=run.await_)
        else:
            node.spec = UnsupportedSpec("`run: container`")

    def _activity(self, node: Node, kind: str, arguments: Any, *, returns: str, awaits: bool) -> None:
        node.kind = Kind.ACTIVITY
        policies = self._workflow.definition.get("use", {}).get("authentications", {})
        node.spec = compile_activity(kind, arguments, policies, returns=returns, awaits=awaits)


_COMPILE: dict[type, Callable[[_Compiler, Node, Any], None]] = {
    m.DoTask: _Compiler._do,
    m.SetTask: _Compiler._set,
    m.SwitchTask: _Compiler._switch,
    m.ForTask: _Compiler._for,
    m.ForkTask: _Compiler._fork,
    m.TryTask: _Compiler._try,
    m.RaiseTask: _Compiler._raise,
    m.WaitTask: _Compiler._wait,
    m.EmitTask: _Compiler._emit,
    m.ListenTask: _Compiler._listen,
    m.CallTask: _Compiler._call,
    m.RunTask: _Compiler._run,
}


# -- small pieces -----------------------------------------------------------------------------------------------------


def _named(offered: Mapping[str, T], name: str, what: str) -> T:
    if name not in offered:
        raise CompileError(f"The {what} `{name}` is not defined under `use`.")
    return offered[name]


def _expression(source: str | None) -> Expression | None:
    return None if source is None else compile_expression(source)


def _template(written: Any) -> Template | None:
    """Compile a place where a string always means an expression (decision 2)."""
    if isinstance(written, str) and not is_expression(written):
        written = f"${{ {written} }}"
    return None if written is None else compile_template(written)


def _schema(schema: m.SchemaDefinition | None) -> SchemaValidator | None:
    return None if schema is None or schema.document is None else SchemaValidator(schema.document)


def _duration(duration: m.Duration) -> DurationSpec:
    if duration.expression is not None:
        return DurationSpec(template=compile_template(duration.expression))
    return DurationSpec(fixed=duration.to_timedelta())


def _optional_duration(duration: m.Duration | None) -> DurationSpec | None:
    return None if duration is None else _duration(duration)


def _error_filter(written: m.ErrorFilter) -> dict[str, Any]:
    members = {name: getattr(written, name) for name in ("type", "status", "instance", "title", "detail")}
    if written.details is not None:
        members["detail"] = written.details
    return {name: value for name, value in members.items() if value is not None}


def _retry(policy: m.RetryPolicy) -> RetrySpec:
    backoff = policy.backoff or m.Backoff(constant=m.BackoffParameters())
    name = next(name for name in ("constant", "linear", "exponential") if getattr(backoff, name) is not None)
    parameters: m.BackoffParameters = getattr(backoff, name)
    limit = policy.limit or m.RetryLimit()
    attempt = limit.attempt or m.AttemptLimit()
    return RetrySpec(
        when=_expression(policy.when),
        except_when=_expression(policy.except_when),
        delay=_optional_duration(policy.delay),
        backoff=name,
        factor=2.0 if parameters.factor is None else parameters.factor,
        max_delay=_optional_duration(parameters.max_delay),
        max_retries=attempt.count,
        attempt_duration=_optional_duration(attempt.duration),
        total_duration=_optional_duration(limit.duration),
        jitter_from=_optional_duration(policy.jitter.from_ if policy.jitter else None),
        jitter_to=_optional_duration(policy.jitter.to if policy.jitter else None),
    )


def _is_plain(node: Node) -> bool:
    parts = (
        node.condition,
        node.input_schema,
        node.input_from,
        node.output_as,
        node.output_schema,
        node.export_as,
        node.export_schema,
        node.timeout,
    )
    return all(part is None for part in parts)
