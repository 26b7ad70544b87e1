"""The guard's proxy for tests, running in a thread of its own, with the test's origin let through."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from entrepot.fetch.guard import Guard
from entrepot.fetch.proxy import GuardProxy
from entrepot.fetch.resolver import Resolver


@contextmanager
def running_proxy(
    allow: Sequence[str], *, resolver: Resolver | None = None, **limits: Any
) -> Iterator[GuardProxy]:
    """A guard proxy that lets `allow` (rules such as `127.0.0.1:8088`) through, for as long as the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    proxy = GuardProxy(Guard(allow=allow, resolver=resolver), **limits)
    asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
