from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from kapell.errors import ConflictError, NotFoundError, UnauthenticatedError, UsageError
from kapell.identity.credentials import make_password
from kapell.identity.last_administrator import keeping_an_administrator
from kapell.identity.model import Scope, Subject
from kapell.identity.store import people

PHRASE = "correct horse battery"
ANOTHER = "another fine password"


def sign_in(identity, name, password=PHRASE):
    return identity.sign_in.sign_in(name, password, address="192.0.2.1")


class TestFirstStart:
    def test_it_makes_an_administrator_and_tells_the_password_once(self, identity, clock):
        password = identity.accounts.ensure_administrator(clock.now())

        person = identity.accounts.get_person_by_name("admin")
        identity.access.require(identity.access.get_principal(person.person_id), "identity.write")
        assert sign_in(identity, "admin", password).session.person_id == person.person_id
        assert identity.accounts.ensure_administrator(clock.now()) is None

    def test_it_makes_none_where_there_is_anybody(self, identity, alice, clock):
        assert identity.accounts.ensure_administrator(clock.now()) is None

    def test_the_password_is_nowhere_in_the_database(self, installation, identity, clock):
        password = identity.accounts.ensure_administrator(clock.now())
        assert password not in installation.read_everything()

    def test_each_installation_has_another_password(self):
        assert len({make_password() for _ in range(100)}) == 100


class TestCreating:
    def test_names_are_kept_in_lower_case_and_found_in_any(self, identity, actor):
        made = identity.accounts.create("Alice.Smith@Example.org", "Alice", PHRASE, actor)

        assert made.name == "alice.smith@example.org"
        assert identity.accounts.get_person(made.person_id) == made
        assert sign_in(identity, " ALICE.smith@example.org ").session.person_id == made.person_id

    def test_a_name_is_there_once(self, identity, alice, actor):
        with pytest.raises(ConflictError):
            identity.accounts.create("ALICE", "", PHRASE, actor)

    @pytest.mark.parametrize("name", ["", " ", "a b", "-x", "ä", "a\0b", "a:b", "x" * 121])
    def test_names_that_will_not_do_are_refused(self, identity, actor, name):
        with pytest.raises(UsageError):
            identity.accounts.create(name, "", PHRASE, actor)

    @pytest.mark.parametrize("password", ["", "short", "x" * 300, "aaaaaaaaaaaaaaaa", "my alice is great"])
    def test_passwords_that_will_not_do_are_refused(self, identity, actor, password):
        with pytest.raises(UsageError):
            identity.accounts.create("alice", "", password, actor)

    def test_an_account_without_a_password_cannot_sign_in(self, identity, actor):
        made = identity.accounts.create("robot", "", None, actor)
        assert not made.has_password
        for password in ("", "None", PHRASE):
            with pytest.raises(UnauthenticatedError):
                sign_in(identity, "robot", password)


class TestListing:
    def test_pages_go_on_where_the_last_one_ended(self, identity, installation):
        for number in range(7):
            installation.make_person(f"p{number}", None)
        pages, after = [], ""
        while page := identity.accounts.list_people(limit=3, after=after):
            pages.append([person.name for person in page])
            after = page[-1].name
        assert pages == [["p0", "p1", "p2"], ["p3", "p4", "p5"], ["p6"]]

    def test_a_search_looks_at_both_names_and_takes_signs_as_they_are(self, identity, actor):
        identity.accounts.create("a_1", "Ada Lovelace", None, actor)
        identity.accounts.create("b1", "Grace Hopper", None, actor)

        def search(text):
            return [person.name for person in identity.accounts.list_people(search=text)]

        assert search("LOVE") == ["a_1"]
        assert search("b") == ["b1"]
        assert search("_") == ["a_1"]
        assert search("%") == []


