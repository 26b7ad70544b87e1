"""The resilient layer: what is tried again and what is not, never past the deadline, and how a host is left alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from entrepot.errors import (
    CircuitOpen,
    DestinationForbidden,
    HostBusy,
    RedirectLoop,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.breakers import LocalBreakers
from entrepot.fetch.circuit import BreakerPolicy, Phase
from entrepot.fetch.client import FetchClient, FetchRequest, Response, raise_for_status
from entrepot.fetch.origins import Origins
from entrepot.fetch.retry import Backoff
from entrepot.fetch.turns import Politeness
from entrepot.fetch.url import parse_url
from tests.fetch.fetching import Fetched, limits, taken, until, with_client
from tests.origin.hostile import Exchange, Handler, HostileOrigin, hostile_origin

T = TypeVar("T")
QUICK = Backoff(attempts=3, base_seconds=0.02, cap_seconds=0.05)


@pytest.fixture
def origin() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        yield running


def with_origins(work: Callable[[Origins], Awaitable[T]], **options: Any) -> T:
    async def run(client: FetchClient) -> T:
        return await work(Origins(client, **{"backoff": QUICK, **options}))

    return with_client(run)


async def read(response: Response) -> Fetched:
    return await taken(response)


async def get(origins: Origins, url: str, *, limit: dict[str, Any] | None = None, **request: Any) -> Fetched:
    return await origins.fetch(FetchRequest(parse_url(url), **request), limits(**(limit or {})), read)


async def hello(exchange: Exchange) -> None:
    await exchange.answer(b"hello")


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def reset_in_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel")
    exchange.reset()


async def malformed(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nhello")


def status(code: int, *fields: str) -> Handler:
    return lambda exchange: exchange.answer(b"no", *fields, status=f"{code} X")


def after(*first: Handler, then: Handler = hello) -> Handler:
    """Answers by each of `first` once, in order, and by `then` for ever."""
    left = list(first)

    async def answer(exchange: Exchange) -> None:
        await (left.pop(0) if left else then)(exchange)

    return answer


# --- trying again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [reset, reset_in_body, status(502), status(503), status(504), status(429)])
def test_what_may_pass_is_tried_again(origin: HostileOrigin, fault: Handler) -> None:
    url = origin.on("/", after(fault, fault))
    assert with_origins(lambda origins: get(origins, url)).body == b"hello"
    assert len(origin.requests) == 3


@pytest.mark.parametrize("fault", [status(400), status(404), status(500), status(501)])
def test_other_answers_are_given_as_they_are(origin: HostileOrigin, fault: Handler) -> None:
    url = origin.on("/", after(fault))
    assert with_origins(lambda origins: get(origins, url)).status >= 400
    assert len(origin.requests) == 1


def test_malformed_answer_is_not_tried_again(origin: HostileOrigin) -> None:
    url = origin.on("/", after(malformed))
    with pytest.raises(UpstreamBroken):
        with_origins(lambda origins: get(origins, url))
    assert len(origin.requests) == 1


def test_last_answer_is_the_callers(origin: HostileOrigin) -> None:
    url = origin.on("/", status(503))
    assert with_origins(lambda origins: get(origins, url)).status == 503
    assert len(origin.requests) == QUICK.attempts


@pytest.mark.parametrize(
    ("method", "times"), [("POST", 1), ("PATCH", 1), ("PUT", 3), ("DELETE", 3), ("HEAD", 3)]
)
def test_only_idempotent_requests_are_sent_again(origin: HostileOrigin, method: str, times: int) -> None:
    url = origin.on("/", after(reset, reset, then=hello))

    async def send(origins: Origins) -> None:
        body = b"x" if method in ("POST", "PATCH", "PUT") else None
        await get(origins, url, method=method, body=body)

    if times == 1:
        with pytest.raises(UpstreamBroken):
            with_origins(send)
    else:
        with_origins(send)
    assert len(origin.requests) == times


def test_connection_that_was_never_made_is_tried_again_whatever_the_method() -> None:
    with hostile_origin() as gone:
        url = gone.url("/")

    async def post(origins: Origins) -> None:
        with pytest.raises(UpstreamUnreachable):
            await get(origins, url, method="POST", body=b"x")
        assert (origins.snapshot().exchanges, origins.snapshot().retries) == (3, 2)

    with_origins(post)


def test_reader_starts_afresh_on_each_try(origin: HostileOrigin) -> None:
    url = origin.on("/", after(reset_in_body))
    begun: list[bytes] = []

    async def gather(response: Response) -> bytes:
        begun.append(b"")
        async for chunk in response.chunks():
            begun[-1] += chunk
        return begun[-1]

    async def check(origins: Origins) -> bytes:
        return await origins.fetch(FetchRequest(parse_url(url)), limits(), gather)

    assert with_origins(check) == b"hello"
    assert len(begun) == 2


def test_readers_own_error_is_passed_on_at_once(origin: HostileOrigin) -> None:
    url = origin.on("/", status(503, "Retry-After: 9"))

    async def judge(response: Response) -> None:
        raise_for_status(response)

    async def check(origins: Origins) -> None:
        with pytest.raises(UpstreamBusy) as caught:
            await origins.fetch(FetchRequest(parse_url(url)), limits(total_seconds=5), judge)
        assert caught.value.retry_after_seconds == 9

    with_origins(check)
    assert len(origin.requests) == 1  # nine seconds do not fit


def test_retry_after_is_kept_to_where_it_fits(origin: HostileOrigin) -> None:
    url = origin.on("/", after(status(503, "Retry-After: 1")))

    async def check(origins: Origins) -> float:
        began = asyncio.get_running_loop().time()
        assert (await get(origins, url)).body == b"hello"
        return asyncio.get_running_loop().time() - began

    assert with_origins(check) >= 1


def test_deadline_covers_all_tries(origin: HostileOrigin) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.gone()

    url = origin.on("/", stall)

    async def check(origins: Origins) -> float:
        began = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamTimeout):
            await get(origins, url, limit={"idle_seconds": 0.2, "total_seconds": 0.5})
        return asyncio.get_running_loop().time() - began

    assert with_origins(check, backoff=Backoff(attempts=99, base_seconds=0.01)) < 2
    assert len(origin.requests) >= 2


def test_backoff_that_does_not_fit_ends_the_tries(origin: HostileOrigin) -> None:
    url = origin.on("/", reset)
    slow = Backoff(attempts=9, base_seconds=60, cap_seconds=60)
    with pytest.raises(UpstreamBroken):
        with_origins(
            lambda origins: get(origins, url, limit={"total_seconds": 2}), backoff=slow, random=lambda: 0.9
        )
    assert len(origin.requests) == 1


# --- redirects --------------------------------------------------------------------------------------------------------


def redirect(place: str) -> Handler:
    return lambda exchange: exchange.answer(b"", f"Location: {place}", status="302 Found")


def test_each_hop_is_tried_again_by_itself(origin: HostileOrigin) -> None:
    origin.on("/b", after(reset))
    url = origin.on("/a", after(status(503), then=redirect("/b")))
    assert with_origins(lambda origins: get(origins, url)).url == origin.url("/b")
    assert [request.target for request in origin.requests] == ["/a", "/a", "/b", "/b"]


def test_redirect_is_the_answer_where_none_is_to_be_followed(origin: HostileOrigin) -> None:
    url = origin.on("/", redirect("/there"))
    assert with_origins(lambda origins: get(origins, url, may_redirect=False)).status == 302


def test_circle_is_found(origin: HostileOrigin) -> None:
    url = origin.on("/a", redirect("/b"))
    origin.on("/b", redirect("/a"))
    with pytest.raises(RedirectLoop):
        with_origins(lambda origins: get(origins, url))


def test_ten_redirects_are_followed_and_not_one_more(origin: HostileOrigin) -> None:
    for number in range(12):
        origin.on(f"/{number}", redirect(f"/{number + 1}"))
    origin.on("/12", hello)
    with_origins(lambda origins: get(origins, origin.url("/2")))
    with pytest.raises(TooManyRedirects):
        with_origins(lambda origins: get(origins, origin.url("/1")))


def test_redirect_to_where_nothing_may_be_fetched_from_is_refused(origin: HostileOrigin) -> None:
    url = origin.on("/", redirect("http://169.254.169.254/"))

    async def check(origins: Origins) -> None:
        with pytest.raises(DestinationForbidden):
            await get(origins, url)
        assert origins.snapshot().failures == {"destination-forbidden": 1}

    with_origins(check)


# --- circuits ---------------------------------------------------------------------------------------------------------


class Clock:
    """The real clock, put forward by hand."""

    ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


def breakers(clock: Clock, failures: int = 2) -> LocalBreakers:
    return LocalBreakers(BreakerPolicy(failures=failures, pause_seconds=30), clock)


def test_failing_host_is_left_alone_and_then_probed(origin: HostileOrigin) -> None:
    url, clock = origin.on("/", after(*[reset] * 6)), Clock()
    host = f"127.0.0.1:{origin.port}"

    async def check(origins: Origins) -> None:
        for _ in range(2):
            with pytest.raises(UpstreamBroken):
                await get(origins, url)
        with pytest.raises(CircuitOpen) as caught:
            await get(origins, url)
        assert 29 <= (caught.value.retry_after_seconds or 0) <= 30
        assert len(origin.requests) == 6  # three tries each, and none for the third
        assert origins.snapshot().circuits == {host: Phase.OPEN}
        clock.ahead += 31
        assert origins.snapshot().circuits == {host: Phase.HALF_OPEN}
        assert (await get(origins, url)).body == b"hello"
        assert origins.snapshot().circuits == {}

    with_origins(check, breakers=breakers(clock))


@pytest.mark.parametrize("code", [500, 503])
def test_server_errors_open_the_circuit(origin: HostileOrigin, code: int) -> None:
    url = origin.on("/", status(code))

    async def check(origins: Origins) -> None:
        for _ in range(2):
            assert (await get(origins, url)).status == code
        with pytest.raises(CircuitOpen):
            await get(origins, url)

    with_origins(check, breakers=breakers(Clock()))


@pytest.mark.parametrize("code", [400, 403, 404, 410, 429])
def test_client_errors_do_not_open_the_circuit(origin: HostileOrigin, code: int) -> None:
    url = origin.on("/", status(code))

    async def check(origins: Origins) -> None:
        for _ in range(4):
            assert (await get(origins, url)).status == code
        assert origins.snapshot().circuits == {}

    with_origins(check, breakers=breakers(Clock()))


def test_our_own_limits_do_not_open_the_circuit(origin: HostileOrigin) -> None:
    url = origin.on("/", lambda exchange: exchange.answer(b"x" * 5000))

    async def check(origins: Origins) -> None:
        for _ in range(4):
            with pytest.raises(Exception, match="larger"):
                await get(origins, url, limit={"max_bytes": 1000})
        assert origins.snapshot().circuits == {}

    with_origins(check, breakers=breakers(Clock()))


def test_one_broken_page_does_not_close_a_host(origin: HostileOrigin) -> None:
    """Bodies that break off behind a good head are the page's fault: the host answers."""
    url = origin.on("/", reset_in_body)

    async def check(origins: Origins) -> None:
        for _ in range(4):
            with pytest.raises(UpstreamBroken):
                await get(origins, url)
        assert origins.snapshot().circuits == {}

    with_origins(check, breakers=breakers(Clock()))


