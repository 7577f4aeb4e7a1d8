"""Providers from settings, and what is kept while a browser is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kapell.errors import TooManyAttemptsError, UsageError
from kapell.identity.oidc import pending
from kapell.identity.oidc.configuring import make_providers
from kapell.identity.oidc.model import PendingSignIn
from kapell.identity.oidc.pending import PendingSignIns
from kapell.settings import OidcSettings, Settings
from kapell.testing.virtual_clock import VirtualClock


def configure(**given):
    return Settings(oidc={"corp": OidcSettings(issuer="https://id.example", client_id="kapell", **given)})


def test_the_key_is_the_title_where_there_is_none():
    (provider,) = make_providers(configure())
    assert (provider.title, provider.client_secret, provider.invited_only) == ("corp", "", False)
    (provider,) = make_providers(configure(title="Corp", people="invited"))
    assert (provider.title, provider.invited_only) == ("Corp", True)


def test_a_secret_is_read_from_its_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("hush\n")
    (provider,) = make_providers(configure(client_secret_file=path))
    assert provider.client_secret == "hush"
    with pytest.raises(UsageError, match="Keep one"):
        make_providers(configure(client_secret_file=path, client_secret="x"))
    path.write_text("\n")
    with pytest.raises(UsageError, match="is empty"):
        make_providers(configure(client_secret_file=path))
    with pytest.raises(UsageError, match="cannot be read"):
        make_providers(configure(client_secret_file=tmp_path / "none"))


@pytest.fixture
def clock():
    return VirtualClock()


def begin(clock):
    expires_at = clock.now() + timedelta(minutes=10)
    return PendingSignIn(provider="corp", state="s", nonce="n", verifier="v", redirect_uri="r", expires_at=expires_at)


def test_what_is_kept_is_given_back_once_and_in_time(clock):
    kept = PendingSignIns(clock)
    sign_in = begin(clock)
    first, second = kept.keep(sign_in, "/a", "192.0.2.1"), kept.keep(sign_in, "/b", "192.0.2.1")
    assert first != second
    assert kept.take(first) == (sign_in, "/a")
    assert kept.take(first) is None
    assert kept.take("") is None
    clock.advance(600)
    assert kept.take(second) is None
    assert not kept._kept
    assert not kept._by_site


def test_nobody_fills_the_memory(clock, monkeypatch):
    monkeypatch.setattr(pending, "_MOST_OF_A_SITE", 3)
    monkeypatch.setattr(pending, "_MOST", 5)
    kept = PendingSignIns(clock)
    keys = [kept.keep(begin(clock), "/", f"2001:db8::{number}") for number in range(3)]
    with pytest.raises(TooManyAttemptsError):
        kept.keep(begin(clock), "/", "2001:db8::ffff")
    for _ in range(2):
        kept.keep(begin(clock), "/", "192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        kept.keep(begin(clock), "/", "192.0.2.2")
    assert kept.take(keys[0]), "those under way go on"
    kept.keep(begin(clock), "/", "2001:db8::ffff")
