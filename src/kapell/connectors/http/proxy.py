"""Which proxy a call goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

if TYPE_CHECKING:
    from kapell.connectors.http.settings import HttpSettings


class ProxyChooser:
    """Knows the proxy of each origin: the one of the settings, or that of the standard environment variables.

    The variables are read once. (aiohttp's own `trust_env` reads them, and `~/.netrc`, again for every call, and would
    send the credentials of the person who started the engine.)
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Read the environment, where the settings ask for it."""
        self._fixed = settings.proxy or None
        self._environment = getproxies_environment() if settings.proxy_from_environment else {}

    def find(self, uri: str) -> str | None:
        """Return the proxy's URL for a call to this URI, or `None` for a direct connection."""
        if self._fixed or not self._environment:
            return self._fixed
        parts = urlsplit(uri)
        proxy = self._environment.get(parts.scheme) or self._environment.get("all")
        if not proxy or proxy_bypass_environment(parts.netloc.rpartition("@")[2], self._environment):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"
