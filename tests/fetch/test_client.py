"""The client's own rules: redirects, credentials, the guard at every hop, content codings, and the environment's indifference."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import brotli  # type: ignore[import-untyped]  # the package ships no types
import pytest
import uvloop

from entrepot.errors import (
    BadInput,
    ContentTooLarge,
    DestinationForbidden,
    InvalidURL,
    RedirectLoop,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailure,
    UpstreamNotFound,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.client import FetchClient, FetchRequest, raise_for_status
from entrepot.fetch.guard import Guard
from entrepot.fetch.transfer import Transfer
from entrepot.fetch.url import parse_url
from tests.fetch.fetching import LOOPBACK, Scripted, fetch, fetch_with, limits, with_client
from tests.origin.hostile import (
    CERTIFICATE,
    Exchange,
    Handler,
    HostileOrigin,
    Request,
    hostile_origin,
    secure,
)


@pytest.fixture
def origin() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        yield running


@pytest.fixture
def other() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        yield running


def redirect(location: str, status: int = 302) -> Handler:
    return lambda exchange: exchange.answer(b"moved", f"Location: {location}", status=f"{status} Moved")


async def hello(exchange: Exchange) -> None:
    await exchange.answer(b"hello", "Content-Type: text/plain")


# --- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["/there", "there", "//{authority}/there", "http://{authority}/there#part"]
)
def test_redirect_is_followed(origin: HostileOrigin, status: int, location: str) -> None:
    origin.on("/there", hello)
    url = origin.on("/here", redirect(location.format(authority=f"127.0.0.1:{origin.port}"), status))
    fetched = fetch(url)
    assert (fetched.status, fetched.body, fetched.url) == (200, b"hello", origin.url("/there"))


@pytest.mark.parametrize("status", [201, 300, 304, 305, 306])
def test_other_locations_are_not_followed(origin: HostileOrigin, status: int) -> None:
    fetched = fetch(origin.on("/here", redirect("/there", status)))
    assert (fetched.status, len(origin.requests)) == (status, 1)


def test_redirect_without_a_place_is_an_answer(origin: HostileOrigin) -> None:
    assert fetch(origin.raw("/", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")).status == 302


def test_redirect_to_two_places_is_refused(origin: HostileOrigin) -> None:
    with pytest.raises(UpstreamBroken):
        fetch(
            origin.raw(
                "/", b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
            )
        )


def _onward(exchange: Exchange) -> str:
    """The next place of a journey without end."""
    return f"/?{int(exchange.request.target.partition('?')[2] or 0) + 1}"


def test_redirects_without_end_are_given_up(origin: HostileOrigin) -> None:
    url = origin.on("/", lambda exchange: redirect(_onward(exchange))(exchange))
    with pytest.raises(TooManyRedirects) as caught:
        fetch(url, limits(max_redirects=4))
    assert caught.value.code == "too-many-redirects"
    assert len(origin.requests) == 5
    assert len({request.connection for request in origin.requests}) == 1


@pytest.mark.parametrize("circle", [["/"], ["/", "/a"], ["/", "/a", "/b"]], ids=len)
def test_redirects_in_a_circle_are_found(origin: HostileOrigin, circle: list[str]) -> None:
    for here, there in zip(circle, circle[1:] + circle[:1], strict=True):
        origin.on(here, redirect(there))
    with pytest.raises(RedirectLoop):
        fetch(origin.url("/"))
    assert len(origin.requests) == len(circle)


def test_redirect_is_the_answer_where_none_is_to_be_followed(origin: HostileOrigin) -> None:
    fetched = fetch(origin.on("/", redirect("/there")), may_redirect=False)
    assert (fetched.status, fetched.headers["Location"], fetched.body) == (302, "/there", b"moved")


def test_redirects_share_one_total_time(origin: HostileOrigin) -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.1)
        await redirect(_onward(exchange))(exchange)

    with pytest.raises(UpstreamTimeout):
        fetch(origin.on("/", slow), limits(total_seconds=0.35, max_redirects=1000))
    assert len(origin.requests) < 6


@pytest.mark.parametrize(
    ("method", "status", "following"),
    [("POST", 301, "GET"), ("POST", 302, "GET"), ("POST", 303, "GET"), ("PUT", 303, "GET"), ("POST", 307, "POST"),
     ("POST", 308, "POST"), ("PUT", 302, "PUT"), ("HEAD", 303, "HEAD")],
)  # fmt: skip
def test_method_after_a_redirect(origin: HostileOrigin, method: str, status: int, following: str) -> None:
    origin.on("/there", hello)
    body = None if method == "HEAD" else b"abc"
    fetch(
        origin.on("/", redirect("/there", status)),
        method=method,
        body=body,
        headers={"Content-Type": "text/plain"},
    )
    last = origin.requests[-1]
    assert last.method == following
    assert last.body == (b"" if following in ("GET", "HEAD") else b"abc")
    assert ("content-type" in last.headers) == (following != "GET")


# --- credentials ------------------------------------------------------------------------------------------------------

SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "session=s3cret", "X-API-Key": "s3cret", "X-Anything": "s3cret",
           "Referer": "http://a.example/?s3cret"}  # fmt: skip


def _secrets_in(request: Request) -> set[str]:
    return {name for name, value in request.headers.items() if "s3cret" in value}


def test_credentials_stay_with_their_origin(origin: HostileOrigin, other: HostileOrigin) -> None:
    """Same origin: kept. Another port is another origin: dropped, and not sent again on the way back."""
    origin.on("/a", redirect("/b"))
    origin.on("/b", redirect(other.url("/c")))
    other.on("/c", redirect(origin.url("/d")))
    origin.on("/d", hello)
    fetch(origin.url("/a"), headers={**SECRETS, "Range": "bytes=0-", "Accept-Language": "eo"})
    a, b, d = origin.requests
    (c,) = other.requests
    assert _secrets_in(a) == _secrets_in(b) == {name.lower() for name in SECRETS}
    assert _secrets_in(c) == _secrets_in(d) == set()
    assert (c.headers["range"], c.headers["accept-language"]) == ("bytes=0-", "eo")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "x"}, {"Content-Length": "5"}, {"transfer-encoding": "chunked"}, {"Proxy-Authorization": "x"},
     {"Connection": "close"}, {"X": "a\r\nHost: b"}, {"X": "a\nb"}, {"X: y\r\nZ": "a"}, {"": "a"}, {"X": "a\0b"},
     {"X": "snow \u2603"}, {"Accept-Encoding": "zstd"}],
)  # fmt: skip
def test_headers_that_callers_may_not_set(origin: HostileOrigin, headers: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        fetch(origin.on("/", hello), headers=headers)
    assert origin.requests == []


def test_unknown_method_is_refused(origin: HostileOrigin) -> None:
    with pytest.raises(BadInput):
        fetch(origin.on("/", hello), method="GET / HTTP/1.1\r\nX: y\r\n\r\n")


def test_what_is_sent(origin: HostileOrigin) -> None:
    fetch(origin.on("/a", hello) + "?b=%20c", headers={"X-Empty": "", "X-Latin": "caf\xe9"})
    (request,) = origin.requests
    assert (request.method, request.target) == ("GET", "/a?b=%20c")
    assert request.headers == {
        "host": f"127.0.0.1:{origin.port}",
        "user-agent": "entrepot-tests",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate, br, zstd",
        "x-empty": "",
        "x-latin": "caf\xe9",
    }


def test_caller_may_name_its_own_user_agent(origin: HostileOrigin) -> None:
    fetch(origin.on("/", hello), headers={"user-agent": "mine"})
    assert origin.requests[0].headers["user-agent"] == "mine"


# --- the guard --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_redirect_to_loopback_is_refused(origin: HostileOrigin, other: HostileOrigin, host: str) -> None:
    """`other` is the canary: the guard allows the first origin's port and nothing else."""
    guard = Guard(allow=[f"127.0.0.1:{origin.port}"])
    url = origin.on("/", redirect(f"http://{host}:{other.port}/"))
    with pytest.raises(DestinationForbidden) as caught:
        fetch(url, guard=guard)
    assert other.connections == 0
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x", "data:,x"]
)
def test_redirect_to_another_scheme_is_refused(origin: HostileOrigin, location: str) -> None:
    with pytest.raises(DestinationForbidden):
        fetch(origin.on("/", redirect(location)))


