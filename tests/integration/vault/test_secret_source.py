"""Secrets as the engine asks for them: its namespace's from the vault, others from where the commands have theirs."""

import pytest

from kapell.engine.secrets import SecretSource
from kapell.errors import NotFoundError
from kapell.vault.secret_source import VaultSecrets


@pytest.fixture
def source(safe):
    safe.put("both", "from the vault")
    safe.put("deep", {"user": "ann"})
    fallback = SecretSource(environment={"KAPELL_SECRET_BOTH": "not this", "KAPELL_SECRET_ONLY": "from outside"})
    return VaultSecrets(safe.vault, "shop", fallback)


def test_the_vault_comes_first(source):
    assert source.get_secret("both") == "from the vault"
    assert source.get_secret("deep") == {"user": "ann"}
    assert source.get_secret("only") == "from outside"


def test_what_is_nowhere_says_where_it_could_be_put(source):
    with pytest.raises(NotFoundError, match="no secret `none` in the namespace shop") as caught:
        source.get_secret("none")
    assert "vault" in caught.value.hint
    assert "KAPELL_SECRET_NONE" in caught.value.hint


def test_without_a_fallback_the_vault_alone_counts(safe):
    safe.put("one", "value")
    alone = VaultSecrets(safe.vault, "shop")
    assert alone.get_secret("one") == "value"
    with pytest.raises(NotFoundError):
        alone.get_secret("only")
    with pytest.raises(NotFoundError):
        VaultSecrets(safe.vault, "other").get_secret("one")


def test_redaction_is_no_use(source, safe):
    found = source.find_secrets(("both", "none", "only"))
    assert found == {"both": "from the vault", "only": "from outside"}
    assert safe.vault.record_uses() == 0
    source.get_secret("both")
    assert safe.vault.record_uses() == 1
