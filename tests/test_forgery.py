"""Addresses that try to turn the fetching inwards: none may reach a listener on this computer."""

from __future__ import annotations

import re
import socket
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from lookalike.errors import FetchError
from lookalike.fingerprints import fingerprint_many
from lookalike.library import Library
from lookalike.options import Limits
from lookalike.sources import dialing
from lookalike.sources.addresses import literal, why_refused
from lookalike.sources.web import fetch

LIMITS = Limits(seconds=5.0)
PUBLIC = "93.184.215.14"
"""An address that is nobody's here: connections to it are taken to `Net.outside`."""


@dataclass
class Net:
    """A network of the test's own: a forbidden listener, a public one, and names.

    Attributes:
        port: of the listeners on 127.0.0.1 and ::1 that nothing may reach.
        reached: what did reach them.
        outside: what reached the public server: (host asked for, path).
        names: what each name resolves to, one answer for each time; the last one stays.
        asked: how often each name was resolved.
        dialled: the addresses that were connected to.
    """

    port: int = 0
    outside_port: int = 0
    reached: list[Any] = field(default_factory=list)
    outside: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)


def _listen(net: Net, stop: threading.Event, server: socket.socket) -> None:
    server.settimeout(0.05)
    while not stop.is_set():
        try:
            connection, peer = server.accept()
        except TimeoutError:
            continue
        net.reached.append(peer)
        connection.close()


def _public_server(net: Net) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            net.outside.append((self.headers["Host"], self.path))
            net.headers.append(dict(self.headers))
            target = net.redirects.get(self.path)
            self.send_response(200 if target is None else 302)
            if target is not None:
                self.send_header("Location", target.replace("PORT", str(net.port)))
                self.send_header("Set-Cookie", "id=1; Path=/")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """A resolver of the test's own; what is dialled outside goes to a server that stands for the internet."""
    made, stop, real_connect, real_resolve = Net(), threading.Event(), socket.socket.connect, socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        made.asked.append(host)
        answers = made.names.get(host)
        if answers is None:
            # Numbers, in whatever form, are read by the system itself; names go nowhere.
            return real_resolve(host, port, *args, **options) if _is_number(host) else _unknown(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for address in found for entry in real_resolve(address, port, *args, **options)]

    def connect(self: socket.socket, address: Any) -> None:
        made.dialled.append(address[0])
        outside = address[0] == PUBLIC
        return real_connect(self, ("127.0.0.1", made.outside_port) if outside else address)

    listeners = _listeners()
    made.port = listeners[0].getsockname()[1]
    threads = [threading.Thread(target=_listen, args=(made, stop, server)) for server in listeners]
    server = _public_server(made)
    server.daemon_threads = True
    made.outside_port = server.server_port
    threads.append(threading.Thread(target=server.serve_forever, args=(0.01,)))
    for thread in threads:
        thread.start()
    monkeypatch.setattr(dialing, "_pools", OrderedDict())  # no connection kept from another test
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    yield made
    for pool in dialing._pools.values():
        pool.clear()
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join()
    server.server_close()
    for listener in listeners:
        listener.close()


def _listeners() -> list[socket.socket]:
    first = socket.create_server(("127.0.0.1", 0))
    port = first.getsockname()[1]
    try:
        return [first, socket.create_server(("::1", port), family=socket.AF_INET6)]
    except OSError:
        return [first]  # a computer without IPv6


def _is_number(host: str) -> bool:
    # `localhost` too is the system's own to answer, by its hosts file.
    return literal(host) is not None or ":" in host


def _unknown(host: str) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, f"{host}: not known to the test")


LOOPBACK = "a loopback address"
UNSPECIFIED = "an unspecified address"
METADATA = "a cloud's metadata service"
PRIVATE = "a private address"
USERINFO = "without a user's name or password"
CONTROL = "without control characters"
NONE = "expected an address such as|expected a host in ASCII"
UNKNOWN = "is not known"