def test_circuit_that_opens_meanwhile_does_not_hide_the_failure(origin: HostileOrigin) -> None:
    url = origin.on("/", reset)

    async def check(origins: Origins) -> Sequence[BaseException | Fetched]:
        return await asyncio.gather(*(get(origins, url) for _ in range(4)), return_exceptions=True)

    ends = with_origins(check, breakers=breakers(Clock(), failures=1))
    assert {type(end) for end in ends} <= {
        CircuitOpen,
        *[type(end) for end in ends if isinstance(end, UpstreamBroken)],
    }
    assert any(isinstance(end, UpstreamBroken) for end in ends)


def test_caller_that_leaves_frees_its_probe(origin: HostileOrigin) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.gone()

    url, clock = origin.on("/", after(status(500), stall)), Clock()

    async def check(origins: Origins) -> None:
        await get(origins, url)
        clock.ahead += 31
        probing = asyncio.create_task(get(origins, url))
        await until(lambda: len(origin.requests) == 2)
        with pytest.raises(CircuitOpen):
            await get(origins, url)
        probing.cancel()
        await asyncio.wait([probing])
        assert (await get(origins, url)).body == b"hello"

    with_origins(check, breakers=breakers(clock, failures=1))


# --- turns ------------------------------------------------------------------------------------------------------------