@pytest.mark.parametrize(
    "location", ["http://user:pw@127.0.0.1/", "http://", "http:\\\\127.0.0.1", "http://[::1"]
)
def test_redirect_to_an_invalid_url_is_refused(origin: HostileOrigin, location: str) -> None:
    with pytest.raises(InvalidURL):
        fetch(origin.on("/", redirect(location)))


def test_name_that_comes_to_mean_another_address_is_not_followed_there(origin: HostileOrigin) -> None:
    """Rebinding: the connection that was kept from the first look-up is not used for the second, nor a new one made."""
    guard = Guard(
        allow=[f"127.0.0.1:{origin.port}"], ports=["1-65535"], resolver=Scripted(["127.0.0.1"], ["127.0.0.2"])
    )
    url = origin.url("/", host="rebinding.example")
    origin.on("/", hello)

    async def twice(client: FetchClient) -> None:
        assert (await fetch_with(client, url)).body == b"hello"
        with pytest.raises(DestinationForbidden):
            await fetch_with(client, url)

    with_client(twice, guard)
    assert len(origin.requests) == 1


def test_connection_goes_to_the_address_that_was_judged(origin: HostileOrigin) -> None:
    """Rebinding: whatever the name means a moment later, it is looked up once, and that answer is connected to."""
    resolver = Scripted(["127.0.0.1"], ["127.0.0.2"])
    guard = Guard(allow=LOOPBACK, resolver=resolver)
    origin.on("/", hello)
    assert fetch(origin.url("/", host="rebinding.example"), guard=guard).body == b"hello"
    assert resolver.asked == ["rebinding.example"]


