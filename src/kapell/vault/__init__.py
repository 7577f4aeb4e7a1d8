"""The vault: secrets and other values, sealed with a master key that the database does not hold."""

from kapell.vault.master_keys import MasterKeys, open_master_keys
from kapell.vault.sealing import Sealer, make_context
from kapell.vault.secret_source import VaultSecrets
from kapell.vault.service import Vault, open_vault

__all__ = ["MasterKeys", "Sealer", "Vault", "VaultSecrets", "make_context", "open_master_keys", "open_vault"]
