"""`kapell sign-in` and `kapell sign-out`: an API token in a file that only this user can read."""

from __future__ import annotations

import getpass
import socket
import sys
from datetime import timedelta

from kapell.cli import exits
from kapell.cli.output import say, say_time
from kapell.cli.server_client import open_client
from kapell.client.profile import find_token_path, store_token
from kapell.client.wire.identity import Scope
from kapell.clock import SystemClock
from kapell.errors import NotFoundError, UnauthenticatedError, UsageError


def sign_in_to(server: str | None, name: str, days: float) -> int:
    """Sign in by password, make an API token of all that the person may do, and keep it.

    Raises:
        UsageError: There is no password.
        UnauthenticatedError: Name or password are wrong.
    """
    with open_client(server, token="") as client:
        client.server.health()  # before a password is typed
        name = name or _ask_name()
        client.me.sign_in(name, _ask_password(name))
        try:
            permissions = frozenset(grant.permission for grant in client.me.get().grants)
            if not permissions:
                raise UsageError(f"{name} may do nothing yet.", hint="Ask an administrator for a role.")
            expires_at = SystemClock().now() + timedelta(days=days)
            made = client.tokens.create(f"kapell on {socket.gethostname()}", Scope(permissions), expires_at)
        finally:
            client.me.sign_out()
        address = client.profile.address
    path = store_token(address, made.text)
    say(f"Signed in to {address} as {name} until {say_time(made.token.expires_at)}. The token is kept in {path}.")
    return exits.COMPLETED


def _ask_name() -> str:
    if not sys.stdin.isatty():
        raise UsageError("Nobody was named, and there is nobody to ask.", hint="Name somebody by --name.")
    say("Name: ")
    return sys.stdin.readline().strip()


def _ask_password(name: str) -> str:
    password = getpass.getpass(f"Password of {name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("There is no password.", hint="Type it, or give it as one line of stdin.")
    return password


def sign_out_of(server: str | None) -> int:
    """Revoke the token that is kept for a server, and forget it.

    Raises:
        NotFoundError: None is kept.
    """
    with open_client(server, token="") as client:
        address = client.profile.address
    path = find_token_path(address)
    if not path.is_file():
        raise NotFoundError(f"Nobody is signed in to {address}.", hint="See `kapell sign-in --help`.")
    try:
        with open_client(address, path) as client:
            client.tokens.revoke(client.me.get().principal_id)
    except UnauthenticatedError:
        say("The token had ended already.")
    path.unlink()
    say(f"Signed out of {address}.")
    return exits.COMPLETED
