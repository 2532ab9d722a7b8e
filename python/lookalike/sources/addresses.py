"""Which network addresses a stranger's address may lead to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ..errors import FetchError
from ..options import Limits

__all__ = ["check", "is_named", "literal", "why_refused"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA = "a cloud's metadata service"
_PRIVATE = frozenset({"a private address", "a loopback address", "a carrier's shared address"})
"""What `allow_private` allows. The rest no picture comes from: it needs its network in `allow_hosts`."""


def _table(*rows: tuple[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(network), kind) for kind, networks in rows for network in networks.split())


# IANA's registries of special-purpose addresses (RFC 6890 and its updates). Our own table, for `is_global` and
# `is_private` of the standard library differ from one Python to the next. The narrower network comes first.
_V4 = _table(
    # Amazon, Google, Microsoft and most others; Alibaba; Oracle; Microsoft's second, which looks like a public one.
    (_METADATA, "169.254.169.254/32 100.100.100.200/32 192.0.0.192/32 168.63.129.16/32"),
    ("an unspecified address", "0.0.0.0/8"),
    ("a loopback address", "127.0.0.0/8"),
    ("a private address", "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16"),
    ("a carrier's shared address", "100.64.0.0/10"),
    ("a link-local address", "169.254.0.0/16"),
    ("a multicast address", "224.0.0.0/4"),
    ("an address for documentation", "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"),
    ("a reserved address", "192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 240.0.0.0/4"),
)
_V6 = _table(
    (_METADATA, "fd00:ec2::254/128 fd20:ce::254/128"),
    ("an unspecified address", "::/128"),
    ("a loopback address", "::1/128"),
    ("a private address", "fc00::/7 fec0::/10 64:ff9b:1::/48"),
    ("a link-local address", "fe80::/10"),
    ("a multicast address", "ff00::/8"),
    ("an address for documentation", "2001:db8::/32 3fff::/20"),
    ("a reserved address", "2001:2::/48 2001:10::/28 2001:20::/28"),
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_CARRIERS_OF_V4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96")))
"""Mapped, translated, NAT64 and (long deprecated) compatible: the last 32 bits are the IPv4 address."""
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def check(host: str, address: str, limits: Limits) -> None:
    """Check an address that a host's name resolved to.

    Raises:
        FetchError: if it may not be connected to; the text says why, and what would allow it.
    """
    found = ip_address(address.partition("%")[0])
    if (kind := why_refused(found)) is None or _is_listed(found, limits.allow_hosts):
        return
    shown = f"{host} is" if host == str(found) else f"{host} is at {found},"
    if kind not in _PRIVATE:
        raise FetchError(f"expected a public address, but {shown} {kind}; its network in Limits.allow_hosts allows it")
    if not limits.allow_private and not is_named(host, limits.allow_hosts):
        raise FetchError(
            f"expected a public address, but {shown} {kind}; Limits.allow_private, or the host in Limits.allow_hosts, "
            "allows it"
        )


def why_refused(address: Address) -> str | None:
    """What is special about an address or an IPv4 address inside it, such as `"a loopback address"`, or `None`.

    What needs more than `allow_private` goes first.
    """
    kinds = [kind for kind in map(_kind, _meant(address)) if kind is not None]
    return next((kind for kind in kinds if kind not in _PRIVATE), kinds[0] if kinds else None)


def _kind(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _V4 if address in network), None)
    found = next((kind for network, kind in _V6 if address in network), None)
    if found is None and address not in _GLOBAL_V6 and not _carries_v4(address):
        return "a reserved address"
    return found


def _meant(address: Address) -> Iterator[Address]:
    """The address, and every IPv4 address that a gateway on the way may read in it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    bits = int(address)
    if _carries_v4(address) or (bits >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(bits & 0xFFFFFFFF)
    if address in _6TO4:
        yield IPv4Address((bits >> 80) & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address((bits >> 64) & 0xFFFFFFFF)
        yield IPv4Address(~bits & 0xFFFFFFFF)


def _carries_v4(address: IPv6Address) -> bool:
    # `::` and `::1` lie among the compatible ones, and are what they are.
    return int(address) > 1 and any(address in network for network in _CARRIERS_OF_V4)


def _is_listed(address: Address, hosts: tuple[str, ...]) -> bool:
    """Whether one of the networks holds the address, and what is inside it."""
    networks = [network for network in map(_as_network, hosts) if network is not None]
    inner = [one for one in _meant(address) if _kind(one) is not None]
    return all(any(one in network for network in networks) for one in inner)


def _as_network(host: str) -> Network | None:
    try:
        return ip_network(host)
    except ValueError:
        return None


def is_named(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether the hosts name this one: in full, or by an end such as `".example.org"`. Case does not count."""
    name = host.lower().rstrip(".")
    return any(name == one or (one.startswith(".") and name.endswith(one)) for one in map(str.lower, hosts))


def literal(host: str) -> str | None:
    """The address that a host is, if it is no name: in any form that a C library reads, such as `127.1`."""
    if f".{host.lower().rstrip('.')}".endswith(".localhost"):
        return "127.0.0.1"  # RFC 6761
    try:
        return str(ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None
