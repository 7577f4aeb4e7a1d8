"""What a client can do, described once for both kinds of client.

A resource's methods only describe: each returns the call (or the stream, or the steps) as a value. The decorators here
turn the description into a method that does it. On a resource of a `Client` that method returns the answer, on one of
an `AsyncClient` something to be awaited, and the types say so. There is no second place where they could differ.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from kapell.client.calls import Call, Page
from kapell.client.following import Stream
from kapell.client.steps import Step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from typing import Self

    from kapell.client.async_sender import AsyncItems, AsyncSender
    from kapell.client.sync_sender import Items, Sender

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")


class Resource(Generic[S]):
    """One kind of thing of the API, asked for by a sender: a `Sender` or an `AsyncSender`."""

    def __init__(self, sender: S) -> None:
        """Ask by `sender`."""
        self._sender = sender


class _Described(Generic[P, R]):
    """A method of a resource that describes, and how it is carried out."""

    verb = ""
    """The sender's method that carries out what was described."""

    def __init__(self, describe: Callable[Concatenate[Any, P], R]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__
        self.__name__ = describe.__name__

    def _bind(self, resource: Resource[Any] | None) -> Any:
        if resource is None:
            return self
        describe = self.describe.__get__(resource)
        carry_out = getattr(resource._sender, self.verb)  # noqa: SLF001 -- the two belong together

        @wraps(describe)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return carry_out(describe(*args, **kwargs))

        return method


class operation(_Described[P, Call[T]], Generic[P, T]):  # noqa: N801 -- a decorator, as `property` is
    """A method that is one call: it returns the answer."""

    verb = "send"

    @overload
    def __get__(self, resource: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sender], owner: Any = ...) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[AsyncSender], owner: Any = ...) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: Any = None) -> Any:
        """Return the method of a resource."""
        return self._bind(resource)


class listing(_Described[P, Call[Page[T]]], Generic[P, T]):  # noqa: N801 -- a decorator
    """A method that goes through a list, page by page as needed: it returns an iterator."""

    verb = "turn_pages"

    @overload
    def __get__(self, resource: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sender], owner: Any = ...) -> Callable[P, Items[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncSender], owner: Any = ...) -> Callable[P, AsyncItems[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: Any = None) -> Any:
        """Return the method of a resource."""
        return self._bind(resource)


class streaming(_Described[P, Stream[T]], Generic[P, T]):  # noqa: N801 -- a decorator
    """A method that follows a stream of events: it returns an iterator."""

    verb = "follow"

    @overload
    def __get__(self, resource: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sender], owner: Any = ...) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, resource: Resource[AsyncSender], owner: Any = ...) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: Any = None) -> Any:
        """Return the method of a resource."""
        return self._bind(resource)


class procedure(_Described[P, Generator[Step, Any, T]], Generic[P, T]):  # noqa: N801 -- a decorator
    """A method of several steps, each a call whose answer is sent back to the description, or a pause."""

    verb = "carry_out"

    @overload
    def __get__(self, resource: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sender], owner: Any = ...) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[AsyncSender], owner: Any = ...) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: Any = None) -> Any:
        """Return the method of a resource."""
        return self._bind(resource)
