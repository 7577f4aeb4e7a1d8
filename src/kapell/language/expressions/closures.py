"""The closures that the compiler puts together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.language.expressions import tree, values
from kapell.language.expressions.costs import WEIGHERS, Cost, Environment, spend, weigh_deep
from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.filters import (
    Filter,
    Many,
    One,
    combine,
    multiple,
    single,
)
from kapell.language.expressions.unknown import UNKNOWN, Undetermined, contains_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kapell.language.expressions.tree import Node

_CONTAINERS = frozenset({list, dict})


def is_true_or_undetermined(value: Any) -> bool:
    """Tell whether a value counts as true. Raises `Undetermined` if it is unknown."""
    if value is UNKNOWN:
        raise Undetermined
    return values.is_true(value)


def or_unknown(one: One) -> One:
    """Give an unknown result where the one result depends on an unknown value."""

    def run(value: Any, env: Environment) -> Any:
        try:
            return one(value, env)
        except Undetermined:
            return UNKNOWN

    return run


def checked(function: Callable[..., Any], cost: Cost, *, of_input: bool) -> Callable[..., Any]:
    """Let a function see no unknown value; nor, if it looks into its arguments, unknown parts."""

    def run(value: Any, *results: Any) -> Any:
        arguments = [value, *results] if of_input else results
        if cost in ("deep", "letters"):
            if contains_unknown(list(arguments)):
                raise Undetermined
        elif any(argument is UNKNOWN for argument in arguments):
            raise Undetermined
        return function(value, *results)

    return run


def counted(
    function: Callable[..., Any],
    cost: Cost,
    parts: tuple[Filter, ...],
    order: tuple[int, ...] | None,
    *,
    of_input: bool,
) -> Filter:
    """Call a function on the input and the results of the parts, and count what it visits."""
    weigh = WEIGHERS[cost]
    if not parts:

        def run_alone(value: Any, env: Environment) -> Any:
            spend(env, weigh((value,)))
            return function(value)

        return single(run_alone)
    first = 0 if of_input else 1
    gathered = combine(gather, parts, order)
    if gathered.single is not None:
        gather_one = gathered.single

        def run(value: Any, env: Environment) -> Any:
            arguments = gather_one(value, env)
            spend(env, weigh(arguments[first:]))
            return function(*arguments)

        return single(run)
    gather_many = gathered.many

    def run_many(value: Any, env: Environment) -> Iterator[Any]:
        for arguments in gather_many(value, env):
            spend(env, weigh(arguments[first:]))
            yield function(*arguments)

    return multiple(run_many)


def compile_path(node: tree.Index) -> One | None:
    """Compile `.a.b.c` and `$x.a.b.c` to one closure; None if it is something else."""
    keys: list[str] = []
    target: Node = node
    while isinstance(target, tree.Index):
        if target.lenient or not isinstance(target.key, tree.Literal) or type(target.key.value) is not str:
            return None
        keys.append(target.key.value)
        target = target.target
    keys.reverse()
    if isinstance(target, tree.Identity):
        return walk_field(keys[0]) if len(keys) == 1 else walk_input(tuple(keys))
    if isinstance(target, tree.Variable):
        return walk_variable(target.name, tuple(keys))
    return None


def walk_field(key: str) -> One:
    """Compile `.key`."""

    def run(value: Any, _env: Environment) -> Any:
        if type(value) is dict:
            return value.get(key)
        return values.get_item(value, key)

    return run


def walk_input(keys: tuple[str, ...]) -> One:
    """Compile `.a.b.c`."""

    def run(value: Any, _env: Environment) -> Any:
        for key in keys:
            value = value.get(key) if type(value) is dict else values.get_item(value, key)
        return value

    return run


def walk_variable(name: str, keys: tuple[str, ...]) -> One:
    """Compile `$name.a.b.c`."""

    def run(_value: Any, env: Environment) -> Any:
        try:
            value = env[name]
        except KeyError:
            raise ExpressionError(f"${name} is not defined here") from None
        for key in keys:
            value = value.get(key) if type(value) is dict else values.get_item(value, key)
        return value

    return run


def get_index(_value: Any, target: Any, key: Any) -> Any:
    """Carry out `target[key]`."""
    return values.get_item(target, key)


def get_slice(_value: Any, target: Any, start: Any, end: Any) -> Any:
    """Carry out `target[start:end]`."""
    return values.get_slice(target, start, end)


def iterate(container: Any, env: Environment) -> Iterable[Any]:
    """Carry out `container[]`."""
    if type(container) is list:
        spend(env, len(container))
        return container
    if type(container) is dict:
        spend(env, len(container))
        return container.values()
    if container is UNKNOWN:
        raise Undetermined
    raise ExpressionError(f"Cannot iterate over {values.describe(container)}")


def iterate_lenient(container: Any, env: Environment) -> Iterable[Any]:
    """Carry out `container[]?`."""
    return iterate(container, env) if type(container) in _CONTAINERS or container is UNKNOWN else ()


def forgive(function: Callable[..., Any], arguments: Filter, cost: Cost) -> Filter:
    """Call a function on each tuple of arguments, and give nothing where it fails."""
    weigh = WEIGHERS[cost] if cost != "plain" else _weigh_nothing
    if arguments.single is not None:
        one = arguments.single

        def run_once(value: Any, env: Environment) -> Iterable[Any]:
            each = one(value, env)
            spend(env, weigh(each[1:]))
            try:
                return (function(*each),)
            except ExpressionError:
                return ()

        return multiple(run_once)
    tuples = arguments.many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for each in tuples(value, env):
            spend(env, weigh(each[1:]))
            try:
                result = function(*each)
            except ExpressionError:
                continue
            yield result

    return multiple(run)


def _weigh_nothing(_arguments: tuple[Any, ...]) -> int:
    return 0


def gather(*arguments: Any) -> tuple[Any, ...]:
    """Return the arguments."""
    return arguments


def recurse_all(value: Any, env: Environment) -> Iterator[Any]:
    """Carry out `..`: a value before what is in it, at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        spend(env, 1)
        if value is UNKNOWN:
            raise Undetermined
        yield value
        if type(value) is dict:
            waiting.extend(reversed(value.values()))
        elif type(value) is list:
            waiting.extend(reversed(value))


