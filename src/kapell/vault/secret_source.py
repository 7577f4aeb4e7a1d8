"""The secrets of a namespace as the engine asks for them: from the vault, then from where the commands have theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from kapell.errors import NotFoundError

if TYPE_CHECKING:
    from kapell.vault.service import Vault


class SecretLookup(Protocol):
    """Secrets by name: what `kapell.engine.secrets.SecretSource` is to the vault, which knows nothing of the engine."""

    def get_secret(self, name: str) -> Any:
        """Return a secret, a string or an object. Raises `NotFoundError`."""
        ...


class VaultSecrets:
    """The secrets that runs of one namespace can read. Any thread may use it."""

    def __init__(self, vault: Vault, namespace: str, fallback: SecretLookup | None = None) -> None:
        """Look in the vault first.

        Args:
            vault: The vault.
            namespace: The namespace of the runs.
            fallback: Where to look for what the vault does not hold: it is the same for all namespaces.
        """
        self._vault = vault
        self._namespace = namespace
        self._fallback = fallback

    def get_secret(self, name: str) -> Any:
        """Return a secret, for an attempt that is about to use it.

        Raises:
            NotFoundError: It is nowhere.
            DamagedSealError: It was changed in the database.
            MasterKeyError: It hangs on a master key that is not here.
        """
        return self._read(name, is_use=True)

    def find_secrets(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return those of the named secrets that there are, to keep them out of what is written down."""
        found = {}
        for name in names:
            try:
                found[name] = self._read(name, is_use=False)
            except NotFoundError:
                continue
        return found

    def _read(self, name: str, *, is_use: bool) -> Any:
        try:
            return self._vault.read_for_run(self._namespace, name, is_use=is_use)
        except NotFoundError:
            if self._fallback is None:
                raise
        try:
            return self._fallback.get_secret(name)
        except NotFoundError as error:
            raise NotFoundError(
                f"There is no secret `{name}` in the namespace {self._namespace}.",
                hint=f"Put it into the vault. {error.hint}",
            ) from error
