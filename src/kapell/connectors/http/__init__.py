"""`call: http`: one request to one endpoint, and what its response means."""

from __future__ import annotations

from kapell.connectors.http.activity import HttpActivity
from kapell.connectors.http.address_rules import AddressRules
from kapell.connectors.http.settings import HttpSettings

__all__ = ["AddressRules", "HttpActivity", "HttpSettings"]
