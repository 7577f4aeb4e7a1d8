import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from kapell.errors import TooManyAttemptsError, UsageError
from kapell.identity.passwords import PasswordRules, Passwords

CHEAP = PasswordRules(memory_kib=8, passes=1)
TYPED = "correct horse battery"


@pytest.fixture
def passwords():
    return Passwords(CHEAP)


def test_a_hash_tells_right_from_wrong(passwords):
    stored = passwords.hash(TYPED)
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, TYPED).is_right
    assert not passwords.verify(stored, TYPED + " ").is_right
    assert not passwords.verify(stored, "").is_right


def test_the_same_characters_typed_in_another_way_are_the_same(passwords):
    assert passwords.verify(passwords.hash("caf\u00e9 ffi 12345"), "cafe\u0301 \ufb03 12345").is_right


def test_each_hash_has_its_own_salt(passwords):
    assert passwords.hash(TYPED) != passwords.hash(TYPED)


@pytest.mark.parametrize("stored", [None, "", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
def test_what_is_no_hash_matches_nothing(passwords, stored):
    assert not passwords.verify(stored, TYPED).is_right
    assert passwords.checks == 1


def test_nobodys_hash_takes_as_long_as_any(passwords):
    nobodys, own = passwords._nobodys_hash, passwords.hash(TYPED)
    assert extract_parameters(nobodys) == extract_parameters(own)
    assert len(nobodys) == len(own)
    with pytest.raises(VerifyMismatchError):  # and not InvalidHashError: it was computed
        PasswordHasher().verify(nobodys, TYPED)
    assert Passwords(CHEAP)._nobodys_hash != nobodys


def test_a_hash_of_other_parameters_is_renewed_when_the_password_is_right(passwords):
    stored = passwords.hash(TYPED)
    raised = Passwords(PasswordRules(memory_kib=16, passes=2))
    assert passwords.verify(stored, TYPED).new_hash is None
    assert raised.verify(stored, "wrong").new_hash is None
    renewed = raised.verify(stored, TYPED).new_hash
    assert renewed.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert raised.verify(renewed, TYPED) == raised.verify(renewed, TYPED)
    assert raised.verify(renewed, TYPED).new_hash is None


def test_the_defaults_take_the_memory_that_is_advised():
    rules = PasswordRules()
    # OWASP's least: 46 MiB with one pass, or 19 MiB with two.
    assert rules.memory_kib >= 46 * 1024
    assert rules.min_length >= 12


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("x" * 11, "alice"),
        ("abcdefghijk", "alice"),
        ("abcdefg" * 40, "alice"),
        ("abababababab", "alice"),
        ("i am Alice, hello", "alice"),
        ("a.very.long.name@example.org", "a.very.long.name@example.org"),
        ("very.long.name", "a.very.long.name@example.org"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(passwords, typed, name):
    with pytest.raises(UsageError):
        passwords.check_choice(typed, name)


@pytest.mark.parametrize("typed", ["abcdefghijkl", "пароль из слов", "a" * 250 + "bcdef", "no alic here, sir"])
def test_any_other_is_taken(passwords, typed):
    passwords.check_choice(typed, "alice")


def test_only_so_many_are_checked_at_once_and_the_others_wait():
    passwords = Passwords(PasswordRules(memory_kib=8, passes=1, max_at_once=2, longest_wait_seconds=30))
    under_way, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(2, timeout=30)

    def admit():
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        full.wait()
        with lock:
            under_way -= 1

    threads = [threading.Thread(target=passwords.verify, args=(None, "x"), kwargs={"admit": admit}) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most, passwords.checks) == (2, 6)


def test_who_waits_too_long_is_refused_and_takes_no_turn():
    passwords = Passwords(PasswordRules(memory_kib=8, passes=1, max_at_once=1, longest_wait_seconds=0.01))

    def try_again():
        with pytest.raises(TooManyAttemptsError) as refused:
            passwords.verify(None, "x")
        assert refused.value.retryable

    passwords.verify(None, "x", admit=try_again)
    assert not passwords.verify(None, "x").is_right


def test_what_admission_raises_ends_the_check_and_gives_the_turn_back():
    passwords = Passwords(PasswordRules(memory_kib=8, passes=1, max_at_once=1, longest_wait_seconds=0.01))

    def refuse():
        raise TooManyAttemptsError("Wait.", retry_after_seconds=1)

    for _ in range(3):
        with pytest.raises(TooManyAttemptsError, match="Wait"):
            passwords.verify(None, "x", admit=refuse)
    assert passwords.checks == 0