FORGERIES = [
    # As it is written in books.
    ("http://127.0.0.1:PORT/a.jpg", LOOPBACK),
    ("https://127.0.0.1:PORT/a.jpg", LOOPBACK),
    ("HTTP://127.0.0.1:PORT/a.jpg", LOOPBACK),
    ("http://localhost:PORT/a.jpg", LOOPBACK),
    ("http://LOCALHOST:PORT/a.jpg", LOOPBACK),
    ("http://localhost.:PORT/a.jpg", f"{LOOPBACK}|{UNKNOWN}"),
    ("http://127.0.0.1.:PORT/a.jpg", f"{LOOPBACK}|{UNKNOWN}"),
    ("http://127.0.0.2:PORT/a.jpg", LOOPBACK),
    ("http://127.255.255.254:PORT/a.jpg", LOOPBACK),
    # Numbers in other forms.
    ("http://2130706433:PORT/a.jpg", LOOPBACK),
    ("http://0x7f000001:PORT/a.jpg", LOOPBACK),
    ("http://0X7F000001:PORT/a.jpg", LOOPBACK),
    ("http://017700000001:PORT/a.jpg", LOOPBACK),
    ("http://0177.0.0.1:PORT/a.jpg", LOOPBACK),
    ("http://0x7f.0.0.1:PORT/a.jpg", LOOPBACK),
    ("http://0x7f.0x0.0x0.0x1:PORT/a.jpg", LOOPBACK),
    ("http://0177.0x0.0.01:PORT/a.jpg", LOOPBACK),
    ("http://127.1:PORT/a.jpg", LOOPBACK),
    ("http://127.0.1:PORT/a.jpg", LOOPBACK),
    ("http://127.65535:PORT/a.jpg", LOOPBACK),
    ("http://00000000177.0.0.1:PORT/a.jpg", LOOPBACK),
    ("http://4294967296:PORT/a.jpg", UNKNOWN),  # one more than 32 bits
    ("http://6425673729:PORT/a.jpg", UNKNOWN),  # 127.0.0.1 to who drops the bits above
    ("http://256.256.256.256:PORT/a.jpg", UNKNOWN),
    ("http://0:PORT/a.jpg", UNSPECIFIED),
    ("http://0.0.0.0:PORT/a.jpg", UNSPECIFIED),
    ("http://0x0:PORT/a.jpg", UNSPECIFIED),
    # IPv6, and IPv4 inside it.
    ("http://[::1]:PORT/a.jpg", LOOPBACK),
    ("http://[0:0:0:0:0:0:0:1]:PORT/a.jpg", LOOPBACK),
    ("http://[0000::0001]:PORT/a.jpg", LOOPBACK),
    ("http://[::]:PORT/a.jpg", UNSPECIFIED),
    ("http://[::ffff:127.0.0.1]:PORT/a.jpg", LOOPBACK),
    ("http://[::ffff:7f00:1]:PORT/a.jpg", LOOPBACK),
    ("http://[::FFFF:7F00:0001]:PORT/a.jpg", LOOPBACK),
    ("http://[::127.0.0.1]:PORT/a.jpg", LOOPBACK),
    ("http://[::ffff:0:127.0.0.1]:PORT/a.jpg", LOOPBACK),
    ("http://[64:ff9b::127.0.0.1]:PORT/a.jpg", LOOPBACK),
    ("http://[64:ff9b:1::127.0.0.1]:PORT/a.jpg", PRIVATE),
    ("http://[2002:7f00:1::]:PORT/a.jpg", LOOPBACK),
    ("http://[2001:0:808:808::80ff:fffe]:PORT/a.jpg", LOOPBACK),  # Teredo writes its client's bits inverted
    ("http://[2a00::5efe:127.0.0.1]:PORT/a.jpg", LOOPBACK),
    ("http://[::ffff:169.254.169.254]/latest/meta-data/", METADATA),
    ("http://[fe80::1%25lo]:PORT/a.jpg", "a link-local address"),
    ("http://[fe80::1]:PORT/a.jpg", "a link-local address"),
    ("http://[fc00::1]:PORT/a.jpg", PRIVATE),
    ("http://[fec0::1]:PORT/a.jpg", PRIVATE),
    ("http://[ff02::1]:PORT/a.jpg", "a multicast address"),
    ("http://[100::1]:PORT/a.jpg", "a reserved address"),
    ("http://[2001:db8::1]:PORT/a.jpg", "an address for documentation"),
    ("http://[::1:PORT/a.jpg", NONE),
    ("http://::1:PORT/a.jpg", f"{NONE}|{UNKNOWN}"),
    # Elsewhere inside.
    ("http://169.254.169.254/latest/meta-data/", METADATA),
    ("http://2852039166/latest/meta-data/", METADATA),
    ("http://0xa9fea9fe/latest/meta-data/", METADATA),
    ("http://0251.0376.0251.0376/latest/meta-data/", METADATA),
    ("http://[fd00:ec2::254]/latest/meta-data/", METADATA),
    ("http://100.100.100.200/latest/meta-data/", METADATA),
    ("http://192.0.0.192/opc/v1/", METADATA),
    ("http://168.63.129.16/metadata/", METADATA),
    ("http://169.254.170.2/v2/credentials", "a link-local address"),
    ("http://10.0.0.1:PORT/a.jpg", PRIVATE),
    ("http://172.16.0.1:PORT/a.jpg", PRIVATE),
    ("http://172.31.255.255:PORT/a.jpg", PRIVATE),
    ("http://192.168.1.1:PORT/a.jpg", PRIVATE),
    ("http://100.64.0.1:PORT/a.jpg", "a carrier's shared address"),
    ("http://224.0.0.1:PORT/a.jpg", "a multicast address"),
    ("http://240.0.0.1:PORT/a.jpg", "a reserved address"),
    ("http://255.255.255.255:PORT/a.jpg", "a reserved address"),
    ("http://198.18.0.1:PORT/a.jpg", "a reserved address"),
    # A user's name that looks like a host, and a host that looks like a path.
    ("http://public.example@127.0.0.1:PORT/a.jpg", USERINFO),
    ("http://public.example:80@127.0.0.1:PORT/a.jpg", USERINFO),
    ("http://127.0.0.1:PORT@public.example/a.jpg", USERINFO),
    ("http://user:secret@localhost:PORT/a.jpg", USERINFO),
    ("http://a@b@127.0.0.1:PORT/a.jpg", USERINFO),
    ("http://@127.0.0.1:PORT/a.jpg", USERINFO),
    ("http://public.example%40127.0.0.1:PORT/a.jpg", f"{NONE}|{UNKNOWN}"),
    ("http://public.example\\@127.0.0.1:PORT/a.jpg", USERINFO),
    ("http://127.0.0.1:PORT\\@public.example/a.jpg", f"{LOOPBACK}|{USERINFO}|{NONE}"),
    ("http://127.0.0.1:PORT#@public.example/a.jpg", LOOPBACK),
    ("http://127.0.0.1:PORT?@public.example/a.jpg", LOOPBACK),
    ("http:///127.0.0.1:PORT/a.jpg", NONE),
    ("http://127.0.0.1%2f:PORT/a.jpg", f"{NONE}|{UNKNOWN}|{LOOPBACK}"),
    # Letters that become others.
    ("http://①②⑦.⓪.⓪.①:PORT/a.jpg", NONE),
    ("http://127。0。0。1:PORT/a.jpg", NONE),
    ("http://１２７.0.0.1:PORT/a.jpg", NONE),
    ("http://١٢٧.0.0.1:PORT/a.jpg", NONE),
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/a.jpg", NONE),
    ("http://127.0.0.1\u200b:PORT/a.jpg", NONE),
    ("http://%31%32%37.0.0.1:PORT/a.jpg", f"{NONE}|{LOOPBACK}|{UNKNOWN}"),
    # A second request inside the first, and ports.
    ("http://127.0.0.1:PORT/a.jpg\r\nHost: x", CONTROL),
    ("http://public.example/a\r\nX-Injected: 1\r\n\r\nGET /b", CONTROL),
    ("http://public.example\r\n@127.0.0.1:PORT/", CONTROL),
    ("http://public.example\n.127.0.0.1:PORT/", CONTROL),
    ("http://127.0.0.1\x00.public.example:PORT/a.jpg", CONTROL),
    ("http://127.0.0.1\t:PORT/a.jpg", CONTROL),
    ("http://127.0.0.1:PORT:80/a.jpg", NONE),
    ("http://127.0.0.1:0/a.jpg", LOOPBACK),
    ("http://127.0.0.1:99999/a.jpg", NONE),
    ("http://127.0.0.1:-1/a.jpg", NONE),
    # Other schemes.
    ("file:///etc/hostname", "begins with http:// or https://"),
    ("file://127.0.0.1:PORT/a.jpg", "begins with http:// or https://"),
    ("ftp://127.0.0.1:PORT/a.jpg", "begins with http:// or https://"),
    ("gopher://127.0.0.1:PORT/_GET%20/", "begins with http:// or https://"),
    ("dict://127.0.0.1:PORT/d:a", "begins with http:// or https://"),
    ("ldap://127.0.0.1:PORT/", "begins with http:// or https://"),
    ("unix://var/run/docker.sock", "begins with http:// or https://"),
    ("http+unix://%2Fvar%2Frun%2Fdocker.sock/", "begins with http:// or https://"),
    ("jar:http://127.0.0.1:PORT/a.jpg!/", "no such file"),
    ("data:image/png;base64,iVBORw0KGgo=", "no such file"),
    ("//127.0.0.1:PORT/a.jpg", "no such file"),
    ("http:127.0.0.1:PORT/a.jpg", "no such file"),
    # Names of the test's own.
    ("http://inside.example:PORT/a.jpg", "inside.example is at 127.0.0.1, a loopback address"),
    ("http://inside6.example:PORT/a.jpg", "is at ::1, a loopback address"),
    ("http://mapped.example:PORT/a.jpg", LOOPBACK),
    ("http://metadata.example/latest/", METADATA),
    ("http://both.example:PORT/a.jpg", LOOPBACK),
    ("http://turned.example:PORT/a.jpg", LOOPBACK),
]

