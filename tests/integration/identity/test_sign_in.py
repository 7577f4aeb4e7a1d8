import pytest

from kapell.errors import TooManyAttemptsError, UnauthenticatedError
from kapell.identity.passwords import PasswordRules
from kapell.identity.service import Identity, IdentityRules
from kapell.identity.store import people

PHRASE = "correct horse battery"
HERE, THERE = "192.0.2.1", "198.51.100.1"


def try_in(identity, name, password=PHRASE, address=HERE):
    """Return what came of a try: a session, or how long to wait, or `None` for a refusal."""
    try:
        return identity.sign_in.sign_in(name, password, address=address)
    except TooManyAttemptsError as error:
        return error.retry_after_seconds
    except UnauthenticatedError:
        return None


def count_checks(identity, name, typed="wrong"):
    before = identity.sign_in._passwords.checks
    try_in(identity, name, typed)
    return identity.sign_in._passwords.checks - before


def test_a_name_and_its_password_open_a_session(installation, identity, alice, clock):
    opened = identity.sign_in.sign_in("alice", PHRASE, address=HERE, user_agent="Browser")

    found = identity.sessions.verify(opened.token)
    assert found.principal.person_id == alice.person_id
    assert (found.session.method, found.session.address) == ("password", HERE)
    assert identity.accounts.get_person(alice.person_id).last_sign_in_at == clock.now()


def test_it_ends_the_session_that_the_browser_had(identity, alice, bob):
    planted = try_in(identity, "bob")
    identity.sign_in.sign_in("alice", PHRASE, address=HERE, replaces=planted.token)
    with pytest.raises(UnauthenticatedError):
        identity.sessions.verify(planted.token)


@pytest.mark.parametrize("name", ["alice", "nobody", "", "a\0b", "ä" * 10_000])
def test_every_refusal_says_the_same(identity, alice, name):
    with pytest.raises(UnauthenticatedError) as refused:
        identity.sign_in.sign_in(name, "wrong", address=HERE)
    assert str(refused.value) == "Name and password do not belong together."


@pytest.mark.parametrize("password", ["", "wrong", "x" * 1_000_000, "\ud800", "\0"])
def test_any_password_can_be_tried(identity, alice, password):
    assert try_in(identity, "alice", password) is None


def test_a_try_makes_one_check_of_a_password_whoever_is_named(identity, alice, bob, actor):
    identity.accounts.create("robot", "", None, actor)
    identity.accounts.disable(bob.person_id, actor)
    assert [count_checks(identity, name) for name in ("alice", "nobody", "robot", "bob", "\0")] == [1] * 5
    assert count_checks(identity, "bob", PHRASE) == 1


def test_a_check_for_nobody_is_as_dear_as_one_for_somebody(identity, alice, monkeypatch):
    seen = []
    hasher = identity.sign_in._passwords._hasher
    monkeypatch.setattr(
        identity.sign_in._passwords, "_hasher", type("Seeing", (), {"verify": lambda _, *given: seen.append(given)})()
    )
    try_in(identity, "alice")
    try_in(identity, "nobody")
    (alices, _), (nobodys, _) = seen
    assert alices != nobodys
    assert alices.split("$")[1:4] == nobodys.split("$")[1:4]
    assert not hasher.check_needs_rehash(nobodys)


