"""The commands that are about a server: publish, sign in, sign out."""

from pathlib import Path
from typing import Annotated

import typer

from kapell.cli import options

Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The server. [default: KAPELL_SERVER, or http://127.0.0.1:8020]"),
]


def publish(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflows, in YAML or JSON.")],
    note: Annotated[str, typer.Option("--note", help="What to say about the versions.", show_default=False)] = "",
    allow_lower: Annotated[
        bool, typer.Option("--allow-lower", help="Also where a higher version has been published.")
    ] = False,
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Publish workflows on a server, each as the version that its document names."""
    from kapell.cli.publishing import publish_files

    return publish_files(server, token_file, files, note, allow_lower=allow_lower, as_json=json)


def sign_in(
    name: Annotated[str, typer.Option("--name", help="Who signs in; asked for if left out.", show_default=False)] = "",
    days: Annotated[float, typer.Option("--days", min=0.001, max=365, help="How long it lasts.")] = 30,
    server: Server = None,
) -> int:
    """Sign in to a server by password: an API token is kept for the commands and programs of this user.

    The password is asked for on the terminal, or is one line of stdin.
    """
    from kapell.cli.signing_in import sign_in_to

    return sign_in_to(server, name, days)


def sign_out(server: Server = None) -> int:
    """Revoke the API token that `sign-in` has made, and forget it."""
    from kapell.cli.signing_in import sign_out_of

    return sign_out_of(server)