REDIRECTS = [
    ("http://127.0.0.1:PORT/", LOOPBACK),
    ("//127.0.0.1:PORT/", LOOPBACK),
    ("http://[::1]:PORT/", LOOPBACK),
    ("http://2130706433:PORT/", LOOPBACK),
    ("http://inside.example:PORT/", LOOPBACK),
    ("https://localhost:PORT/", LOOPBACK),
    ("http://169.254.169.254/latest/", METADATA),
    ("http://user:pass@127.0.0.1:PORT/", USERINFO),
    ("http://user:pass@public.example/a.jpg", USERINFO),
    ("///127.0.0.1:PORT/", f"{LOOPBACK}|{NONE}|is no picture|cannot identify|expected an image"),
    ("/\\127.0.0.1:PORT/", f"{LOOPBACK}|expected an image"),
    ("file:///etc/hostname", r"no http\(s\) address"),
    ("gopher://127.0.0.1:PORT/_a", r"no http\(s\) address"),
    ("ftp://127.0.0.1:PORT/a", r"no http\(s\) address"),
    ("data:image/png;base64,AAAA", r"no http\(s\) address"),
    ("javascript:alert(1)", r"no http\(s\) address"),
    ("/step1", LOOPBACK),
    ("/again", "redirects more than 5 times"),
    ("http://other.example/step2", LOOPBACK),
]


