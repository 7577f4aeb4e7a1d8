"""The commands for those who keep an installation: backup, restore, doctor, reset-password."""

from pathlib import Path
from typing import Annotated

import typer

from kapell.cli import options
from kapell.cli.early_stop import leave_on_sigterm

Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="A PostgreSQL database, in place of the data folder's.")
]
Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]


def backup(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The new file, or a folder to name it in after the time."),
    ],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put in the keys, too: with the file one can read all secrets.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Make nothing: say whether FILE is a whole backup.")] = False,
    data: options.Data = None,
    database: Database = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write everything of an installation to one file, also while its server runs.

    The keys (audit.key and master.key in the data folder) are not inside unless you say so. Keep a copy of each in
    another place: without them a restored installation opens no secret and adds nothing to its audit log.
    """
    leave_on_sigterm()  # in order: nothing is left of a file that is not whole
    from kapell.cli import backing_up
    from kapell.settings import read_settings

    if check:
        return backing_up.check(file, as_json=json, quiet=quiet)
    settings = read_settings(data=data, database=database)
    return backing_up.back_up(settings, file, with_keys=with_keys, as_json=json, quiet=quiet)


def restore(
    file: Archive,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the installation that is there; a folder's is moved aside.")
    ] = False,
    data: options.Data = None,
    database: Database = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Make an installation of a backup, in a data folder or in PostgreSQL, whichever of them it came from.

    The whole file is checked before anything is written. Runs go on from where they were when the backup was made: what
    they did since is done again. Never let the old installation and the restored one run at the same time.
    """
    leave_on_sigterm()
    from kapell.cli import backing_up
    from kapell.settings import read_settings

    settings = read_settings(data=data, database=database)
    return backing_up.restore(settings, file, replaces=replace, as_json=json, quiet=quiet)


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Take rights on databases and keys away from others; change nothing else.")
    ] = False,
    data: options.Data = None,
    database: Database = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name what could not be looked at, too.")] = False,
    json: options.Json = False,
) -> int:
    """Look at an installation, also at a broken one, and say what to do: exits 1 if there is a problem.

    The settings in force count: run it as the user and with the environment of the server.
    """
    from kapell.cli.doctoring import see_doctor

    return see_doctor(data, database, fixes=fix, as_json=json, verbose=verbose)


def reset_password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that is typed at the sign-in.")] = "admin",
    data: options.Data = None,
    database: Database = None,
    json: options.Json = False,
) -> int:
    """Give an account a new password and print it: for who has the machine, and lost the password.

    It may be done while the server runs. The audit log says that it was done, and by which user of the machine.
    """
    from kapell.cli import resetting
    from kapell.settings import read_settings

    return resetting.reset_password(read_settings(data=data, database=database), name, as_json=json)
