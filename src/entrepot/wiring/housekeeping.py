"""What is tidied now and then: links of the library, what broken writes left, blobs that nothing refers to."""

import asyncio

from entrepot.assets.catalog import Assets
from entrepot.storage.local import LocalStore
from entrepot.telemetry import get_logger

_INTERVAL_SECONDS = 900.0
_log = get_logger("housekeeping")


class Housekeeper:
    """Tidies at start and then every quarter of an hour."""

    def __init__(self, assets: Assets, store: LocalStore, *, grace_seconds: float) -> None:
        self._assets = assets
        self._store = store
        self._grace_seconds = grace_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins; the first round runs beside the service's first requests."""
        self._task = asyncio.create_task(self._tidy_forever(), name="housekeeping")

    async def close(self) -> None:
        """Ends the tidying."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _tidy_forever(self) -> None:
        await self._attempt_repair()
        while True:
            try:
                await self.tidy()
            except Exception as error:  # whatever it was, the next round may do better
                _log.warning("tidying failed", exc_info=error)
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def _attempt_repair(self) -> None:
        try:
            await self._assets.repair()
        except Exception as error:  # the library is a convenience: the bytes are in the store
            _log.warning("the library could not be repaired", exc_info=error)

    async def tidy(self) -> None:
        """One round. Raises whatever the disk or the database raises."""
        await asyncio.to_thread(self._store.sweep_incoming, older_than_seconds=self._grace_seconds)
        removed = await self._assets.sweep(self._grace_seconds)
        if removed:
            _log.info("unreferenced blobs removed", blobs=removed)
