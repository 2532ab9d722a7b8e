"""Connections that go where their name was checked to lead, and that end at their time.

A name is resolved once for a connection, here; what it resolves to is checked, and connected to. Nothing
resolves it again, so that a name server that answers otherwise the second time gains nothing. The name
itself stays what the server is asked for, and what its certificate must be of.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
import time
from collections import OrderedDict
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError

from ..errors import FetchError
from ..options import Limits
from . import addresses

__all__ = ["Clock", "RefusedError", "pool_for", "timed"]

_CONNECT_SECONDS = 10.0
_PER_HOST = 8
_HOSTS = 64
_POLICIES = 8
_now = threading.local()


class RefusedError(HTTPError):
    """Where a name leads may not be connected to. One of urllib3's own kind, for it takes an `OSError` for its own."""


class Clock:
    """The times by which one download must have come somewhere.

    Attributes:
        end: when it must be complete, by `time.monotonic`.
    """

    def __init__(self, limits: Limits) -> None:
        self.end = time.monotonic() + limits.seconds
        self._first_byte = limits.first_byte

    @property
    def left(self) -> float:
        """Seconds until the end; never less than a hundredth, for a timeout of 0 means another thing."""
        return max(0.01, self.end - time.monotonic())

    @property
    def first(self) -> float:
        """When an answer that is asked for now must have begun."""
        return min(self.end, time.monotonic() + self._first_byte)


class timed:
    """For a `with` block: connections that this thread uses keep to a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        _now.clock = self._clock

    def __exit__(self, *_: object) -> None:
        del _now.clock


class _Timed(io.RawIOBase):
    """What a socket brings, until a clock stops it.

    A timeout of the socket alone holds for one packet: a server that sends a byte now and then would hold
    its reader for ever, also in the middle of its headers.
    """

    def __init__(self, raw: Any, sock: Any, clock: Clock) -> None:
        self._raw, self._sock, self._clock, self._until = raw, sock, clock, clock.first

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._until = self._clock.end
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, _now.clock))


class _Plain(HTTPConnection):
    response_class = _Answer
    limits: Limits

    def _new_conn(self) -> socket.socket:
        return _dial(self)


class _Secure(HTTPSConnection):
    response_class = _Answer
    limits: Limits

    def _new_conn(self) -> socket.socket:
        return _dial(self)


def _dial(connection: _Plain | _Secure) -> socket.socket:
    """Connect to what the connection's name resolves to, if all of it may be connected to."""
    host = connection._dns_host.strip("[]")
    found = _checked(host, connection)
    failed = OSError("the name has no address")
    for family, address in found:
        try:
            return _connected(family, address)
        except OSError as error:
            failed = error
    if isinstance(failed, TimeoutError):
        raise ConnectTimeoutError(connection, f"{host} did not take the connection in time") from failed
    raise NewConnectionError(connection, str(failed)) from failed


def _checked(host: str, connection: _Plain | _Secure) -> list[tuple[int, Any]]:
    try:
        found = _resolved(host, connection.port)
    except (socket.gaierror, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"{host} was not resolved in time") from error
    if connection.proxy is not None:
        return found  # a proxy is where its user wants to go
    try:
        for _, address in found:
            addresses.check(host, address[0], connection.limits)
    except FetchError as error:
        raise RefusedError(str(error)) from error
    return found


def _connected(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(min(_CONNECT_SECONDS, _now.clock.left))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _resolved(host: str, port: int) -> list[tuple[int, Any]]:
    """Families and addresses of a name, asked for once. In a thread, for the system's resolver knows no deadline."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(min(_CONNECT_SECONDS, _now.clock.left))
    if not answer:
        raise TimeoutError
    if isinstance(answer[0], Exception):
        raise answer[0]
    inet = (socket.AF_INET, socket.AF_INET6)
    return [(family, address) for family, _, _, _, address in answer[0] if family in inet]


_lock = threading.Lock()
_pools: OrderedDict[tuple[object, ...], urllib3.PoolManager] = OrderedDict()


def pool_for(limits: Limits) -> urllib3.PoolManager:
    """The connections, kept for reuse, that were made under the same rules.

    Each host has at most eight at a time.
    """
    rules = (limits.allow_private, limits.allow_hosts, limits.proxy)
    with _lock:
        if rules not in _pools:
            _pools[rules] = _new_pool(limits)
        _pools.move_to_end(rules)
        while len(_pools) > _POLICIES:
            _pools.popitem(last=False)
        return _pools[rules]


def _new_pool(limits: Limits) -> urllib3.PoolManager:
    options: dict[str, Any] = {"num_pools": _HOSTS, "maxsize": _PER_HOST, "block": True}
    if limits.proxy is None:
        pool = urllib3.PoolManager(**options)
    else:
        try:
            pool = urllib3.ProxyManager(limits.proxy, **options)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # Without the text: there may be a password in it.
            raise FetchError("expected a proxy such as http://proxy.example:3128 in Limits.proxy") from error
    plain = type("_Plain", (_Plain,), {"limits": limits})
    secure = type("_Secure", (_Secure,), {"limits": limits})
    pool.pool_classes_by_scheme = {
        "http": type("_PlainPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return pool


if hasattr(os, "register_at_fork"):
    # Two processes that talk on one connection would read each other's answers.
    os.register_at_fork(after_in_child=_pools.clear)
