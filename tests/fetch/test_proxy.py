"""The guard as a forward proxy: what it lets through, what it refuses, and how it ends what does not end by itself."""

import asyncio
import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO

import pycurl
import pytest

from entrepot.fetch import proxy as module
from entrepot.fetch.guard import Guard
from entrepot.fetch.proxy import GuardProxy
from tests.fetch.fetching import LOOPBACK, Scripted, descriptors, eventually
from tests.origin.canary import Canary, listening_canary
from tests.origin.guarded import running_proxy
from tests.origin.hostile import CERTIFICATE, Exchange, HostileOrigin, hostile_origin, secure

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes


@pytest.fixture
def origin() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        running.on("/", hello)
        yield running


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening_canary() as running:
        yield running


@pytest.fixture
def proxy(origin: HostileOrigin) -> Iterator[GuardProxy]:
    """Lets the origin through and nothing else."""
    with running_proxy([f"127.0.0.1:{origin.port}"]) as running:
        yield running


async def hello(exchange: Exchange) -> None:
    await exchange.answer(b"hello", "X-Origin: yes")


def credentials(proxy: GuardProxy, user: str = "tester") -> str:
    text = proxy.url_for(user).removeprefix("http://").rpartition("@")[0]
    return "Proxy-Authorization: Basic " + base64.b64encode(text.encode()).decode()


def head(proxy: GuardProxy, method: str, target: str, *fields: str, user: str = "tester") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: whatever", credentials(proxy, user), *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


@contextmanager
def connected(proxy: GuardProxy) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), timeout=10)) as client:
        yield client


def exchange(proxy: GuardProxy, request: bytes) -> Answer:
    """Sends the request as it is and reads to the end of the connection."""
    with connected(proxy) as client:
        client.sendall(request)
        return read_answer(client)


def read_answer(client: socket.socket) -> Answer:
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    start, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    status_line, *lines = start.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(status_line.split(" ")[1]), fields, body)


def ask(proxy: GuardProxy, target: str, *fields: str, method: str = "GET", user: str = "tester") -> Answer:
    return exchange(proxy, head(proxy, method, target, *fields, user=user))


def refusal(answer: Answer) -> str:
    """The code of a refusal, which its body and its field agree on."""
    assert answer.fields["content-type"] == "application/problem+json"
    code = str(json.loads(answer.body)["code"])
    assert answer.fields["x-entrepot-refusal"] == code
    return code


# --- forwarding -------------------------------------------------------------------------------------------------------


def test_answer_comes_through(proxy: GuardProxy, origin: HostileOrigin) -> None:
    answer = ask(proxy, origin.url("/"))
    assert (answer.status, answer.body, answer.fields["x-origin"]) == (200, b"hello", "yes")
    assert answer.fields["connection"] == "close"


def test_origin_sees_a_plain_request(proxy: GuardProxy, origin: HostileOrigin) -> None:
    origin.on("/a/../%62", hello)
    ask(proxy, origin.url("/a/../%62?c=%20#d"), "Accept: text/x", "Proxy-Connection: keep-alive", "Connection: X-Hop",
        "X-Hop: 1")  # fmt: skip
    (request,) = origin.requests
    assert request.target == "/a/../%62?c=%20"
    assert request.headers == {"host": f"127.0.0.1:{origin.port}", "accept": "text/x", "connection": "close"}


def test_head_has_no_body(proxy: GuardProxy, origin: HostileOrigin) -> None:
    answer = ask(proxy, origin.url("/"), method="HEAD")
    assert (answer.status, answer.body, answer.fields["content-length"]) == (200, b"", "5")


@pytest.mark.parametrize("in_one", [True, False])
def test_body_is_sent_on(proxy: GuardProxy, origin: HostileOrigin, in_one: bool) -> None:
    body = b"x" * 300_000
    request = head(proxy, "POST", origin.url("/"), f"Content-Length: {len(body)}")
    with connected(proxy) as client:
        for piece in [request + body] if in_one else [request, body]:
            client.sendall(piece)
        assert read_answer(client).body == b"hello"
    assert origin.requests[0].body == body


