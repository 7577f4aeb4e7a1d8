"""Which network addresses workflows may call: an administrator's deny-list, with exceptions.

What is judged is the address that a connection is about to be made to, after every name was resolved and every redirect
taken: other spellings of an address, names that resolve to something else the second time, and redirects all end here.
"""

from __future__ import annotations

import errno
import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RANGES: dict[str, tuple[str, ...]] = {
    # 0.0.0.0 and :: are this machine, too, when something connects to them.
    "loopback": ("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    # Where clouds tell a machine its own credentials: AWS and most others, ECS tasks, Alibaba, Oracle, Azure, AWS IPv6.
    "metadata": (
        "169.254.169.254/32",
        "169.254.170.2/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
        "fd00:ec2::254/128",
    ),
    "multicast": ("224.0.0.0/4", "255.255.255.255/32", "ff00::/8"),
}
"""Names that stand for ranges."""

_REMEMBERED = 1024

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


class DeniedAddressError(OSError):
    """Nothing may be sent to this address.

    Attributes:
        reason: Which address it is, and what denies it.
    """

    def __init__(self, reason: str) -> None:
        """Carry the reason apart: who tries several addresses compares the texts of what went wrong with each."""
        super().__init__(errno.EACCES, "the settings deny calls to this address")
        self.reason = reason


class AddressRules:
    """A deny-list of address ranges, and what is allowed all the same."""

    def __init__(self, denied: Iterable[str] = (), allowed: Iterable[str] = ()) -> None:
        """Take addresses, ranges such as `10.0.0.0/8`, and the names of `RANGES`. Raises `UsageError`."""
        self._denied = [(network, rule) for rule in denied for network in _read(rule)]
        self._allowed = [network for rule in allowed for network in _read(rule)]
        self._find_reason = lru_cache(maxsize=_REMEMBERED)(self._judge)

    def __bool__(self) -> bool:
        """Tell whether anything is denied."""
        return bool(self._denied)

    def check(self, address: str) -> None:
        """Return if a connection to a numeric address may be made. Raises `DeniedAddressError`."""
        if reason := self._find_reason(address):
            raise DeniedAddressError(reason)

    def _judge(self, address: str) -> str:
        """Return why an address is denied; empty where it is not."""
        for meant in _list_meant(ipaddress.ip_address(address.partition("%")[0])):
            if any(meant in network for network in self._allowed):
                continue
            for network, rule in self._denied:
                if meant in network:
                    name = str(network) if rule == str(network) else f"{network}, `{rule}`"
                    return f"{address} is in a range that workflows may not call ({name})"
        return ""


def _read(rule: str) -> list[Network]:
    if rule in RANGES:
        return [ipaddress.ip_network(text) for text in RANGES[rule]]
    try:
        return [ipaddress.ip_network(rule)]
    except ValueError as error:
        raise UsageError(
            f"`{rule}` is no range of addresses: {error}.",
            hint=f"Write an address, a range such as 10.0.0.0/8, or one of {', '.join(RANGES)}.",
        ) from error


def _list_meant(address: Address) -> list[Address]:
    """Return an address, and the IPv4 address that it is another form of or is translated to, if any."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    found: list[Address] = [address]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.append(address.teredo[1])
    if any(address in network for network in _NAT64) or (address in _IPV4_COMPATIBLE and int(address) > 1):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found