def test_requests_to_one_host_take_turns(origin: HostileOrigin) -> None:
    at_once = most = 0

    async def count(exchange: Exchange) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        await hello(exchange)

    url = origin.on("/", count)

    async def check(origins: Origins) -> int:
        answers = await asyncio.gather(*(get(origins, url) for _ in range(12)))
        return sum(answer.body == b"hello" for answer in answers)

    assert with_origins(check, politeness=Politeness(per_host=3)) == 12
    assert most == 3


def test_turn_that_does_not_come_in_time_is_told(origin: HostileOrigin) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.gone()

    url = origin.on("/", stall)

    async def check(origins: Origins) -> None:
        first = asyncio.create_task(get(origins, url))
        await until(lambda: len(origin.requests) == 1)
        with pytest.raises(HostBusy):
            await get(origins, url, limit={"total_seconds": 0.1})
        assert origins.snapshot().running == 1
        first.cancel()
        await asyncio.wait([first])
        assert origins.snapshot().running == 0

    with_origins(check, politeness=Politeness(per_host=1))


def test_numbers_are_kept(origin: HostileOrigin) -> None:
    origin.on("/b", after(status(503)))
    url = origin.on("/a", redirect("/b"))

    async def check(origins: Origins) -> None:
        await get(origins, url)
        numbers = origins.snapshot()
        assert (numbers.exchanges, numbers.retries, numbers.redirects, numbers.running) == (3, 1, 1, 0)
        assert numbers.failures == {}

    with_origins(check)
