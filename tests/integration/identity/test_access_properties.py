"""Whatever is granted, revoked, disabled, defined or expires: access agrees with a model of a few lines."""

import contextlib
import shutil
import tempfile
from datetime import timedelta
from itertools import product
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kapell.audit import AuditLog
from kapell.audit.keys import Signer
from kapell.identity.model import SYSTEM, Scope, Subject
from kapell.identity.passwords import PasswordRules
from kapell.identity.permissions import BUILT_IN_ROLES
from kapell.identity.service import Identity, IdentityRules
from kapell.storage.server_database import ServerDatabase, make_sqlite_url
from kapell.testing.virtual_clock import VirtualClock

PEOPLE = ["p0", "p1", "p2"]
GROUPS = ["g0", "g1"]
NAMESPACES = [None, "a", "b"]
PERMISSIONS = ["run.read", "run.start", "workflow.write", "identity.write"]
ROLES = ["viewer", "operator", "author", "own"]
QUESTIONS = list(product(PEOPLE, PERMISSIONS, NAMESPACES))
HOUR = 3600
ACTOR = SYSTEM.act_from("test")

people = st.sampled_from(PEOPLE)
groups = st.sampled_from(GROUPS)
subjects = st.tuples(st.just("person"), people) | st.tuples(st.just("group"), groups)
namespaces = st.sampled_from(NAMESPACES)
permissions = st.frozensets(st.sampled_from(PERMISSIONS), min_size=1)


class AccessMachine(RuleBasedStateMachine):
    """The real thing on SQLite beside the model, which knows neither caches nor SQL."""

    template = Path()

    def __init__(self):
        super().__init__()
        self._closing = contextlib.ExitStack()
        folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        shutil.copy(self.template, folder / "server.db")
        database = ServerDatabase(make_sqlite_url(folder / "server.db"))
        self._closing.callback(database.close)
        self.clock = VirtualClock()
        log = AuditLog(database, Signer.generate(), self.clock)
        self.identity = Identity(
            database, log, self.clock, IdentityRules(passwords=PasswordRules(memory_kib=8, passes=1))
        )
        self.bindings = {}
        self.members = set()
        self.disabled = set()
        self.own = set()
        self.tokens = []
        self.steps = 0

    def teardown(self):
        self._closing.close()

    @initialize()
    def begin(self):
        made = {name: self.identity.accounts.create(name, "", None, ACTOR) for name in PEOPLE}
        self.ids = {name: person.person_id for name, person in made.items()}
        self.principals = {name: self.identity.access.get_principal(self.ids[name]) for name in PEOPLE}
        for name in GROUPS:
            self.identity.groups.create(name, "", ACTOR)
        self.define(frozenset({"run.read"}))

    @rule(permissions=permissions)
    def define(self, permissions):
        self.identity.roles.define("own", "", permissions, ACTOR)
        self.own = permissions

    @rule(role=st.sampled_from(ROLES), subject=subjects, namespace=namespaces, hours=st.none() | st.integers(1, 3))
    def grant(self, role, subject, namespace, hours):
        expires_at = None if hours is None else self.clock.now() + timedelta(hours=hours)
        made = self.identity.roles.grant(role, self.make_subject(subject), namespace, ACTOR, expires_at=expires_at)
        self.bindings[role, subject, namespace] = (made.binding_id, expires_at)

    @precondition(lambda self: self.bindings)
    @rule(data=st.data())
    def revoke(self, data):
        key = data.draw(st.sampled_from(sorted(self.bindings, key=repr)))
        self.identity.roles.revoke(self.bindings.pop(key)[0], ACTOR)

    @rule(group=groups, person=people)
    def join_or_leave(self, group, person):
        change = self.identity.groups.remove if (group, person) in self.members else self.identity.groups.add
        change(group, self.ids[person], ACTOR)
        self.members ^= {(group, person)}

    @rule(person=people)
    def disable_or_enable(self, person):
        change = self.identity.accounts.enable if person in self.disabled else self.identity.accounts.disable
        change(self.ids[person], ACTOR)
        self.disabled ^= {person}

    @precondition(lambda self: len(self.tokens) < 3)
    @rule(person=people, permissions=permissions, limit=st.none() | st.frozensets(st.sampled_from("ab"), min_size=1))
    def make_token(self, person, permissions, limit):
        expires_at = self.clock.now() + timedelta(days=30)
        made = self.identity.tokens.create(self.principals[person], "t", Scope(permissions, limit), expires_at, ACTOR)
        self.tokens.append((person, made.text, permissions, limit))

    @rule(hours=st.sampled_from([0.5, 1, 2]))
    def wait(self, hours):
        self.clock.advance(hours * HOUR)

    def make_subject(self, subject):
        kind, name = subject
        return Subject(kind, self.ids[name] if kind == "person" else name)

    def may(self, person, permission, namespace):
        """The model."""
        mine = {("person", person)} | {("group", group) for group, member in self.members if member == person}
        return person not in self.disabled and any(
            subject in mine
            and where in {None, namespace}
            and (expires_at is None or self.clock.now() < expires_at)
            and permission in (self.own if role == "own" else BUILT_IN_ROLES[role].permissions)
            for (role, subject, where), (_, expires_at) in self.bindings.items()
        )

    @invariant()
    def people_have_what_the_model_says(self):
        for permission in PERMISSIONS:
            for person, principal in self.principals.items():
                found = {where for where in NAMESPACES if self.identity.access.can(principal, permission, where)}
                assert found == {where for where in NAMESPACES if self.may(person, permission, where)}
                listed = self.identity.access.list_namespaces(principal, permission)
                assert listed == (None if None in found else found)

    @invariant()
    def answers_with_reasons_agree(self):
        """They ask the database each time, so each step asks about one person, permission and namespace."""
        self.steps += 1
        person, permission, namespace = QUESTIONS[7 * self.steps % len(QUESTIONS)]
        expected = [each for each in PEOPLE if self.may(each, permission, namespace)]
        holders = self.identity.access.list_who_can(permission, namespace)
        assert [holder.name for holder in holders] == expected
        explained = self.identity.access.explain(self.principals[person], permission, namespace)
        assert explained.allowed == (person in expected) == bool(explained.granted_by)

    @invariant()
    def tokens_have_what_their_scope_and_their_owner_both_have(self):
        access = self.identity.access
        for person, text, permissions, limit in self.tokens:
            if person in self.disabled:
                continue  # refused as a whole, which other tests hold it to
            principal = self.identity.tokens.verify(text)
            for permission in PERMISSIONS:
                in_scope = permission in permissions
                for namespace in NAMESPACES:
                    is_covered = in_scope and (limit is None or namespace in limit)
                    expected = is_covered and self.may(person, permission, namespace)
                    assert access.can(principal, permission, namespace) == expected
                listed = access.list_namespaces(principal, permission)
                if listed is None:
                    assert limit is None
                    assert in_scope
                    assert self.may(person, permission, None)
                else:
                    of_owner = {where for where in "ab" if self.may(person, permission, where)}
                    assert listed == (of_owner & (limit or {"a", "b"}) if in_scope else set())


def test_access_agrees_with_the_model(migrated_sqlite_file):
    machine = type("Machine", (AccessMachine,), {"template": migrated_sqlite_file})
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))
