from datetime import timedelta

import pytest

from kapell.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from kapell.identity.model import SYSTEM, Subject
from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS


@pytest.fixture
def grant(identity, actor):
    def give(role, person, namespace=None, **rest):
        return identity.roles.grant(role, Subject("person", person.person_id), namespace, actor, **rest)

    return give


@pytest.fixture
def principal(identity, alice):
    return identity.access.get_principal(alice.person_id)


class TestDeciding:
    def test_who_was_given_nothing_may_nothing(self, identity, principal):
        for permission in PERMISSIONS:
            assert not identity.access.can(principal, permission)
            assert not identity.access.can(principal, permission, "ns")
            assert identity.access.list_namespaces(principal, permission) == frozenset()

    @pytest.mark.parametrize("name", list(BUILT_IN_ROLES))
    def test_a_role_gives_its_permissions_and_no_other(self, identity, principal, alice, grant, name):
        grant(name, alice, "ns")
        given = {permission for permission in PERMISSIONS if identity.access.can(principal, permission, "ns")}
        assert given == BUILT_IN_ROLES[name].permissions

    def test_a_role_in_a_namespace_holds_only_there(self, identity, principal, alice, grant):
        grant("viewer", alice, "a")
        grant("viewer", alice, "b")
        assert identity.access.can(principal, "run.read", "a")
        assert not identity.access.can(principal, "run.read", "c")
        assert not identity.access.can(principal, "run.read")
        assert identity.access.list_namespaces(principal, "run.read") == {"a", "b"}

    def test_a_role_everywhere_holds_in_each(self, identity, principal, alice, grant):
        grant("viewer", alice)
        assert identity.access.can(principal, "run.read", "a")
        assert identity.access.can(principal, "run.read")
        assert identity.access.list_namespaces(principal, "run.read") is None

    def test_a_binding_ends_at_its_expiry_also_when_remembered(self, identity, principal, alice, grant, clock):
        grant("viewer", alice, expires_at=clock.now() + timedelta(seconds=2))
        assert identity.access.can(principal, "run.read")
        clock.advance(1.9)
        assert identity.access.can(principal, "run.read")
        clock.advance(0.1)
        assert not identity.access.can(principal, "run.read")
        assert identity.access.list_namespaces(principal, "run.read") == frozenset()
        assert identity.access.list_who_can("run.read") == ()

    def test_every_kind_of_change_counts_at_once(self, identity, principal, alice, grant, actor):
        def can():
            return identity.access.can(principal, "run.start", "ns")

        assert not can()
        binding = grant("operator", alice, "ns")
        assert can()
        identity.roles.revoke(binding.binding_id, actor)
        assert not can()
        identity.groups.create("ops", "", actor)
        identity.roles.grant("operator", Subject("group", "ops"), None, actor)
        assert not can()
        identity.groups.add("ops", alice.person_id, actor)
        assert can()
        identity.groups.remove("ops", alice.person_id, actor)
        assert not can()
        identity.roles.define("starter", "", ["run.read"], actor)
        grant("starter", alice)
        assert not can()
        identity.roles.define("starter", "", ["run.read", "run.start"], actor)
        assert can()

    def test_changes_by_another_server_count_within_seconds(self, identity, another, principal, alice, clock):
        assert not identity.access.can(principal, "run.read")
        another.identity.roles.grant("viewer", Subject("person", alice.person_id), None, another.actor)
        clock.advance(5)
        assert identity.access.can(principal, "run.read")

    def test_what_is_remembered_asks_the_database_nothing(self, installation, identity, principal, monkeypatch):
        identity.access.can(principal, "run.read")

        def refuse():
            raise AssertionError("asked the database")

        monkeypatch.setattr(installation.database, "read", refuse)
        assert not identity.access.can(principal, "run.read", "ns")

    def test_kapell_itself_may_everything(self, identity):
        for permission in PERMISSIONS:
            identity.access.require(SYSTEM, permission)
            assert identity.access.list_namespaces(SYSTEM, permission) is None

    def test_a_permission_that_does_not_exist_is_a_mistake_in_the_code(self, identity, principal):
        for ask in (identity.access.can, identity.access.list_namespaces, identity.access.explain):
            with pytest.raises(ValueError, match=r"run\.fly"):
                ask(principal, "run.fly")


