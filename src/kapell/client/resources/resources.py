"""All resources, as both kinds of client have them."""

from __future__ import annotations

from typing import Generic

from kapell.client.operations import S
from kapell.client.resources.audit import Audit, Server
from kapell.client.resources.bulk import Bulk, RunStatistics, Search
from kapell.client.resources.events import Events
from kapell.client.resources.expressions import Expressions
from kapell.client.resources.identity import Account, Bindings, Groups, People, Roles, Tokens
from kapell.client.resources.installation import Installation
from kapell.client.resources.runs import Runs
from kapell.client.resources.triggers import Triggers
from kapell.client.resources.workflows import Secrets, Workflows


class Resources(Generic[S]):
    """What can be asked of a server.

    Attributes:
        runs: Runs.
        bulk: Commands for many runs.
        statistics: Figures of many runs.
        search: The index of the runs' words.
        workflows: Stored workflows.
        events: CloudEvents.
        triggers: Triggers, and what became of their firings.
        expressions: Expressions, to be tried.
        secrets: Secrets of namespaces.
        me: The caller: who they are, their sessions and password.
        tokens: API tokens.
        people: Accounts.
        groups: Groups of people.
        roles: Roles.
        bindings: Roles that were given.
        audit: The audit log.
        installation: The installation's settings, and what is wrong with it.
        server: Health, readiness and metrics.
    """

    def __init__(self, sender: S) -> None:
        """Ask by `sender`."""
        self.runs: Runs[S] = Runs(sender)
        self.bulk: Bulk[S] = Bulk(sender)
        self.statistics: RunStatistics[S] = RunStatistics(sender)
        self.search: Search[S] = Search(sender)
        self.workflows: Workflows[S] = Workflows(sender)
        self.events: Events[S] = Events(sender)
        self.triggers: Triggers[S] = Triggers(sender)
        self.expressions: Expressions[S] = Expressions(sender)
        self.secrets: Secrets[S] = Secrets(sender)
        self.me: Account[S] = Account(sender)
        self.tokens: Tokens[S] = Tokens(sender)
        self.people: People[S] = People(sender)
        self.groups: Groups[S] = Groups(sender)
        self.roles: Roles[S] = Roles(sender)
        self.bindings: Bindings[S] = Bindings(sender)
        self.audit: Audit[S] = Audit(sender)
        self.installation: Installation[S] = Installation(sender)
        self.server: Server[S] = Server(sender)