class TestRenaming:
    def test_the_new_name_signs_in_and_the_old_one_does_not(self, identity, alice, actor):
        renamed = identity.accounts.rename(alice.person_id, actor, name="Alicia", display_name="Alicia A.")

        assert identity.accounts.get_person(alice.person_id) == renamed
        assert (renamed.name, renamed.display_name) == ("alicia", "Alicia A.")
        assert sign_in(identity, "alicia").session.person_id == alice.person_id
        with pytest.raises(UnauthenticatedError):
            sign_in(identity, "alice")

    def test_a_taken_name_changes_nothing(self, identity, alice, bob, actor):
        with pytest.raises(ConflictError):
            identity.accounts.rename(alice.person_id, actor, name="bob", display_name="B.")
        assert identity.accounts.get_person(alice.person_id) == alice

    def test_who_is_not_there_cannot_be_renamed(self, identity, actor):
        with pytest.raises(NotFoundError):
            identity.accounts.rename("nobody", actor, name="x")


class TestPasswords:
    def test_a_new_password_ends_all_sessions(self, identity, alice, bob, actor):
        before = sign_in(identity, "alice")
        others = sign_in(identity, "bob")
        identity.sessions.verify(before.token)

        identity.accounts.set_password(alice.person_id, ANOTHER, actor)

        with pytest.raises(UnauthenticatedError):
            identity.sessions.verify(before.token)
        with pytest.raises(UnauthenticatedError):
            sign_in(identity, "alice")
        identity.sessions.verify(sign_in(identity, "alice", ANOTHER).token)
        identity.sessions.verify(others.token)

    def test_who_knows_the_present_one_can_change_it(self, identity, alice):
        opened = sign_in(identity, "alice")
        own = identity.access.get_principal(alice.person_id).act_from("192.0.2.1")

        with pytest.raises(UnauthenticatedError):
            identity.sign_in.change_password(alice.person_id, "wrong password", ANOTHER, own)
        identity.sessions.verify(opened.token)
        with pytest.raises(UsageError):
            identity.sign_in.change_password(alice.person_id, PHRASE, "short", own)
        identity.sign_in.change_password(alice.person_id, PHRASE, ANOTHER, own)

        with pytest.raises(UnauthenticatedError):
            identity.sessions.verify(opened.token)
        sign_in(identity, "alice", ANOTHER)


class TestDisabling:
    def test_nothing_can_be_done_with_a_disabled_account(self, identity, alice, actor, clock):
        identity.roles.grant("operator", Subject("person", alice.person_id), None, actor)
        opened = sign_in(identity, "alice")
        principal = identity.sessions.verify(opened.token).principal
        token = identity.tokens.create(
            principal, "ci", Scope(frozenset({"run.start"})), clock.now() + timedelta(days=1), actor
        )
        identity.tokens.verify(token.text)
        identity.access.require(principal, "run.start", "ns")

        identity.accounts.disable(alice.person_id, actor)

        for refused in (
            lambda: identity.sessions.verify(opened.token),
            lambda: identity.tokens.verify(token.text),
            lambda: sign_in(identity, "alice"),
            lambda: identity.sessions.open(alice.person_id, method="oidc:x", address=""),
        ):
            with pytest.raises(UnauthenticatedError):
                refused()
        assert not identity.access.can(principal, "run.start", "ns")
        assert identity.access.list_namespaces(principal, "run.start") == frozenset()
        assert identity.access.list_who_can("run.start", "ns") == ()
        assert identity.access.explain(principal, "run.start", "ns").reason.code == "disabled"

    def test_an_enabled_one_is_as_it_was_but_signed_out(self, identity, alice, actor, clock):
        identity.roles.grant("operator", Subject("person", alice.person_id), None, actor)
        opened = sign_in(identity, "alice")
        principal = identity.sessions.verify(opened.token).principal
        token = identity.tokens.create(
            principal, "ci", Scope(frozenset({"run.start"})), clock.now() + timedelta(days=1), actor
        )
        disabled = identity.accounts.disable(alice.person_id, actor)
        assert disabled.disabled_at == clock.now()

        assert identity.accounts.enable(alice.person_id, actor).disabled_at is None

        identity.access.require(identity.tokens.verify(token.text), "run.start", "ns")
        with pytest.raises(UnauthenticatedError):
            identity.sessions.verify(opened.token)
        sign_in(identity, "alice")