def write_text(parts: list[str | One], write: Callable[[Any], str]) -> One:
    """Compile a string with interpolations that give single results; the last of them is evaluated first, as in jq."""

    def run(value: Any, env: Environment) -> str:
        texts = []
        for part in reversed(parts):
            if isinstance(part, str):
                texts.append(part)
                continue
            result = part(value, env)
            if type(result) in _CONTAINERS:
                spend(env, weigh_deep((result,)))
            texts.append(write(result))
        if sum(map(len, texts)) > values.MAX_TEXT:
            raise HelperNeeded("a long text")
        texts.reverse()
        return "".join(texts)

    return run


def make_object(_value: Any, *pairs: Any) -> dict[str, Any]:
    """Put keys and values, in turn, into an object."""
    made = {}
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if type(key) is not str:
            if key is UNKNOWN:
                raise Undetermined
            raise ExpressionError(f"Cannot use {values.describe(key)} as object key")
        made[key] = value
    return made


def choose(first: One, second: One, is_true: Callable[[Any], bool]) -> One:
    """Compile `first // second` on single results."""

    def run(value: Any, env: Environment) -> Any:
        result = first(value, env)
        return result if is_true(result) else second(value, env)

    return run


def chain(parts: tuple[Filter, ...]) -> Many:
    """Compile `a, b, c`."""
    manies = tuple(part.many for part in parts)

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for many in manies:
            yield from many(value, env)

    return run if len(manies) != 1 else manies[0]


def run_through(ones: list[One]) -> list[Filter]:
    """Compile a pipe of single results, however long, to at most one filter."""
    if len(ones) <= 1:
        return [single(one) for one in ones]
    if len(ones) == 2:  # noqa: PLR2004 -- the frequent case, without a loop
        first, second = ones
        return [single(lambda value, env: second(first(value, env), env))]
    stages = tuple(ones)

    def run(value: Any, env: Environment) -> Any:
        for stage in stages:
            value = stage(value, env)
        return value

    return [single(run)]


def connect(first: Filter, second: Filter) -> Filter:
    """Pipe the results of one filter into the next."""
    if first.single is not None:
        one = first.single
        if second.single is not None:
            following = second.single
            return single(lambda value, env: following(one(value, env), env))
        spread = second.many
        return multiple(lambda value, env: spread(one(value, env), env))
    many = first.many
    if second.single is not None:
        each = second.single
        return multiple(lambda value, env: (each(result, env) for result in many(value, env)))
    rest = second.many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for result in many(value, env):
            yield from rest(result, env)

    return multiple(run)
