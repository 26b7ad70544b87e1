"""Look-ups of the system's resolver: bounded in time, threads and answers. The system itself is asked where it can be."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from entrepot.errors import HostNotFound
from entrepot.fetch import resolver as module
from entrepot.fetch.resolver import MAX_ADDRESSES, SystemResolver
from tests.fetch.fetching import eventually

Ask = Callable[[str], Sequence[str]]


def resolve(host: str, **options: float) -> Sequence[str]:
    async def look_up() -> Sequence[str]:
        return await SystemResolver(timeout_seconds=options.get("timeout_seconds", 5.0)).resolve(host)

    return asyncio.run(look_up())


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ask], None]:
    """Lets a function stand in for the system, whose servers lie outside of this machine."""
    return lambda ask: monkeypatch.setattr(module, "_ask_system", ask)


def _raises(error: Exception) -> Ask:
    def ask(_host: str) -> Sequence[str]:
        raise error

    return ask


def _resolver_threads() -> int:
    return sum(thread.name == "resolver" for thread in threading.enumerate())


def test_hosts_file_is_asked() -> None:
    addresses = resolve("localhost")
    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a..example", "x." * 130 + "example"])
def test_impossible_name_is_not_found(host: str) -> None:
    with pytest.raises(HostNotFound):
        resolve(host)


@pytest.mark.parametrize("error", [OSError(), UnicodeEncodeError("ascii", "\xe9", 0, 1, "no")])
def test_failure_is_not_found(answering: Callable[[Ask], None], error: Exception) -> None:
    answering(_raises(error))
    with pytest.raises(HostNotFound) as caught:
        resolve("name.example")
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("count", "is_honest"), [(0, False), (1, True), (MAX_ADDRESSES, True), (MAX_ADDRESSES + 1, False)]
)
def test_number_of_answers(answering: Callable[[Ask], None], count: int, is_honest: bool) -> None:
    answers = tuple(f"10.0.{number // 256}.{number % 256}" for number in range(count))
    answering(lambda _host: answers)
    if is_honest:
        assert resolve("name.example") == answers
        return
    with pytest.raises(HostNotFound):
        resolve("name.example")


def test_silent_server_holds_its_thread_until_it_answers(answering: Callable[[Ask], None]) -> None:
    """The one thread allowed is taken for as long as the system's call lasts; afterwards it is free again."""
    answer = threading.Event()

    def ask(_host: str) -> Sequence[str]:
        assert answer.wait(10)
        return ("192.0.2.1",)

    async def look_up() -> Sequence[str]:
        resolver = SystemResolver(timeout_seconds=0.05, max_threads=1)
        for _ in range(3):
            with pytest.raises(HostNotFound):
                await resolver.resolve("silent.example")
        assert _resolver_threads() == 1
        answer.set()
        resolver._timeout_seconds = 5
        return await resolver.resolve("name.example")

    answering(ask)
    assert asyncio.run(look_up()) == ("192.0.2.1",)


def test_answer_after_the_loop_has_closed_is_dropped(answering: Callable[[Ask], None]) -> None:
    """A warning of the thread's would fail this test."""
    answer = threading.Event()

    def ask(_host: str) -> Sequence[str]:
        assert answer.wait(10)
        return ("192.0.2.1",)

    answering(ask)
    with pytest.raises(HostNotFound):
        resolve("silent.example", timeout_seconds=0.05)
    answer.set()
    assert eventually(lambda: _resolver_threads() == 0)


def test_no_thread_to_be_had_is_not_found_and_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up() -> None:
        resolver = SystemResolver(max_threads=1)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", _raises(RuntimeError("can't start new thread")))
            with pytest.raises(HostNotFound):
                await resolver.resolve("localhost")
        assert await resolver.resolve("localhost")

    asyncio.run(look_up())
