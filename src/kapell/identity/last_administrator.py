"""There is always somebody who can do everything, or nobody could give anybody anything any more."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.errors import ConflictError
from kapell.identity.store import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa


@contextmanager
def keeping_an_administrator(connection: sa.Connection) -> Iterator[None]:
    """Refuse what is done inside if it takes the last administrator away.

    One counts who is enabled and has the role in all namespaces without an expiry. Changes of this kind wait for one
    another, so that two of them cannot each take the other's administrator.

    Raises:
        ConflictError: Nobody would be left; the transaction must be rolled back, which it is when this passes through.
    """
    bindings.lock_administrators(connection)
    had_one = bindings.has_lasting_administrator(connection)
    yield
    if had_one and not bindings.has_lasting_administrator(connection):
        raise ConflictError(
            "This would leave nobody who is administrator for good.",
            hint="First give somebody else the role administrator in all namespaces, without an expiry.",
        )