def test_redirect_to_the_same_name_is_looked_up_and_judged_again(origin: HostileOrigin) -> None:
    resolver = Scripted(["127.0.0.1"], ["127.0.0.2"])
    guard = Guard(allow=[f"127.0.0.1:{origin.port}"], resolver=resolver)
    origin.on("/", redirect("/there"))
    with pytest.raises(DestinationForbidden):
        fetch(origin.url("/", host="rebinding.example"), guard=guard)
    assert resolver.asked == ["rebinding.example"] * 2
    assert [request.target for request in origin.requests] == ["/"]


def test_one_forbidden_answer_among_good_ones_refuses_the_name(origin: HostileOrigin) -> None:
    guard = Guard(allow=["127.0.0.1"], resolver=Scripted(["127.0.0.1", "127.0.0.2"]))
    with pytest.raises(DestinationForbidden):
        fetch(origin.url("/", host="mixed.example"), guard=guard)
    assert origin.connections == 0


def test_kept_connection_serves_only_the_addresses_of_this_look_up() -> None:
    """A name moves from one admitted address to another: the next request goes to the new one, at once."""
    with hostile_origin() as first:
        second_hits: list[str] = []
        guard = Guard(allow=LOOPBACK, resolver=Scripted(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]))
        url = first.url("/", host="moving.example")
        first.on("/", hello)

        async def thrice(client: FetchClient) -> None:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                second_hits.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecond")
                writer.close()

            server = await asyncio.start_server(serve, "127.0.0.2", first.port)
            assert [(await fetch_with(client, url)).body for _ in range(3)] == [b"hello", b"hello", b"second"]
            server.close()

        with_client(thrice, guard)
        assert [request.connection for request in first.requests] == [1, 1]
        assert f"Host: moving.example:{first.port}" in second_hits[0]


