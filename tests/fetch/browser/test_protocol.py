"""The DevTools protocol over pipes: calls find their results, events their listeners, and an end ends all."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from entrepot.fetch.browser import protocol
from entrepot.fetch.browser.protocol import BrowserGone, CommandFailed, DevTools


class Browser:
    """The other side of the pipes, played by the test."""

    def __init__(self) -> None:
        self.read_end, self._theirs = os.pipe()
        self._orders, self.write_end = os.pipe()
        self._unread = b""

    def say(self, *messages: dict[str, Any]) -> None:
        os.write(self._theirs, b"".join(json.dumps(message).encode() + b"\0" for message in messages))

    def say_raw(self, data: bytes) -> None:
        os.write(self._theirs, data)

    async def heard(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            self._unread += await asyncio.to_thread(os.read, self._orders, 65536)
        data, _, self._unread = self._unread.partition(b"\0")
        order: dict[str, Any] = json.loads(data)
        return order

    def end(self) -> None:
        os.close(self._theirs)

    def close(self) -> None:
        os.close(self._orders)


def play(scene: Callable[[DevTools, Browser], Awaitable[Any]]) -> Any:
    """What `scene` returns, played between a client and a browser."""

    async def run() -> Any:
        tools, browser = DevTools(), Browser()
        await tools.open(browser.read_end, browser.write_end)
        try:
            return await asyncio.wait_for(scene(tools, browser), 10)
        finally:
            await tools.close()
            browser.close()

    return asyncio.run(run())


def test_call_gets_its_own_result() -> None:
    async def scene(tools: DevTools, browser: Browser) -> Any:
        calls = [asyncio.create_task(tools.call("A", {"x": 1}, session="s")) for _ in range(2)]
        first = await browser.heard()
        browser.say(
            {"id": first["id"] + 1, "result": {"second": True}},
            {"id": first["id"], "result": {"first": True}},
        )
        results = await asyncio.gather(*calls)
        browser.end()
        return first, results

    first, results = play(scene)
    assert first == {"id": 1, "method": "A", "params": {"x": 1}, "sessionId": "s"}
    assert results == [{"first": True}, {"second": True}]


def test_refused_call_raises() -> None:
    async def scene(tools: DevTools, browser: Browser) -> None:
        call = asyncio.create_task(tools.call("A"))
        browser.say({"id": (await browser.heard())["id"], "error": {"message": "No such thing"}})
        with pytest.raises(CommandFailed, match="No such thing"):
            await call
        browser.end()

    play(scene)


def test_events_go_to_their_sessions_listener() -> None:
    async def scene(tools: DevTools, browser: Browser) -> list[Any]:
        heard: list[Any] = []
        done = asyncio.Event()
        tools.listeners["s"] = lambda method, parameters: heard.append((method, parameters))
        tools.listeners[""] = lambda _method, _parameters: done.set()
        browser.say_raw(b'{"method":"E","para')
        browser.say_raw(b'ms":{"n":1},"sessionId":"s"}\0{"method":"F","sessionId":"other"}\0{"method":"G"}\0')
        await done.wait()
        browser.end()
        return heard

    assert play(scene) == [("E", {"n": 1})]


@pytest.mark.parametrize("nonsense", [b"", b"nonsense\0", b"x" * 2000])
def test_end_and_nonsense_end_every_call(nonsense: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_MESSAGE_BYTES", 1000)

    async def scene(tools: DevTools, browser: Browser) -> None:
        call = asyncio.create_task(tools.call("A"))
        await browser.heard()
        browser.say_raw(nonsense)
        if not nonsense:
            browser.end()
        with pytest.raises(BrowserGone):
            await call
        with pytest.raises(BrowserGone):
            await tools.call("B")
        if nonsense:
            browser.end()

    play(scene)