class TestRequiring:
    def test_a_denial_names_what_is_missing_and_is_recorded(self, installation, identity, principal, alice):
        with pytest.raises(ForbiddenError) as denied:
            identity.access.require(principal, "run.start", "ns", origin="192.0.2.1", target="workflow/ns/x")
        assert denied.value.permission == "run.start"
        assert "`run.start` in the namespace `ns`" in denied.value.message

        (record,) = installation.list_records(decision="denied")
        assert (record.actor_id, record.action) == (alice.person_id, "run.start")
        assert (record.target, record.namespace) == ("workflow/ns/x", "ns")
        assert record.private.origin == "192.0.2.1"

    def test_what_is_allowed_is_not(self, installation, identity, principal, alice, grant):
        grant("operator", alice)
        identity.access.require(principal, "run.start", "ns")
        assert installation.list_records(decision="denied") == []

    def test_nobody_gives_what_they_do_not_have(self, identity, principal, alice, grant, actor):
        identity.roles.define("people-keeper", "", ["identity.read", "identity.write"], actor)
        grant("people-keeper", alice, "ns")
        grant("viewer", alice, "ns")
        identity.access.require_grantable(principal, BUILT_IN_ROLES["viewer"].permissions, "ns")
        for permissions, namespace in (
            (BUILT_IN_ROLES["operator"].permissions, "ns"),
            (BUILT_IN_ROLES["viewer"].permissions, "other"),
            (BUILT_IN_ROLES["viewer"].permissions, None),
        ):
            with pytest.raises(ForbiddenError):
                identity.access.require_grantable(principal, permissions, namespace)


class TestExplaining:
    def explain(self, identity, principal, permission="run.start", namespace="ns"):
        found = identity.access.explain(principal, permission, namespace)
        assert found.allowed == identity.access.can(principal, permission, namespace)
        return found

    def test_the_bindings_that_give_it_are_named(self, identity, principal, alice, grant, actor):
        grant("viewer", alice)
        first = grant("operator", alice, "ns")
        identity.groups.create("ops", "", actor)
        identity.groups.add("ops", alice.person_id, actor)
        second = identity.roles.grant("author", Subject("group", "ops"), None, actor)
        found = self.explain(identity, principal)
        assert found.reason.text == "Given by the role `author` or `operator`."
        assert {binding.binding_id for binding in found.granted_by} == {first.binding_id, second.binding_id}

    def test_nothing_was_granted(self, identity, principal, alice, grant):
        grant("viewer", alice)
        found = self.explain(identity, principal)
        assert found.reason.code == "not_granted"
        assert "operator, author, administrator" in found.reason.text

    def test_it_was_granted_elsewhere(self, identity, principal, alice, grant):
        grant("operator", alice, "other")
        found = self.explain(identity, principal)
        assert (found.reason.code, "`other`" in found.reason.text) == ("other_namespace", True)

    def test_it_has_expired(self, identity, principal, alice, grant, clock):
        grant("operator", alice, expires_at=clock.now() + timedelta(days=1))
        clock.advance(2 * 24 * 3600)
        found = self.explain(identity, principal)
        assert (found.reason.code, "2026-01-02 00:00" in found.reason.text) == ("expired", True)


class TestListing:
    def test_who_can_names_each_once_with_all_that_gives_it(self, identity, installation, alice, bob, grant, actor):
        identity.groups.create("ops", "", actor)
        identity.groups.add("ops", alice.person_id, actor)
        installation.make_person("carol")
        own, everywhere = grant("operator", alice, "ns"), grant("operator", bob)
        by_group = identity.roles.grant("author", Subject("group", "ops"), "ns", actor)

        found = identity.access.list_who_can("run.start", "ns")
        assert [(holder.name, {binding.binding_id for binding in holder.granted_by}) for holder in found] == [
            ("alice", {own.binding_id, by_group.binding_id}),
            ("bob", {everywhere.binding_id}),
        ]
        assert [holder.name for holder in identity.access.list_who_can("run.start", "other")] == ["bob"]
        assert [holder.name for holder in identity.access.list_who_can("run.start")] == ["bob"]
        assert identity.access.list_who_can("run.start", "\0") == ()

    def test_bindings_come_in_pages_and_by_namespace(self, identity, alice, bob, grant, clock):
        made = []
        for person, namespace in ((alice, None), (alice, "a"), (bob, "a"), (bob, "b")):
            made.append(grant("viewer", person, namespace))
            clock.advance(1)

        roles = identity.roles
        assert roles.list_bindings() == made
        assert roles.list_bindings(limit=3) == made[:3]
        assert roles.list_bindings(limit=3, after=made[2].binding_id) == made[3:]
        assert roles.list_bindings(namespaces=frozenset({"a"})) == made[1:3]
        assert roles.list_bindings(namespaces=frozenset()) == []
        assert roles.list_bindings(subject=Subject("person", bob.person_id)) == made[2:]


