"""`kapell reset-password`: the way back in for who has the machine, and lost the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.assembly import open_server_database
from kapell.audit.operators import find_operator
from kapell.audit.service import open_audit_log
from kapell.cli import exits
from kapell.cli.output import print_json, print_lines, say
from kapell.clock import SystemClock
from kapell.errors import NotFoundError
from kapell.identity.credentials import make_password
from kapell.identity.service import Identity
from kapell.storage.data_folder import AUDIT_KEY, SERVER_DATABASE

if TYPE_CHECKING:
    from kapell.settings import Settings


def reset_password(settings: Settings, name: str, *, as_json: bool) -> int:
    """Give an account a new password, end its sessions, and print the password.

    Raises:
        NotFoundError: There is no installation, or no such account.
        StorageError: The database cannot be used.
    """
    if not settings.database and not (settings.data / SERVER_DATABASE).exists():
        raise NotFoundError(
            f"In {settings.data} no server has been started yet.", hint="Name the folder by --data, or begin: kapell up"
        )
    clock = SystemClock()
    with open_server_database(settings) as database:
        identity = Identity(database, open_audit_log(database, settings.data / AUDIT_KEY, clock), clock)
        person = identity.accounts.get_person_by_name(name)
        password = make_password()
        identity.accounts.set_password(person.person_id, password, find_operator())
    if as_json:
        print_json({"name": person.name, "password": password})
        return exits.COMPLETED
    say(f"The new password of `{person.name}`; it is shown only now, and sessions begun with the old one are over:")
    print_lines(password)
    if person.disabled_at is not None:
        say("The account is disabled: an administrator has to enable it.", "yellow")
    return exits.COMPLETED
