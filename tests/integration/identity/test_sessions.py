import pytest

from kapell.errors import NotFoundError, UnauthenticatedError
from kapell.identity.credentials import hash_secret

HOUR = 3600


def open_session(identity, person, **given):
    return identity.sessions.open(person.person_id, method="password", address="192.0.2.1", **given)


def is_open(identity, opened):
    try:
        identity.sessions.verify(opened.token)
    except UnauthenticatedError:
        return False
    return True


def test_a_session_tells_who_acts(identity, alice, actor):
    identity.groups.create("ops", "", actor)
    identity.groups.add("ops", alice.person_id, actor)

    found = identity.sessions.verify(open_session(identity, alice, user_agent="Browser\n1").token)

    assert found.principal.kind == "person"
    assert (found.principal.name, found.principal.groups) == ("alice", ("ops",))
    assert found.session.user_agent == "Browser1"
    assert found.principal == identity.access.get_principal(alice.person_id)


def test_only_the_hash_of_its_token_is_stored(installation, identity, alice):
    opened = open_session(identity, alice)
    stored = installation.read_everything()
    assert opened.token not in stored
    assert hash_secret(opened.token) in stored


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "\0", "\ud800", "ä" * 1000])
def test_other_tokens_open_nothing(identity, alice, token):
    open_session(identity, alice)
    with pytest.raises(UnauthenticatedError):
        identity.sessions.verify(token)


def test_its_id_and_its_hash_open_nothing(identity, alice):
    opened = open_session(identity, alice)
    for token in (opened.session.session_id, hash_secret(opened.token)):
        with pytest.raises(UnauthenticatedError):
            identity.sessions.verify(token)


def test_it_ends_when_nobody_uses_it_for_an_hour(identity, alice, clock):
    opened = open_session(identity, alice)
    clock.advance(HOUR - 1)
    assert is_open(identity, opened)
    clock.advance(HOUR - 1)
    assert is_open(identity, opened)
    clock.advance(HOUR)
    assert not is_open(identity, opened)
    assert identity.sessions.list_sessions(alice.person_id) == []


def test_it_ends_after_twelve_hours_however_much_it_is_used(identity, alice, clock):
    opened = open_session(identity, alice)
    for _ in range(12 * 2 - 1):
        clock.advance(HOUR / 2)
        assert is_open(identity, opened)
    clock.advance(HOUR / 2)
    assert not is_open(identity, opened)


def test_when_and_where_it_was_last_used_is_written_once_a_minute(identity, installation, alice, clock):
    opened = open_session(identity, alice)

    def read_last():
        (session,) = identity.sessions.list_sessions(alice.person_id)
        return session.last_seen_at, session.address

    clock.advance(59)
    identity.sessions.verify(opened.token, "192.0.2.7")
    assert read_last() == (opened.session.created_at, "192.0.2.1")
    clock.advance(1)
    identity.sessions.verify(opened.token, "192.0.2.8")
    assert read_last() == (clock.now(), "192.0.2.8")
    written = clock.now()
    clock.advance(30)
    identity.sessions.verify(opened.token, "192.0.2.9")
    assert read_last() == (written, "192.0.2.8")


def test_each_sign_in_makes_a_new_token_and_ends_the_session_before(identity, alice):
    planted = open_session(identity, alice)
    opened = open_session(identity, alice, replaces=planted.token)
    assert opened.token != planted.token
    assert not is_open(identity, planted)
    assert is_open(identity, opened)


def test_a_planted_token_that_is_no_session_becomes_none(identity, alice):
    planted = "planted"
    opened = open_session(identity, alice, replaces=planted)
    assert opened.token != planted
    with pytest.raises(UnauthenticatedError):
        identity.sessions.verify(planted)


def test_one_can_be_ended_by_its_owner_only(identity, alice, bob, actor):
    first, second = open_session(identity, alice), open_session(identity, alice)
    with pytest.raises(NotFoundError):
        identity.sessions.end(first.session.session_id, actor, person_id=bob.person_id)
    assert is_open(identity, first)
    identity.sessions.end(first.session.session_id, actor, person_id=alice.person_id)
    assert not is_open(identity, first)
    assert is_open(identity, second)
    with pytest.raises(NotFoundError):
        identity.sessions.end(first.session.session_id, actor)


def test_all_can_be_ended_but_the_present_one(identity, alice, bob, actor):
    opened = [open_session(identity, alice) for _ in range(3)]
    others = open_session(identity, bob)
    assert identity.sessions.end_all(alice.person_id, actor, except_for=opened[0].session.session_id) == 2
    assert [is_open(identity, each) for each in (*opened, others)] == [True, False, False, True]
    assert identity.sessions.end_all(alice.person_id, actor) == 1
    assert not is_open(identity, opened[0])


def test_a_list_has_the_last_used_first(identity, alice, bob, clock):
    open_session(identity, bob)
    first = open_session(identity, alice)
    clock.advance(1)
    second = open_session(identity, alice)
    clock.advance(60)
    identity.sessions.verify(first.token)
    listed = [session.session_id for session in identity.sessions.list_sessions(alice.person_id)]
    assert listed == [first.session.session_id, second.session.session_id]


def test_what_has_ended_is_pruned_and_nothing_else(identity, alice, clock):
    open_session(identity, alice)
    clock.advance(HOUR)
    opened = open_session(identity, alice)
    assert identity.prune() == 1
    assert identity.prune() == 0
    assert is_open(identity, opened)


def test_another_server_ends_it_here_within_seconds(identity, another, alice, clock):
    opened = open_session(identity, alice)
    assert is_open(another.identity, opened)
    identity.sessions.end(opened.session.session_id, another.actor)
    assert not is_open(identity, opened)
    clock.advance(5)
    assert not is_open(another.identity, opened)


def test_opening_and_ending_are_recorded(installation, identity, alice, actor):
    opened = open_session(identity, alice)
    identity.sessions.end(opened.session.session_id, actor)
    records = installation.list_records(target=f"session/{opened.session.session_id}")
    assert [(record.action, record.actor_id) for record in records] == [
        ("session.end", actor.actor_id),
        ("session.begin", alice.person_id),
    ]