class TestSlowing:
    def test_an_account_is_slowed_after_some_failures_from_wherever(self, identity, alice):
        for number in range(6):
            assert try_in(identity, "alice", "wrong", f"192.0.2.{number}") is None
        assert try_in(identity, "alice", PHRASE, THERE) == 1

    def test_so_is_a_name_that_nobody_has(self, identity):
        for number in range(6):
            assert try_in(identity, "nobody", "wrong", f"192.0.2.{number}") is None
        assert try_in(identity, "nobody", PHRASE, THERE) == 1

    def test_waits_double_up_to_a_minute_and_no_further(self, identity, alice, clock):
        waits = []
        for number in range(15):
            wait = try_in(identity, "alice", "wrong", f"192.0.2.{number}")
            while wait:
                waits.append(wait)
                clock.advance(wait)
                wait = try_in(identity, "alice", "wrong", f"192.0.2.{number}")
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        clock.advance(60)
        assert try_in(identity, "alice").token

    def test_a_success_forgets_the_accounts_failures(self, identity, alice):
        for _ in range(2):
            for number in range(5):
                assert try_in(identity, "alice", "wrong", f"192.0.2.{number}") is None
            assert try_in(identity, "alice", PHRASE, THERE).token

    def test_an_address_is_slowed_whomever_it_tries(self, identity, alice):
        for number in range(21):
            assert try_in(identity, f"nobody{number}", "wrong", HERE) is None
        assert try_in(identity, "alice", PHRASE, HERE) == 1
        assert try_in(identity, "alice", PHRASE, THERE).token

    def test_a_success_does_not_forget_the_addresss_failures(self, identity, alice, clock):
        for number in range(20):
            try_in(identity, f"nobody{number}", "wrong", HERE)
        assert try_in(identity, "alice", PHRASE, HERE).token
        assert try_in(identity, "somebody", "wrong", HERE) is None
        assert try_in(identity, "alice", PHRASE, HERE) == 1

    def test_addresses_of_one_ipv6_site_count_as_one(self, identity, alice):
        for number in range(21):
            try_in(identity, f"nobody{number}", "wrong", f"2001:db8::{number}")
        assert try_in(identity, "alice", PHRASE, "2001:db8::ffff:1") == 1
        assert try_in(identity, "alice", PHRASE, "2001:db8:0:1::1").token

    def test_who_waits_is_not_checked_nor_counted(self, installation, identity, alice, clock):
        for number in range(6):
            try_in(identity, "alice", "wrong", f"192.0.2.{number}")
        records = len(installation.list_records())
        for _ in range(10):
            assert count_checks(identity, "alice") == 0
        assert len(installation.list_records()) == records
        clock.advance(1)
        assert try_in(identity, "alice").token

    def test_the_count_outlives_the_process_and_holds_for_all(self, identity, another, alice):
        for number in range(6):
            try_in(identity, "alice", "wrong", f"192.0.2.{number}")
        assert try_in(another.identity, "alice") == 1

    def test_a_day_later_all_is_forgotten(self, identity, alice, clock):
        for number in range(6):
            try_in(identity, "alice", "wrong", f"192.0.2.{number}")
        clock.advance(24 * 3600 + 1)
        assert try_in(identity, "alice", "wrong", THERE) is None
        assert try_in(identity, "alice").token
        assert identity.prune() == 6


def test_failures_are_recorded_without_what_was_typed(installation, identity, alice):
    try_in(identity, "alice", "wrong one")
    try_in(identity, "my secret typed as a name", "x")
    try_in(identity, "secretname", "x")

    records = installation.list_records(decision="denied")
    assert {record.target for record in records} == {f"person/{alice.person_id}", "person/unknown"}
    assert {(record.actor_id, record.action) for record in records} == {("stranger", "session.begin")}
    assert {record.private.origin for record in records} == {HERE}
    stored = installation.read_everything()
    assert "wrong one" not in stored
    assert "secretname" not in stored


def test_hashes_of_lesser_parameters_are_renewed_by_the_next_sign_in(installation, identity, alice, clock):
    def read_hash():
        with installation.database.read() as connection:
            return people.find_password_hash(connection, alice.person_id)

    before = read_hash()
    raised = IdentityRules(passwords=PasswordRules(memory_kib=16, passes=2))
    later = Identity(installation.database, installation.audit_log, clock, raised)
    assert try_in(later, "alice", "wrong") is None
    assert read_hash() == before
    assert try_in(later, "alice").token
    after = read_hash()
    assert "m=8,t=1" in before
    assert "m=16,t=2" in after
    assert try_in(later, "alice").token
    assert read_hash() == after


def test_a_password_that_changes_while_it_is_checked_opens_nothing(identity, alice, actor, monkeypatch):
    passwords = identity.sign_in._passwords
    verify = passwords.verify

    def change_meanwhile(*given, **rest):
        verdict = verify(*given, **rest)
        identity.accounts.set_password(alice.person_id, "another fine password", actor)
        return verdict

    monkeypatch.setattr(passwords, "verify", change_meanwhile)
    assert try_in(identity, "alice") is None
    assert identity.sessions.list_sessions(alice.person_id) == []