def test_kept_connection_that_the_origin_has_closed_is_replaced(origin: HostileOrigin) -> None:
    url = origin.raw("/", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")  # closed without a word

    async def thrice(client: FetchClient) -> list[bytes]:
        return [(await fetch_with(client, url)).body for _ in range(3)]

    assert with_client(thrice) == [b"hello"] * 3
    assert len(origin.requests) == 3


def test_guard_is_asked_again_when_a_kept_connection_is_used(origin: HostileOrigin) -> None:
    guard = Guard(allow=LOOPBACK)
    judged: list[tuple[str, str, int]] = []
    original = guard.judge

    def judge(host: str, address: str, port: int) -> None:
        judged.append((host, address, port))
        if len(judged) > 5:
            raise DestinationForbidden
        original(host, address, port)

    guard.judge = judge  # type: ignore[method-assign]  # listens in on the real one
    url = origin.on("/", hello)

    async def until_refused(client: FetchClient) -> None:
        await fetch_with(client, url)  # judged at admission, at the socket, and before the request
        await fetch_with(client, url)  # at admission, and before the request over the kept connection
        with pytest.raises(DestinationForbidden):
            await fetch_with(client, url)

    with_client(until_refused, guard)
    assert len(origin.requests) == 2
    assert set(judged) == {("127.0.0.1", "127.0.0.1", origin.port)}


@pytest.mark.parametrize("allowed_times", [1, 2])
def test_guard_has_the_last_word_on_a_connection(origin: HostileOrigin, allowed_times: int) -> None:
    """It is asked at admission, then when the socket is opened, then before anything is sent."""
    guard = Guard(allow=LOOPBACK)
    original, times = guard.judge, 0

    def judge(host: str, address: str, port: int) -> None:
        nonlocal times
        times += 1
        if times > allowed_times:
            raise DestinationForbidden
        original(host, address, port)

    guard.judge = judge  # type: ignore[method-assign]  # the real one, which changes its mind
    with pytest.raises(DestinationForbidden):
        fetch(origin.on("/", hello), guard=guard)
    assert origin.requests == []
    assert origin.connections < allowed_times  # the origin may not have noticed yet


def test_kept_connection_is_not_used_when_the_guard_has_changed_its_mind(origin: HostileOrigin) -> None:
    guard = Guard(allow=LOOPBACK)
    original, times = guard.judge, 0

    def judge(host: str, address: str, port: int) -> None:
        nonlocal times
        times += 1
        if times == 5:  # three for the first request; the admission of the second; its connection
            raise DestinationForbidden
        original(host, address, port)

    guard.judge = judge  # type: ignore[method-assign]  # the real one, which changes its mind
    url = origin.on("/", hello)

    async def twice(client: FetchClient) -> None:
        await fetch_with(client, url)
        with pytest.raises(DestinationForbidden):
            await fetch_with(client, url)

    with_client(twice, guard)
    assert len(origin.requests) == 1


def test_socket_is_opened_to_admitted_addresses_only(
    origin: HostileOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if libcurl were led elsewhere, here by its own look-up, and the guard would allow that as well."""
    monkeypatch.setattr(Transfer, "_where_to_connect", lambda _transfer: {})
    guard = Guard(allow=["localhost", *LOOPBACK], resolver=Scripted(["127.0.0.2"]))
    with pytest.raises(DestinationForbidden):
        fetch(origin.url("/", host="localhost"), guard=guard)
    assert origin.connections == 0


def test_second_address_is_tried_when_the_first_is_dead(origin: HostileOrigin) -> None:
    guard = Guard(allow=LOOPBACK, resolver=Scripted(["127.0.0.9", "127.0.0.1"]))
    origin.on("/", hello)
    assert fetch(origin.url("/", host="two.example"), guard=guard).body == b"hello"


def test_slow_look_up_counts_towards_the_total_time() -> None:
    class Never:
        async def resolve(self, host: str) -> Sequence[str]:  # noqa: ARG002 - the protocol's
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(UpstreamTimeout):
        fetch("http://slow.example/", limits(total_seconds=0.1), guard=Guard(resolver=Never()))


def test_environment_is_ignored(
    origin: HostileOrigin, other: HostileOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.url("/"))
    assert fetch(origin.on("/", hello)).body == b"hello"
    assert other.connections == 0


def baking(cookie: str, location: str) -> Handler:
    return lambda exchange: exchange.answer(
        b"", f"Set-Cookie: {cookie}", f"Location: {location}", status="302 Found"
    )


def test_cookie_of_a_redirect_goes_to_the_next_hop(origin: HostileOrigin) -> None:
    origin.on("/there", hello)
    fetch(
        origin.on("/", baking("seen=yes; Path=/; HttpOnly", "/there")), headers={"cookie": "mine=1; seen=no"}
    )
    assert origin.requests[0].headers["cookie"] == "mine=1; seen=no"
    assert origin.requests[1].headers["cookie"] == "mine=1; seen=yes"


def test_page_that_redirects_to_itself_until_it_has_its_cookie_is_read(origin: HostileOrigin) -> None:
    async def wall(exchange: Exchange) -> None:
        await (hello if "cookie" in exchange.request.headers else baking("seen=yes", "/"))(exchange)

    assert fetch(origin.on("/", wall)).body == b"hello"


def test_cookie_is_forgotten_with_its_request(origin: HostileOrigin) -> None:
    origin.on("/there", hello)
    url = origin.on("/", baking("seen=yes", "/there"))

    async def twice(client: FetchClient) -> None:
        await fetch_with(client, url)
        await fetch_with(client, url)

    with_client(twice)
    assert ["cookie" in request.headers for request in origin.requests] == [False, True, False, True]


def test_cookie_does_not_go_to_another_host(origin: HostileOrigin) -> None:
    guard = Guard(allow=LOOPBACK, resolver=Scripted(["127.0.0.1"]))
    origin.on("/there", hello)
    origin.on("/", baking("seen=yes; Domain=b.example", origin.url("/there", host="b.example")))
    fetch(origin.url("/", host="a.example"), guard=guard)
    assert "cookie" not in origin.requests[1].headers


# --- content codings --------------------------------------------------------------------------------------------------


def coded(body: bytes, coding: str, content_type: str = "text/html") -> Handler:
    return lambda exchange: exchange.answer(
        body, f"Content-Encoding: {coding}", f"Content-Type: {content_type}"
    )


@pytest.mark.parametrize(
    ("body", "coding"),
    [(gzip.compress(b"hello"), "gzip"), (gzip.compress(b"hello"), "X-GZip"), (brotli.compress(b"hello"), "br"),
     (brotli.compress(gzip.compress(b"hello")), "gzip, br"), (b"hello", "identity"), (b"hello", "utf-8")],
)  # fmt: skip
def test_coded_body_is_decoded(origin: HostileOrigin, body: bytes, coding: str) -> None:
    assert fetch(origin.on("/", coded(body, coding))).body == b"hello"


@pytest.mark.parametrize(
    ("body", "coding"),
    [(gzip.compress(b"hello" * 99)[:-4], "gzip"), (brotli.compress(b"hello" * 99)[:-1], "br")],
)
def test_cut_coding_is_an_error_although_the_length_is_right(
    origin: HostileOrigin, body: bytes, coding: str
) -> None:
    with pytest.raises(UpstreamBroken):
        fetch(origin.on("/", coded(body, coding)))


@pytest.mark.parametrize("coding", ["dcz", "compress", "gzip, gzip, gzip"])
def test_coding_that_cannot_be_undone_is_refused(origin: HostileOrigin, coding: str) -> None:
    with pytest.raises(UpstreamFailure):
        fetch(origin.on("/", coded(b"x", coding)))


def test_identity_is_asked_for_files(origin: HostileOrigin) -> None:
    fetch(origin.on("/", hello), may_compress=False)
    assert origin.requests[0].headers["accept-encoding"] == "identity"


def test_archive_that_is_labelled_as_coded_stays_an_archive(origin: HostileOrigin) -> None:
    archive = gzip.compress(b"hello")
    assert fetch(origin.on("/", coded(archive, "gzip", "application/x-gzip"))).body == archive


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_bomb_is_stopped_at_the_limit(origin: HostileOrigin, coding: str) -> None:
    zeros = bytes(32 * 1024 * 1024)
    bomb = gzip.compress(zeros) if coding == "gzip" else brotli.compress(zeros, quality=5)
    with pytest.raises(ContentTooLarge):
        fetch(origin.on("/", coded(bomb, coding)), limits(max_bytes=1024 * 1024))


def test_packed_bytes_that_unpack_to_nothing_meet_the_limit_too(origin: HostileOrigin) -> None:
    url = origin.on("/", coded(gzip.compress(b"hello") + bytes(2_000_000), "gzip"))
    with pytest.raises(ContentTooLarge):
        fetch(url, limits(max_bytes=1_000_000))


def test_large_page_that_packs_well_is_decoded(origin: HostileOrigin) -> None:
    page = b"<tr><td>0</td></tr>\n" * 150_000
    assert fetch(origin.on("/", coded(brotli.compress(page, quality=4), "br"))).body == page


def test_head_of_a_coded_body_is_no_broken_body(origin: HostileOrigin) -> None:
    fetched = fetch(origin.on("/", coded(gzip.compress(b"x"), "gzip")), method="HEAD")
    assert (fetched.status, fetched.body) == (200, b"")


# --- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(404, UpstreamNotFound, False), (410, UpstreamNotFound, False), (429, UpstreamBusy, True),
     (500, UpstreamBusy, True), (503, UpstreamBusy, True), (401, UpstreamFailure, False),
     (403, UpstreamFailure, False), (304, UpstreamFailure, False), (300, UpstreamFailure, False)],
)  # fmt: skip
def test_status_becomes_an_error(
    origin: HostileOrigin, status: int, kind: type[UpstreamFailure], retryable: bool
) -> None:
    url = origin.on("/", lambda exchange: exchange.answer(b"", "Retry-After: 7", status=f"{status} X"))

    async def check(client: FetchClient) -> UpstreamFailure:
        async with client.stream(FetchRequest(parse_url(url)), limits()) as response:
            with pytest.raises(kind) as caught:
                raise_for_status(response)
        return caught.value

    error = with_client(check)
    assert (type(error), error.retryable, error.extra["upstream_status"]) == (kind, retryable, status)
    assert error.retry_after_seconds == (7 if retryable else None)


def test_success_is_no_error(origin: HostileOrigin) -> None:
    url = origin.on("/", hello)

    async def check(client: FetchClient) -> None:
        async with client.stream(FetchRequest(parse_url(url)), limits()) as response:
            raise_for_status(response)
            assert (response.content_length, response.is_delimited, response.is_decoded) == (5, True, False)

    with_client(check)


# --- where it runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_both_event_loops(origin: HostileOrigin, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    url = origin.on("/", lambda exchange: exchange.answer(b"x" * 5_000_000))

    async def run() -> list[int]:
        client = FetchClient(Guard(allow=LOOPBACK), user_agent="x")
        bodies = await asyncio.gather(*(fetch_with(client, url) for _ in range(8)))
        await client.aclose()
        return [len(fetched.body) for fetched in bodies]

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(run()) == [5_000_000] * 8


FETCH_BEFORE_AND_AFTER_FORK = """
import os, sys
from tests.fetch.fetching import fetch
assert fetch(sys.argv[1]).body == b"hello"
child = os.fork()
if child == 0:
    os._exit(0 if fetch(sys.argv[1]).body == b"hello" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_forked_child_fetches_after_its_parent_has(origin: HostileOrigin) -> None:
    command = [sys.executable, "-c", FETCH_BEFORE_AND_AFTER_FORK, origin.on("/", hello)]
    subprocess.run(command, check=True, timeout=60)
    assert len(origin.requests) == 2


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secure_origin() -> Iterator[HostileOrigin]:
    with hostile_origin(tls=secure()) as running:
        running.on("/", hello)
        yield running


def test_trusted_certificate_is_accepted(secure_origin: HostileOrigin) -> None:
    url = secure_origin.url("/")
    assert with_client(lambda client: fetch_with(client, url), ca_file=CERTIFICATE).body == b"hello"


@pytest.mark.parametrize("host", ["secure.example", "wrong.example"])
def test_certificate_must_be_for_the_host_that_was_named(secure_origin: HostileOrigin, host: str) -> None:
    """Not for the address, nor for the name that leads libcurl there."""
    guard = Guard(allow=LOOPBACK, resolver=Scripted(["127.0.0.1"]))
    url = secure_origin.url("/", host=host)

    async def check(client: FetchClient) -> None:
        if host == "secure.example":
            assert (await fetch_with(client, url)).body == b"hello"
            return
        with pytest.raises(UpstreamFailure, match="certificate") as caught:
            await fetch_with(client, url)
        assert not caught.value.retryable

    with_client(check, guard, ca_file=CERTIFICATE)


def test_unknown_certificate_is_refused(secure_origin: HostileOrigin) -> None:
    with pytest.raises(UpstreamFailure, match="certificate"):
        fetch(secure_origin.url("/"))
    assert secure_origin.requests == []


def test_plain_answer_on_a_secure_address_is_unreachable() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def check(client: FetchClient) -> None:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        with pytest.raises(UpstreamUnreachable):
            await fetch_with(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        server.close()

    with_client(check)


def test_credentials_do_not_leave_tls(secure_origin: HostileOrigin, origin: HostileOrigin) -> None:
    origin.on("/", hello)
    url = secure_origin.on("/down", redirect(origin.url("/")))
    with_client(lambda client: fetch_with(client, url, headers=SECRETS), ca_file=CERTIFICATE)
    assert len(_secrets_in(secure_origin.requests[0])) == len(SECRETS)
    assert _secrets_in(origin.requests[0]) == set()


def test_ipv6_origin() -> None:
    with hostile_origin(host="::1") as origin:
        url = origin.on("/", hello).replace("::1", "[::1]")
        assert fetch(url).body == b"hello"
        assert origin.requests[0].headers["host"] == f"[::1]:{origin.port}"