def stock(net: Net) -> None:
    net.names.update(
        {
            "public.example": [[PUBLIC]],
            "other.example": [[PUBLIC]],
            "inside.example": [["127.0.0.1"]],
            "inside6.example": [["::1"]],
            "mapped.example": [["::ffff:127.0.0.1"]],
            "metadata.example": [["169.254.169.254"]],
            "both.example": [[PUBLIC, "127.0.0.1"]],
            "turned.example": [["127.0.0.1"], [PUBLIC]],
        }
    )
    net.redirects.update(
        {
            "/again": "/again",
            "/step1": "http://other.example/step2",
            "/step2": "/step3",
            "/step3": "http://inside.example:PORT/",
        }
    )


def test_there_are_enough() -> None:
    assert len({url for url, _ in FORGERIES}) + len(REDIRECTS) >= 60
    assert len({url for url, _ in FORGERIES}) == len(FORGERIES)


def row_of(url: str, limits: Limits = LIMITS) -> dict[str, Any]:
    frame = fingerprint_many([url], limits=limits)
    assert len(frame) == 1
    return dict(frame.iloc[0])


def assert_refused(net: Net, row: dict[str, Any], why: str) -> None:
    assert row["phash"] is None or row["phash"] != row["phash"]
    assert isinstance(row["error"], str)
    assert re.search(why, row["error"]), row["error"]
    assert "pass" not in row["error"].replace("password", "")
    assert net.reached == []
    assert set(net.dialled) <= {PUBLIC}


