"""What other processes remove from the shared store, removed here too: they announce it over Redis."""

import asyncio
import json
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from entrepot.fetch.cache.contract import CacheStore, Selection
from entrepot.fetch.cache.redis import CHANNEL, COMMAND_SECONDS, PREFIX
from entrepot.telemetry import get_logger

_AGAIN_SECONDS = 1.0  # after which a lost connection is made anew
_WAIT_SECONDS = 5.0  # for one announcement, before it is looked whether the connection still stands
_log = get_logger("cache")


class RemovalListener:
    """Hears removals and makes them in the near store and in memory. What is announced while Redis is away is missed:

    those copies are used until their freshness ends.
    """

    def __init__(
        self,
        url: str,
        near: CacheStore,
        forget: Callable[[Sequence[str]], None],
        *,
        own_sender: str,
        prefix: str = PREFIX,
    ) -> None:
        """`forget` is told the ids of the entries that have gone; announcements of `own_sender` are passed over."""
        self._url = url
        self._near = near
        self._forget = forget
        self._own_sender = own_sender
        self._channel = prefix + CHANNEL
        self._task: asyncio.Task[None] | None = None
        self.is_listening = asyncio.Event()

    def start(self) -> None:
        """Begins to listen, in the running event loop."""
        self._task = asyncio.create_task(self._listen())

    async def aclose(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as error:
                _log.warning("removals of other processes are not heard", reason=type(error).__name__)
            self.is_listening.clear()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _hear(self) -> None:
        redis: Redis = Redis.from_url(
            self._url, socket_timeout=COMMAND_SECONDS, socket_connect_timeout=COMMAND_SECONDS
        )
        async with redis, redis.pubsub() as channel:
            await channel.subscribe(self._channel)
            self.is_listening.set()
            is_asked = False
            while True:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=_WAIT_SECONDS)
                if message is None and is_asked:
                    raise RedisTimeout("Redis does not answer.")
                if message is None:
                    await channel.ping()
                elif message["type"] == "message":
                    await self._take(message["data"])
                is_asked = message is None

    async def _take(self, said: bytes) -> None:
        try:
            told = json.loads(said)
            sender = told.pop("sender")
            selection = Selection(**told)
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("an announcement cannot be read")
            return
        if sender != self._own_sender:
            self._forget(await self._near.remove(selection))
