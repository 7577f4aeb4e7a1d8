"""Compiles a tree to closures, where Python can give exactly what libjq would give.

A node that has no method here makes the whole expression one for the helper process (`NotNative`).

There are two sets of closures. The ordinary one knows only JSON values. The other one, compiled on demand for plans and
simulations, also takes `UNKNOWN`: every function checks its arguments first and raises `Undetermined`, which the next
filter with exactly one result turns into an unknown result. Inside `try` it goes further up, as there an unknown value
may also decide between an error and a result.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from kapell.language.expressions import tree, values
from kapell.language.expressions.calls import CALLS
from kapell.language.expressions.closures import (
    chain,
    checked,
    choose,
    compile_path,
    connect,
    counted,
    forgive,
    gather,
    get_index,
    get_slice,
    is_true_or_undetermined,
    iterate,
    iterate_lenient,
    make_object,
    or_unknown,
    recurse_all,
    run_through,
    walk_field,
    write_text,
)
from kapell.language.expressions.costs import Cost, Environment, spend
from kapell.language.expressions.errors import ExpressionError
from kapell.language.expressions.filters import (
    Filter,
    NotNative,
    combine,
    multiple,
    single,
)
from kapell.language.expressions.formats import FORMATTERS
from kapell.language.expressions.functions import FUNCTIONS
from kapell.language.expressions.macros import MACROS
from kapell.language.expressions.operators import ASSIGNMENTS, OPERATORS, compile_operator
from kapell.language.expressions.patterns import take_apart
from kapell.language.expressions.updates import EACH, compile_assignment, compile_deletion, compile_update, read_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.language.expressions.filters import One
    from kapell.language.expressions.tree import Node


_CHARGES_UNCOUNTED = 8
"""How many functions may each visit the full number of values before their visits are counted together."""


def compile_native(root: Node, *, abstract: bool = False) -> tuple[Filter, bool]:
    """Compile a tree; also tell whether it loops, so that its environment needs a budget.

    Args:
        root: The tree.
        abstract: Whether the closures take unknown values too.

    Raises:
        NotNative: Only libjq can evaluate it.
    """
    compiler = _Compiler(abstract=abstract)
    compiled = compiler.compile(root)
    return compiled, compiler.loops or compiler.charges > _CHARGES_UNCOUNTED


class _Compiler:
    """One compilation; its methods are named after the nodes that they compile."""

    def __init__(self, *, abstract: bool) -> None:
        self.abstract = abstract
        self.guards = 0
        self.loops = False
        self.charges = 0
        self.is_true = is_true_or_undetermined if abstract else values.is_true

    def compile(self, node: Node) -> Filter:
        method = _METHODS.get(type(node))
        if method is None:
            raise NotNative(type(node).__name__)
        compiled = method(self, node)
        self.loops = self.loops or compiled.multiple is not None
        if self.abstract and self.guards == 0 and compiled.single is not None:
            return single(or_unknown(compiled.single))
        return compiled

    def apply(
        self,
        function: Callable[..., Any],
        cost: Cost,
        parts: tuple[Filter, ...],
        order: tuple[int, ...] | None = None,
        *,
        of_input: bool = False,
    ) -> Filter:
        """Call a function on the input and the results of the parts; count what it visits.

        Args:
            function: What to call.
            cost: What it visits.
            parts: What gives its arguments.
            order: See `combine`.
            of_input: Whether it looks at the input too; operators do not.
        """
        if self.abstract:
            function = checked(function, cost, of_input=of_input)
        self.charges += 1
        if cost == "plain":
            return combine(function, parts, order)
        return counted(function, cost, parts, order, of_input=of_input)

    # -- leaves ----------------------------------------------------------------------------------------------------

    def identity(self, _node: tree.Identity) -> Filter:
        return single(lambda value, _env: value)

    def literal(self, node: tree.Literal) -> Filter:
        constant = node.value
        return single(lambda _value, _env: constant)

    def variable(self, node: tree.Variable) -> Filter:
        name = node.name

        def read(_value: Any, env: Environment) -> Any:
            try:
                return env[name]
            except KeyError:
                raise ExpressionError(f"${name} is not defined here") from None

        return single(read)

    def format(self, node: tree.Format) -> Filter:
        return self.apply(self.formatter(node.name), "letters", (), of_input=True)

    def formatter(self, name: str) -> Callable[[Any], str]:
        if name not in FORMATTERS:
            raise NotNative(name)
        return FORMATTERS[name]

    # -- paths -----------------------------------------------------------------------------------------------------

    def index(self, node: tree.Index) -> Filter:
        if not self.abstract and not node.lenient:
            path = compile_path(node)
            if path is not None:
                return single(path)
            if isinstance(node.key, tree.Literal) and type(node.key.value) is str:
                return connect(self.compile(node.target), single(walk_field(node.key.value)))
        parts = (self.compile(node.target), self.compile(node.key))
        return self.step(get_index, "plain", parts, (1, 0), lenient=node.lenient)

    def slice(self, node: tree.Slice) -> Filter:
        nothing = tree.Literal(node.position, None)
        bounds = (self.compile(node.start or nothing), self.compile(node.end or nothing))
        parts = (self.compile(node.target), *bounds)
        return self.step(get_slice, "copy", parts, (1, 2, 0), lenient=node.lenient)

    def step(
        self,
        function: Callable[..., Any],
        cost: Cost,
        parts: tuple[Filter, ...],
        order: tuple[int, ...],
        *,
        lenient: bool,
    ) -> Filter:
        if not lenient:
            return self.apply(function, cost, parts, order)
        function = checked(function, cost, of_input=False) if self.abstract else function
        return forgive(function, combine(gather, parts, order), cost)

    def iterate(self, node: tree.Iterate) -> Filter:
        target = self.compile(node.target)
        each = iterate_lenient if node.lenient else iterate
        if target.single is not None:
            one = target.single
            return multiple(lambda value, env: each(one(value, env), env))
        many = target.many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            for container in many(value, env):
                yield from each(container, env)

        return multiple(run)

    def recurse_all(self, _node: tree.RecurseAll) -> Filter:
        return multiple(recurse_all)

    # -- construction ----------------------------------------------------------------------------------------------

    def array(self, node: tree.Array) -> Filter:
        if node.items is None:
            return single(lambda _value, _env: [])
        items = node.items.items if isinstance(node.items, tree.Comma) else (node.items,)
        parts = tuple(self.compile(item) for item in items)
        ones = [part.single for part in parts if part.single is not None]
        if len(ones) == len(parts):
            return single(lambda value, env: [one(value, env) for one in ones])
        many = chain(parts)
        return single(lambda value, env: list(many(value, env)))

    def object(self, node: tree.Object) -> Filter:
        if all(isinstance(entry.key, tree.Literal) and type(entry.key.value) is str for entry in node.entries):
            pairs = [(entry.key.value, self.compile(entry.value).single) for entry in node.entries]  # type: ignore[attr-defined] # checked above
            singles = [(key, one) for key, one in pairs if one is not None]
            if len(singles) == len(pairs):
                return single(lambda value, env: {key: one(value, env) for key, one in singles})
        parts: list[Filter] = []
        for entry in node.entries:
            parts += (self.compile(entry.key), self.compile(entry.value))
        return combine(make_object, tuple(parts))

    def string_template(self, node: tree.StringTemplate) -> Filter:
        write = self.formatter(node.format)
        parts = tuple(self.compile(part) for part in node.parts if not isinstance(part, str))
        ones = [part.single for part in parts if part.single is not None]
        if len(ones) == len(parts) and not self.abstract:
            following = iter(ones)
            return single(write_text([p if isinstance(p, str) else next(following) for p in node.parts], write))
        texts = [part if isinstance(part, str) else None for part in node.parts]

        def build(_value: Any, *results: Any) -> str:
            waiting = iter(results)
            return "".join(write(next(waiting)) if text is None else text for text in texts)

        return self.apply(build, "letters", parts, tuple(reversed(range(len(parts)))))

    # -- operators -------------------------------------------------------------------------------------------------

    def negate(self, node: tree.Negate) -> Filter:
        return self.apply(lambda _value, operand: values.negate(operand), "plain", (self.compile(node.operand),))

    def binary(self, node: tree.Binary) -> Filter:
        if node.operator == "//":
            return self.alternative(node)
        if node.operator in ("and", "or"):
            return self.logical(node)
        left, right = self.compile(node.left), self.compile(node.right)
        if left.single is not None and right.single is not None and not self.abstract:
            self.charges += 1
            return single(compile_operator(node.operator, left.single, right.single))
        function, cost = OPERATORS[node.operator]
        return self.apply(lambda _value, one, other: function(one, other), cost, (left, right), (1, 0))

    def assignment(self, node: tree.Assignment) -> Filter:
        if self.abstract:
            raise NotNative("an assignment to what may be unknown")
        self.loops = True
        path, operand = read_path(node.target), self.compile(node.value)
        if node.operator == "|=":
            return compile_update(path, operand)
        return compile_assignment(path, ASSIGNMENTS[node.operator], operand)

    def logical(self, node: tree.Binary) -> Filter:
        left, right = self.compile(node.left), self.compile(node.right)
        is_true, decisive = self.is_true, node.operator == "or"
        if left.single is not None and right.single is not None:
            first, second = left.single, right.single
            if decisive:
                return single(lambda value, env: is_true(first(value, env)) or is_true(second(value, env)))
            return single(lambda value, env: is_true(first(value, env)) and is_true(second(value, env)))
        firsts, seconds = left.many, right.many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            for one in firsts(value, env):
                if is_true(one) is decisive:
                    yield decisive
                else:
                    for other in seconds(value, env):
                        yield is_true(other)

        return multiple(run)

    def alternative(self, node: tree.Binary) -> Filter:
        left, right = self.compile(node.left), self.compile(node.right)
        is_true = self.is_true
        if left.single is not None and right.single is not None:
            return single(choose(left.single, right.single, is_true))
        lefts, rights = left.many, right.many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            found = False
            for result in lefts(value, env):
                if is_true(result):
                    found = True
                    yield result
            if not found:
                yield from rights(value, env)

        return multiple(run)

    # -- flow ------------------------------------------------------------------------------------------------------

    def pipe(self, node: tree.Pipe) -> Filter:
        groups: list[Filter] = []
        straight: list[One] = []
        for stage in node.stages:
            compiled = self.compile(stage)
            if compiled.single is not None:
                straight.append(compiled.single)
                continue
            groups += [*run_through(straight), compiled]
            straight = []
        return functools.reduce(connect, [*groups, *run_through(straight)])

    def comma(self, node: tree.Comma) -> Filter:
        return multiple(chain(tuple(self.compile(item) for item in node.items)))

    def if_(self, node: tree.If) -> Filter:
        last = self.compile(node.otherwise) if node.otherwise is not None else single(lambda value, _env: value)
        for branch in reversed(node.branches):
            last = self.branch(self.compile(branch.condition), self.compile(branch.outcome), last)
        return last

    def branch(self, condition: Filter, outcome: Filter, otherwise: Filter) -> Filter:
        is_true = self.is_true
        if condition.single is not None and outcome.single is not None and otherwise.single is not None:
            test, yes, no = condition.single, outcome.single, otherwise.single
            return single(lambda value, env: yes(value, env) if is_true(test(value, env)) else no(value, env))
        tests, yeses, noes = condition.many, outcome.many, otherwise.many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            for result in tests(value, env):
                yield from (yeses if is_true(result) else noes)(value, env)

        return multiple(run)

    def try_(self, node: tree.Try) -> Filter:
        handler: Filter | None = None
        if node.handler is not None:
            if not _ignores_input(node.handler):
                raise NotNative("what `catch` is given is libjq's own text")
            handler = self.compile(node.handler)
        self.guards += 1
        body = self.compile(node.body).many
        self.guards -= 1
        handlers = handler.many if handler is not None else None

        def run(value: Any, env: Environment) -> Iterator[Any]:
            try:
                yield from body(value, env)
            except ExpressionError as error:
                if handlers is None:
                    return
                caught = error.value
            else:
                return
            yield from handlers(caught, env)

        return multiple(run)

    # -- variables and loops ---------------------------------------------------------------------------------------

    def bind(self, node: tree.Bind) -> Filter:
        name, inner_body = take_apart(node.patterns, node.body)
        source, body = self.compile(node.source), self.compile(inner_body)
        if source.single is not None and body.single is not None:
            origin, inner = source.single, body.single
            return single(lambda value, env: inner(value, {**env, name: origin(value, env)}))
        sources, bodies = source.many, body.many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            for result in sources(value, env):
                yield from bodies(value, {**env, name: result})

        return multiple(run)

    def reduce(self, node: tree.Reduce) -> Filter:
        name, update = take_apart(node.patterns, node.update)
        initial = self.compile(node.initial).single
        sources, updates = self.compile(node.source).many, self.compile(update).many
        if initial is None:
            raise NotNative("several beginnings")
        self.loops = True

        def run(value: Any, env: Environment) -> Any:
            state = initial(value, env)
            for item in sources(value, env):
                spend(env, 1)
                results = list(updates(state, {**env, name: item}))
                state = results[-1] if results else None
            return state

        return single(run)

    def foreach(self, node: tree.Foreach) -> Filter:
        name, update = take_apart(node.patterns, node.update)
        _, extract = take_apart(node.patterns, node.extract or tree.Identity(node.position))
        initial = self.compile(node.initial).many
        sources, updates = self.compile(node.source).many, self.compile(update).many
        extracts = self.compile(extract).many

        def run(value: Any, env: Environment) -> Iterator[Any]:
            for state in initial(value, env):
                for item in sources(value, env):
                    spend(env, 1)
                    inner = {**env, name: item}
                    for result in updates(state, inner):
                        state = result  # noqa: PLW2901 -- the state is what is carried on
                        yield from extracts(state, inner)

        return multiple(run)

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call) -> Filter:
        signature = (node.name, len(node.arguments))
        if signature in MACROS:
            return self.compile(MACROS[signature].expand(node.arguments))
        if signature in FUNCTIONS:
            function, cost = FUNCTIONS[signature]
            parts = tuple(self.compile(argument) for argument in node.arguments)
            return self.apply(function, cost, parts, of_input=True)
        if signature in (("del", 1), ("map_values", 1)) and not self.abstract:
            self.loops = True
            (argument,) = node.arguments
            if node.name == "del":
                return compile_deletion(read_path(argument))
            return compile_update((EACH,), self.compile(argument))
        build = CALLS.get(signature)
        if build is None:
            raise NotNative(node.name)
        self.loops = True
        return build(self.is_true, *(self.compile(argument) for argument in node.arguments))


def _ignores_input(handler: Node) -> bool:
    return isinstance(handler, tree.Literal | tree.Variable) or (
        isinstance(handler, tree.Call) and handler.name == "empty"
    )


_METHODS: dict[type[Node], Callable[[_Compiler, Any], Filter]] = {
    tree.Identity: _Compiler.identity,
    tree.RecurseAll: _Compiler.recurse_all,
    tree.Literal: _Compiler.literal,
    tree.Variable: _Compiler.variable,
    tree.StringTemplate: _Compiler.string_template,
    tree.Format: _Compiler.format,
    tree.Index: _Compiler.index,
    tree.Slice: _Compiler.slice,
    tree.Iterate: _Compiler.iterate,
    tree.Try: _Compiler.try_,
    tree.Array: _Compiler.array,
    tree.Object: _Compiler.object,
    tree.Negate: _Compiler.negate,
    tree.Pipe: _Compiler.pipe,
    tree.Comma: _Compiler.comma,
    tree.Binary: _Compiler.binary,
    tree.Assignment: _Compiler.assignment,
    tree.If: _Compiler.if_,
    tree.Bind: _Compiler.bind,
    tree.Reduce: _Compiler.reduce,
    tree.Foreach: _Compiler.foreach,
    tree.Call: _Compiler.call,
}