@pytest.mark.parametrize(("url", "why"), FORGERIES)
def test_no_address_leads_inwards(net: Net, url: str, why: str) -> None:
    stock(net)
    url = url.replace("PORT", str(net.port))
    row = row_of(url)
    assert row["image"].splitlines()[0].startswith(url[:4])
    assert_refused(net, row, why)


@pytest.mark.parametrize(("location", "why"), REDIRECTS)
def test_no_redirect_leads_inwards(net: Net, location: str, why: str) -> None:
    stock(net)
    net.redirects["/start"] = location
    assert_refused(net, row_of("http://public.example/start"), why)
    assert net.outside[0] == ("public.example", "/start")


def test_all_of_them_in_one_batch(net: Net) -> None:
    stock(net)
    urls = [url.replace("PORT", str(net.port)) for url, _ in FORGERIES]
    frame = fingerprint_many(urls, limits=LIMITS)
    assert len(frame) == len(urls)
    assert frame["error"].notna().all()
    assert (net.reached, net.outside) == ([], [])


def test_the_listener_does_hear(net: Net) -> None:
    """Or all of the above would show nothing."""
    with pytest.raises(FetchError, match="broke"):
        fetch(f"http://127.0.0.1:{net.port}/", Limits(seconds=2, allow_private=True))
    assert net.reached


def test_a_public_name_is_asked_for_by_its_name(net: Net) -> None:
    stock(net)
    assert fetch("http://public.example:8080/a.jpg", LIMITS) == b"body"
    assert net.outside == [("public.example:8080", "/a.jpg")]
    assert (net.dialled, net.asked) == ([PUBLIC], ["public.example"])