class TestGranting:
    def test_the_same_again_replaces_the_expiry(self, identity, alice, grant, clock):
        first = grant("viewer", alice, "ns", expires_at=clock.now() + timedelta(days=1))
        second = grant("viewer", alice, "ns")
        assert identity.roles.list_bindings() == [second]
        with pytest.raises(NotFoundError):
            identity.roles.get_binding(first.binding_id)

    def test_what_does_not_exist_cannot_be_bound(self, identity, alice, actor):
        person = Subject("person", alice.person_id)
        for role, subject in (
            ("nothing", person),
            ("viewer", Subject("person", "nobody")),
            ("viewer", Subject("group", "nobodies")),
        ):
            with pytest.raises(NotFoundError):
                identity.roles.grant(role, subject, None, actor)
        with pytest.raises(UsageError):
            identity.roles.grant("viewer", person, "*", actor)
        with pytest.raises(UsageError):
            identity.roles.grant("viewer", Subject("group", "A\0"), None, actor)
        assert identity.roles.list_bindings() == []

    def test_an_expiry_lies_ahead(self, identity, alice, grant, clock):
        with pytest.raises(UsageError):
            grant("viewer", alice, expires_at=clock.now())

    def test_a_claimed_group_can_be_bound_before_it_is_seen(self, identity, actor):
        binding = identity.roles.grant("viewer", Subject("group", "corp:Platform Team"), "ns", actor)
        assert identity.roles.list_bindings(subject=Subject("group", "corp:Platform Team")) == [binding]

    def test_what_is_gone_cannot_be_revoked(self, identity, alice, grant, actor):
        binding = grant("viewer", alice)
        identity.roles.revoke(binding.binding_id, actor)
        with pytest.raises(NotFoundError):
            identity.roles.revoke(binding.binding_id, actor)

    def test_grants_and_revocations_are_recorded_with_digests(self, installation, identity, alice, grant, actor):
        binding = grant("viewer", alice, "ns")
        identity.roles.revoke(binding.binding_id, actor)
        revoked, granted = installation.list_records(target=f"binding/{binding.binding_id}")
        assert (granted.action, revoked.action) == ("binding.grant", "binding.revoke")
        assert granted.namespace == "ns"
        assert granted.before_digest is None
        assert granted.after_digest == revoked.before_digest is not None
        assert granted.private.details["role"] == "viewer"


class TestOwnRoles:
    def test_it_is_listed_after_the_built_in_ones(self, identity, actor):
        made = identity.roles.define("starter", "Starts runs.", ["run.start"], actor)
        assert [role.name for role in identity.roles.list_roles()] == [*BUILT_IN_ROLES, "starter"]
        assert identity.roles.get_role("starter") == made

    @pytest.mark.parametrize(
        ("name", "permissions"),
        [("viewer", ["run.read"]), ("Bad Name", ["run.read"]), ("x", []), ("x", ["run.fly"]), ("x", ["run.read", "*"])],
    )
    def test_what_will_not_do_is_refused(self, identity, actor, name, permissions):
        with pytest.raises(UsageError):
            identity.roles.define(name, "", permissions, actor)
        assert len(identity.roles.list_roles()) == len(BUILT_IN_ROLES)

    def test_it_stays_while_somebody_has_it(self, identity, alice, grant, actor):
        identity.roles.define("starter", "", ["run.start"], actor)
        binding = grant("starter", alice)
        with pytest.raises(ConflictError):
            identity.roles.delete("starter", actor)
        identity.roles.revoke(binding.binding_id, actor)
        identity.roles.delete("starter", actor)
        with pytest.raises(NotFoundError):
            identity.roles.get_role("starter")

    def test_built_in_roles_cannot_be_deleted(self, identity, actor):
        with pytest.raises(NotFoundError):
            identity.roles.delete("viewer", actor)


class TestGroups:
    def test_members_come_and_go(self, identity, alice, bob, actor):
        made = identity.groups.create("ops", "Operations", actor)
        assert identity.groups.list_groups() == [made] == [identity.groups.get_group("ops")]
        identity.groups.add("ops", bob.person_id, actor)
        identity.groups.add("ops", alice.person_id, actor)
        with pytest.raises(ConflictError):
            identity.groups.add("ops", alice.person_id, actor)
        assert [person.name for person in identity.groups.list_members("ops")] == ["alice", "bob"]
        assert [person.name for person in identity.groups.list_members("ops", limit=1, after="alice")] == ["bob"]
        identity.groups.remove("ops", alice.person_id, actor)
        with pytest.raises(NotFoundError):
            identity.groups.remove("ops", alice.person_id, actor)
        assert identity.access.get_principal(bob.person_id).groups == ("ops",)
        identity.groups.delete("ops", actor)
        assert identity.access.get_principal(bob.person_id).groups == ()

    def test_one_with_roles_stays(self, identity, actor):
        identity.groups.create("ops", "", actor)
        identity.roles.grant("viewer", Subject("group", "ops"), "ns", actor)
        with pytest.raises(ConflictError):
            identity.groups.delete("ops", actor)

    @pytest.mark.parametrize("name", ["", "Ops", "corp:ops", "a b", "x" * 65, "a\0"])
    def test_names_that_will_not_do_are_refused(self, identity, actor, name):
        with pytest.raises(UsageError):
            identity.groups.create(name, "", actor)

    def test_what_is_not_there_is_not_found(self, identity, alice, actor):
        groups = identity.groups
        groups.create("ops", "", actor)
        for call in (
            lambda: groups.get_group("x"),
            lambda: groups.list_members("x"),
            lambda: groups.delete("x", actor),
            lambda: groups.add("x", alice.person_id, actor),
            lambda: groups.add("ops", "nobody", actor),
            lambda: groups.remove("x", alice.person_id, actor),
        ):
            with pytest.raises(NotFoundError):
                call()
        with pytest.raises(ConflictError):
            groups.create("ops", "", actor)