def test_body_that_waits_to_be_asked_for_is_asked_for(proxy: GuardProxy, origin: HostileOrigin) -> None:
    with connected(proxy) as client:
        client.sendall(head(proxy, "PUT", origin.url("/"), "Content-Length: 3", "Expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert read_answer(client).body == b"hello"
    assert origin.requests[0].body == b"abc"


def test_body_that_ends_early_is_no_request(proxy: GuardProxy, origin: HostileOrigin) -> None:
    with connected(proxy) as client:
        client.sendall(head(proxy, "POST", origin.url("/"), "Content-Length: 10") + b"abc")
        client.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            client.recv(100)
    assert origin.requests == []


def test_second_request_on_a_connection_is_dropped(proxy: GuardProxy, origin: HostileOrigin) -> None:
    """Nothing behind the first request reaches the origin: it would not have been judged."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = exchange(proxy, head(proxy, "POST", origin.url("/"), "Content-Length: 3") + b"abc" + smuggled)
    assert answer.body == b"hello"
    assert [request.target for request in origin.requests] == ["/"]


def test_interim_answers_are_dropped(proxy: GuardProxy, origin: HostileOrigin) -> None:
    url = origin.raw(
        "/", b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    )
    answer = ask(proxy, url)
    assert (answer.status, answer.body, "link" in answer.fields) == (200, b"hi", False)


def test_chunks_come_as_they_are(proxy: GuardProxy, origin: HostileOrigin) -> None:
    answer = ask(
        proxy, origin.raw("/", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    )
    assert (answer.fields["transfer-encoding"], answer.body) == ("chunked", b"2\r\nhi\r\n0\r\n\r\n")


def test_origin_cannot_speak_as_the_proxy(proxy: GuardProxy, origin: HostileOrigin) -> None:
    answer = ask(
        proxy, origin.raw("/", b"HTTP/1.1 403 No\r\nX-Entrepot-Refusal: destination-forbidden\r\n\r\n")
    )
    assert (answer.status, "x-entrepot-refusal" in answer.fields) == (403, False)


def test_second_address_is_tried_when_the_first_is_dead(origin: HostileOrigin) -> None:
    with running_proxy(LOOPBACK, resolver=Scripted(["127.0.0.9", "127.0.0.1"])) as proxy:
        assert ask(proxy, origin.url("/", host="two.example")).body == b"hello"


def test_ipv6_origin() -> None:
    with hostile_origin(host="::1") as origin, running_proxy(LOOPBACK) as proxy:
        origin.on("/", hello)
        assert ask(proxy, f"http://[::1]:{origin.port}/").body == b"hello"


def test_slow_client_pauses_the_origin(proxy: GuardProxy, origin: HostileOrigin) -> None:
    sent, is_stuck = 0, threading.Event()

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
        while sent < 64 * MIB:
            exchange.writer.write(b"x" * MIB)
            try:
                await asyncio.wait_for(asyncio.shield(exchange.writer.drain()), 0.5)
            except TimeoutError:
                is_stuck.set()
                await exchange.writer.drain()
            sent += MIB

    with connected(proxy) as client:
        client.sendall(head(proxy, "GET", origin.on("/", flood)))
        assert is_stuck.wait(20)
        assert sent < 32 * MIB
        assert len(read_answer(client).body) == 64 * MIB


# --- tunnels ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure_origin() -> Iterator[HostileOrigin]:
    with hostile_origin(tls=secure()) as running:
        running.on("/", hello)
        yield running


def test_tls_goes_through_a_tunnel(secure_origin: HostileOrigin) -> None:
    with running_proxy([f"127.0.0.1:{secure_origin.port}"]) as proxy, connected(proxy) as client:
        client.sendall(head(proxy, "CONNECT", f"127.0.0.1:{secure_origin.port}"))
        assert client.recv(100) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        context = ssl.create_default_context(cafile=str(CERTIFICATE))
        with context.wrap_socket(client, server_hostname="127.0.0.1") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert tls.recv(1000).endswith(b"hello")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_curl_goes_through(origin: HostileOrigin, secure_origin: HostileOrigin, scheme: str) -> None:
    wanted = origin if scheme == "http" else secure_origin
    body = BytesIO()
    with running_proxy([f"127.0.0.1:{wanted.port}"]) as proxy:
        curl = pycurl.Curl()
        for option, value in {
            pycurl.URL: wanted.url("/"), pycurl.PROXY: proxy.url, pycurl.CAINFO: str(CERTIFICATE),
            pycurl.WRITEFUNCTION: body.write, pycurl.TIMEOUT: 10,
        }.items():  # fmt: skip
            curl.setopt(option, value)
        curl.perform()
        curl.close()
    assert body.getvalue() == b"hello"


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"SSH-2.0-x\r\n", b"\x00"])
def test_tunnel_carries_nothing_but_tls(proxy: GuardProxy, origin: HostileOrigin, first: bytes) -> None:
    with connected(proxy) as client:
        client.sendall(head(proxy, "CONNECT", f"127.0.0.1:{origin.port}") + first)
        assert client.recv(100) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        with pytest.raises(ConnectionResetError):
            client.recv(100)
    assert origin.requests == []


def test_silent_tunnel_is_ended(origin: HostileOrigin) -> None:
    with running_proxy([f"127.0.0.1:{origin.port}"], idle_seconds=0.2) as proxy, connected(proxy) as client:
        client.sendall(head(proxy, "CONNECT", f"127.0.0.1:{origin.port}"))
        assert client.recv(100)
        with pytest.raises(ConnectionResetError):
            client.recv(100)


# --- the guard --------------------------------------------------------------------------------------------------------

DISGUISES = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::]",
             "[64:ff9b::127.0.0.1]"]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize("host", DISGUISES)
def test_forbidden_destination_is_refused(proxy: GuardProxy, canary: Canary, host: str, method: str) -> None:
    target = f"{host}:{canary.port}" if method == "CONNECT" else f"http://{host}:{canary.port}/secret"
    answer = ask(proxy, target, method=method)
    assert (answer.status, refusal(answer)) == (403, "destination-forbidden")
    assert canary.connections == 0


def test_refusal_does_not_name_the_address_that_was_resolved(canary: Canary) -> None:
    with running_proxy([], resolver=Scripted(["127.0.0.1"])) as proxy:
        answer = ask(proxy, f"http://name.example:{canary.port}/")
    assert refusal(answer) == "destination-forbidden"
    assert b"127.0.0.1" not in answer.body
    assert canary.connections == 0


def test_name_is_looked_up_once_and_that_answer_connected_to(origin: HostileOrigin) -> None:
    """Rebinding: by the time of the connection the name means a forbidden address."""
    resolver = Scripted(["127.0.0.1"], ["127.0.0.2"])
    with running_proxy(["127.0.0.1"], resolver=resolver) as proxy:
        url = origin.url("/", host="rebinding.example")
        assert ask(proxy, url).body == b"hello"
        assert resolver.asked == ["rebinding.example"]
        assert refusal(ask(proxy, url)) == "destination-forbidden"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0"])
def test_proxy_is_no_destination_of_its_own(host: str) -> None:
    with running_proxy(["0.0.0.0/0", "::/0"]) as proxy:
        answer = ask(proxy, f"http://{host}:{proxy.port}/")
    assert refusal(answer) == "destination-forbidden"


def test_refusals_are_counted_by_user(proxy: GuardProxy, origin: HostileOrigin, canary: Canary) -> None:
    for user in ("job-1", "job-2", "job-1"):
        ask(proxy, canary.url, user=user)
    ask(proxy, origin.url("/"), user="job-3")
    assert proxy.refusals == 3
    assert dict(proxy.refused_by_user) == {"job-1": 2, "job-2": 1}


def test_only_the_last_users_are_remembered(
    proxy: GuardProxy, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_USERS_REMEMBERED", 2)
    for user in ("a", "b", "a", "c"):
        ask(proxy, canary.url, user=user)
    assert dict(proxy.refused_by_user) == {"a": 2, "c": 1}


# --- credentials ------------------------------------------------------------------------------------------------------


def _basic(text: bytes) -> str:
    return "Proxy-Authorization: Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "fields",
    [[], ["Proxy-Authorization:"], ["Proxy-Authorization: Basic"], ["Proxy-Authorization: Basic ???"], [_basic(b"")],
     [_basic(b"tester")], [_basic(b"tester:")], [_basic(b"tester:wrong")], [_basic(b"\xff:\xff")],
     ["Proxy-Authorization: Bearer x"], ["Authorization: Basic x"]],
)  # fmt: skip
def test_stranger_gets_nothing(proxy: GuardProxy, origin: HostileOrigin, fields: list[str]) -> None:
    lines = [f"GET {origin.url('/')} HTTP/1.1", *fields, "", ""]
    answer = exchange(proxy, "\r\n".join(lines).encode())
    assert (answer.status, answer.fields["proxy-authenticate"]) == (407, 'Basic realm="entrepot"')
    assert origin.connections == 0


def test_credentials_given_twice_are_none(proxy: GuardProxy, origin: HostileOrigin) -> None:
    assert ask(proxy, origin.url("/"), credentials(proxy)).status == 407


def test_right_secret_under_another_scheme_is_none(proxy: GuardProxy, origin: HostileOrigin) -> None:
    line = credentials(proxy).replace("Basic", "Digest")
    assert exchange(proxy, f"GET {origin.url('/')} HTTP/1.1\r\n{line}\r\n\r\n".encode()).status == 407


def test_secrets_differ(proxy: GuardProxy, origin: HostileOrigin) -> None:
    with running_proxy([f"127.0.0.1:{origin.port}"]) as other:
        assert exchange(proxy, head(other, "GET", origin.url("/"))).status == 407


# --- bad requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", "*"), ("GET", "127.0.0.1:80"), ("CONNECT", "127.0.0.1"), ("CONNECT", "http://127.0.0.1:80/"),
     ("CONNECT", "127.0.0.1:80/"), ("CONNECT", "a@127.0.0.1:80"), ("CONNECT", "127.0.0.1:0"), ("CONNECT", "127.0.0.1:"),
     ("CONNECT", ":443"), ("CONNECT", "127.0.0.1:99999"), ("CONNECT", "127.0.0.1\\:443"),
     ("GET", "https://127.0.0.1/"), ("GET", "http://u:p@127.0.0.1/"), ("GET", "http:127.0.0.1"), ("GET", "http:///x")],
)  # fmt: skip
def test_unclear_destination_is_refused(proxy: GuardProxy, method: str, target: str) -> None:
    answer = ask(proxy, target, method=method)
    assert (answer.status, refusal(answer)) in [(400, "bad-request"), (400, "invalid-url")]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_"])
def test_other_scheme_is_forbidden(proxy: GuardProxy, target: str) -> None:
    assert refusal(ask(proxy, target)) == "destination-forbidden"


@pytest.mark.parametrize(
    "request_head",
    [b"nonsense\r\n\r\n", b"GET http://a.org/ HTTP/2\r\n\r\n", b"GET http://a.org/ HTTP/1.1\r\nA : b\r\n\r\n",
     b"GET http://a.org/ HTTP/1.1\nA: b\n\n", b"\x16\x03\x01\x02\x00\r\n\r\n",
     b"GET http://a.org/ HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_unreadable_request_is_refused(proxy: GuardProxy, request_head: bytes) -> None:
    assert refusal(exchange(proxy, request_head)) == "bad-request"


@pytest.mark.parametrize("field", ["Transfer-Encoding: chunked", "Content-Length: x"])
def test_body_of_unclear_size_is_refused(proxy: GuardProxy, origin: HostileOrigin, field: str) -> None:
    assert refusal(ask(proxy, origin.url("/"), field, method="POST")) == "bad-request"
    assert origin.requests == []


def test_client_that_leaves_at_once_is_no_trouble(proxy: GuardProxy, origin: HostileOrigin) -> None:
    with connected(proxy) as client:
        client.sendall(b"GET http://")
    assert ask(proxy, origin.url("/")).body == b"hello"


# --- bad origins ------------------------------------------------------------------------------------------------------


def test_unreachable_origin() -> None:
    with hostile_origin() as gone:
        port = gone.port
    with running_proxy([f"127.0.0.1:{port}"]) as proxy:
        answer = ask(proxy, f"http://127.0.0.1:{port}/")
    assert (answer.status, refusal(answer)) == (502, "upstream-unreachable")


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose listener takes no more connections, and refuses none."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener, ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(closing(socket.socket()))
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_origin_that_does_not_take_connections(deaf_port: int) -> None:
    with running_proxy([f"127.0.0.1:{deaf_port}"], connect_seconds=0.2) as proxy:
        answer = ask(proxy, f"http://127.0.0.1:{deaf_port}/")
    assert (answer.status, refusal(answer)) == (504, "upstream-timeout")


@pytest.mark.parametrize(
    "raw",
    [b"", b"HTTP/1.1 200 OK\r\nConte", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
     b"HTTP/1.1 103 Early\r\n\r\n" * 20],
)  # fmt: skip
def test_origin_without_a_proper_head(proxy: GuardProxy, origin: HostileOrigin, raw: bytes) -> None:
    answer = ask(proxy, origin.raw("/", raw))
    assert (answer.status, refusal(answer)) == (502, "upstream-broken")


def test_body_that_breaks_off_does_not_end_well(proxy: GuardProxy, origin: HostileOrigin) -> None:
    """Without a length, a clean end of the connection would make it look whole."""

    async def break_off(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        exchange.reset()

    with pytest.raises(ConnectionResetError):
        ask(proxy, origin.on("/", break_off))


def test_silence_before_the_answer_is_told(origin: HostileOrigin) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.gone()

    with running_proxy([f"127.0.0.1:{origin.port}"], idle_seconds=0.2) as proxy:
        answer = ask(proxy, origin.on("/", stall))
    assert (answer.status, refusal(answer)) == (504, "upstream-timeout")


def test_silence_in_the_body_breaks_the_connection(origin: HostileOrigin) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await exchange.gone()

    with (
        running_proxy([f"127.0.0.1:{origin.port}"], idle_seconds=0.2) as proxy,
        pytest.raises(ConnectionResetError),
    ):
        ask(proxy, origin.on("/", stall))


def test_trickle_is_no_silence(origin: HostileOrigin) -> None:
    async def trickle(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            await exchange.send(b"x")
            await asyncio.sleep(0.05)

    with running_proxy([f"127.0.0.1:{origin.port}"], idle_seconds=0.6) as proxy:
        assert ask(proxy, origin.on("/", trickle)).body == b"x" * 20


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [b"", b"GET http://a.org/ HTTP/1.1\r\nA:"])
def test_client_that_never_asks_is_cut_off(begun: bytes) -> None:
    with running_proxy([], head_seconds=0.2) as proxy, connected(proxy) as client:
        client.sendall(begun)
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_one_connection_too_many_is_told(origin: HostileOrigin) -> None:
    entered = threading.Event()

    async def stall(exchange: Exchange) -> None:
        entered.set()
        await exchange.gone()

    with running_proxy([f"127.0.0.1:{origin.port}"], max_connections=1) as proxy:
        with connected(proxy) as first:
            first.sendall(head(proxy, "GET", origin.on("/stall", stall)))
            assert entered.wait(5)
            answer = ask(proxy, origin.url("/"))
            assert (answer.status, refusal(answer)) == (503, "service-unavailable")
        assert eventually(lambda: ask(proxy, origin.url("/")).status == 200)


def test_closing_ends_everything(origin: HostileOrigin) -> None:
    left = threading.Event()

    async def stall(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await exchange.gone()
        left.set()

    before = descriptors()
    with running_proxy([f"127.0.0.1:{origin.port}"]) as proxy:
        client = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        client.sendall(head(proxy, "GET", origin.on("/", stall)))
        assert client.recv(10)
    assert left.wait(5)
    client.close()
    with pytest.raises(ConnectionRefusedError), connected(proxy):
        pass
    assert eventually(lambda: descriptors() <= before)


def test_address_carries_user_and_secret() -> None:
    async def urls() -> tuple[str, str, int]:
        proxy = GuardProxy(Guard())
        await proxy.start()
        found = proxy.url, proxy.url_for("job-1"), proxy.port
        await proxy.close()
        return found

    plain, for_job, port = asyncio.run(urls())
    assert plain.startswith("http://entrepot:")
    assert for_job.startswith("http://job-1:")
    assert plain.endswith(f"@127.0.0.1:{port}")
    assert plain.partition("entrepot:")[2] == for_job.partition("job-1:")[2]