def test_a_name_that_answers_otherwise_the_second_time(net: Net) -> None:
    """The connection is made to the address that was checked: the second answer is never asked for."""
    net.names["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert fetch(f"http://rebound.example:{net.port}/a.jpg", LIMITS) == b"body"
    assert net.asked == ["rebound.example"]
    assert (net.dialled, net.reached) == ([PUBLIC], [])


def test_a_name_that_turns_inwards_between_two_redirects(net: Net) -> None:
    net.names["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    # Another port, so that the connection cannot be the kept one.
    net.redirects["/start"] = "http://rebound.example:PORT/next"
    with pytest.raises(FetchError, match=r"rebound.example is at 127.0.0.1, a loopback address"):
        fetch("http://rebound.example/start", LIMITS)
    assert (net.dialled, net.reached) == ([PUBLIC], [])


def test_nothing_of_the_first_host_goes_to_the_second(net: Net) -> None:
    stock(net)
    net.redirects["/start"] = "http://other.example/end"
    assert fetch("http://public.example/start", LIMITS) == b"body"
    assert [host for host, _ in net.outside] == ["public.example", "other.example"]
    for headers in net.headers:
        assert set(headers) <= {"Host", "User-Agent", "Accept", "Accept-Encoding"}
        assert headers["User-Agent"].startswith("lookalike/")
        assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"])
def test_proxies_of_the_environment_are_not_used(net: Net, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    stock(net)
    monkeypatch.setenv(variable, f"http://127.0.0.1:{net.port}")
    assert fetch("http://public.example/a.jpg", LIMITS) == b"body"
    assert net.reached == []


def test_a_proxy_that_is_asked_for(net: Net) -> None:
    limits = Limits(seconds=5, proxy=f"http://127.0.0.1:{net.outside_port}")
    assert fetch("http://public.example/a.jpg", limits) == b"body"
    assert net.outside == [("public.example", "http://public.example/a.jpg")]
    assert net.asked == ["127.0.0.1"]  # the name is the proxy's to resolve
    for host in ("127.0.0.1", "127.1", "localhost", "[::1]", "169.254.169.254"):
        with pytest.raises(FetchError, match="expected a public address"):
            fetch(f"http://{host}/a.jpg", limits)
    assert len(net.outside) == 1


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        (["inside.example"], "http://inside.example:PORT/", True),
        (["INSIDE.example"], "http://inside.EXAMPLE.:PORT/", True),
        ([".example"], "http://inside.example:PORT/", True),
        (["127.0.0.0/8"], "http://inside.example:PORT/", True),
        (["127.0.0.1"], "http://2130706433:PORT/", True),
        (["127.0.0.1"], "http://[::ffff:127.0.0.1]:PORT/", True),
        (["other.example"], "http://inside.example:PORT/", False),
        (["side.example"], "http://inside.example:PORT/", False),
        (["10.0.0.0/8"], "http://inside.example:PORT/", False),
        (["metadata.example"], "http://metadata.example/", False),
        (["example"], "http://inside.example:PORT/", False),
    ],
)
def test_hosts_of_ones_own(net: Net, hosts: list[str], url: str, allowed: bool) -> None:
    stock(net)
    net.names["inside.EXAMPLE."] = net.names["inside.example."] = [["127.0.0.1"]]
    with pytest.raises(FetchError, match="broke" if allowed else "expected a public address"):
        fetch(url.replace("PORT", str(net.port)), Limits(seconds=2, allow_hosts=hosts))  # type: ignore[arg-type]
    assert bool(net.reached) == allowed


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1", "100.100.100.200"])
def test_some_are_not_private_but_forbidden(net: Net, host: str) -> None:
    with pytest.raises(FetchError, match=r"its network in Limits.allow_hosts allows it"):
        fetch(f"http://{host}/", Limits(seconds=1, allow_private=True))
    assert net.dialled == []


def test_a_library_refuses_too(net: Net, tmp_path: Any) -> None:
    with closing(Library(tmp_path / "lib")) as library:
        added = library.add([f"http://127.0.0.1:{net.port}/a.jpg"])
        assert added.failed == 1
        assert net.reached == []
        library.add([f"http://127.0.0.1:{net.port}/b.jpg"], limits=Limits(seconds=2, allow_private=True))
    assert net.reached


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", PUBLIC, "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_pass(address: str) -> None:
    assert why_refused(ip_address(address)) is None


def test_limits_take_a_list_of_hosts_but_no_text() -> None:
    assert hash(Limits(allow_hosts=["a"])) == hash(Limits(allow_hosts=("a",)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a list of hosts"):
        Limits(allow_hosts="a.example")  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [["hash"], ["scan"], ["similar", "--on", "phash"], ["library", "add", "lib"]])
def test_the_command_line_refuses_and_says_what_allows(
    net: Net, tmp_path: Any, monkeypatch: Any, words: list[str]
) -> None:
    from commands import run

    monkeypatch.chdir(tmp_path)
    url = f"http://127.1:{net.port}/a.jpg"
    names = [url, "."] if "similar" in words else [url]
    result = run(*words, *names)
    assert result.status == 2
    assert "--allow-private, or --allow-host" in result.err
    assert net.reached == []
    # A library remembers what could not be read.
    again = ["--retry"] if "add" in words else []
    assert "broke" in run(*words, *names, "--allow-private", *again).err
    assert net.reached