class TestLastAdministrator:
    def test_it_cannot_be_disabled(self, identity, administrator, actor):
        with pytest.raises(ConflictError):
            identity.accounts.disable(administrator.person_id, actor)
        assert identity.accounts.get_person(administrator.person_id).disabled_at is None

    def test_it_cannot_lose_the_binding(self, identity, administrator, actor):
        (binding,) = identity.roles.list_bindings(subject=Subject("person", administrator.person_id))
        with pytest.raises(ConflictError):
            identity.roles.revoke(binding.binding_id, actor)
        assert identity.roles.get_binding(binding.binding_id) == binding

    def test_its_binding_cannot_be_given_an_expiry(self, identity, administrator, actor, clock):
        subject = Subject("person", administrator.person_id)
        with pytest.raises(ConflictError):
            identity.roles.grant("administrator", subject, None, actor, expires_at=clock.now() + timedelta(days=1))

    @pytest.mark.parametrize(("namespace", "days"), [("ns", None), (None, 1)])
    def test_one_in_a_namespace_or_for_a_time_does_not_count(
        self, identity, administrator, alice, actor, clock, namespace, days
    ):
        expires_at = days and clock.now() + timedelta(days=days)
        identity.roles.grant(
            "administrator", Subject("person", alice.person_id), namespace, actor, expires_at=expires_at
        )
        with pytest.raises(ConflictError):
            identity.accounts.disable(administrator.person_id, actor)

    def test_with_another_it_can(self, identity, administrator, alice, actor):
        identity.roles.grant("administrator", Subject("person", alice.person_id), None, actor)
        identity.accounts.disable(administrator.person_id, actor)
        with pytest.raises(ConflictError):
            identity.accounts.disable(alice.person_id, actor)

    def test_one_by_a_local_group_counts_until_it_leaves(self, identity, administrator, alice, actor):
        identity.groups.create("admins", "", actor)
        identity.groups.add("admins", alice.person_id, actor)
        identity.roles.grant("administrator", Subject("group", "admins"), None, actor)
        identity.accounts.disable(administrator.person_id, actor)
        with pytest.raises(ConflictError):
            identity.groups.remove("admins", alice.person_id, actor)
        with pytest.raises(ConflictError):
            identity.groups.delete("admins", actor)

    def test_two_who_disable_each_other_at_once_leave_one(self, installation, another, administrator, alice):
        identity = installation.identity
        identity.roles.grant("administrator", Subject("person", alice.person_id), None, installation.actor)
        with ThreadPoolExecutor(1) as pool:
            with identity.transactions.change() as change, keeping_an_administrator(change.connection):
                people.update_person(change.connection, administrator.person_id, disabled_at=change.now)
                other = pool.submit(another.identity.accounts.disable, alice.person_id, another.actor)
                assert wait([other], timeout=0.3).not_done
            with pytest.raises(ConflictError):
                other.result(timeout=30)
        assert identity.accounts.get_person(alice.person_id).disabled_at is None


def test_every_change_is_recorded_and_none_that_failed(installation, identity, administrator, alice, actor):
    identity.accounts.rename(alice.person_id, actor, display_name="A.")
    identity.accounts.set_password(alice.person_id, ANOTHER, actor)
    identity.accounts.disable(alice.person_id, actor)
    identity.accounts.disable(alice.person_id, actor)
    identity.accounts.enable(alice.person_id, actor)
    with pytest.raises(ConflictError):
        identity.accounts.disable(administrator.person_id, actor)

    recorded = [record.action for record in installation.list_records(target=f"person/{alice.person_id}")]
    assert sorted(recorded) == [
        "person.create",
        "person.disable",
        "person.enable",
        "person.rename",
        "person.set_password",
    ]
    about_administrator = installation.list_records(target=f"person/{administrator.person_id}")
    assert [record.action for record in about_administrator] == ["person.create"]
