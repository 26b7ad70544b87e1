"""Converted forms beside their sources: made once for all who ask, kept with the source, and gone with it."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from entrepot.disk import translated_disk_errors
from entrepot.errors import ConversionFailed, DocumentTooLarge, MediaFailure
from entrepot.fetch.cache.contract import CacheStore, StoredForm
from entrepot.fetch.cache.failures import Failures
from entrepot.fetch.cache.flight import Flights
from entrepot.fetch.cache.shelf import form_name
from entrepot.fetch.cache.source import CachedForm, CachedSource, MadeForm
from entrepot.fetch.cache.spool import Body, Spool
from entrepot.fetch.cache.statistics import Counts
from entrepot.threads import in_thread

Make = Callable[[Path], Awaitable[MadeForm]]

MAX_KEPT_BYTES = 4 * 1024**2  # of a form; larger ones are made anew each time
_FAILURE_SECONDS = 60.0
_MAX_BEHIND = 16
_READ_AT_ONCE_BYTES = (
    256 * 1024
)  # the system, which has them in memory, gives so few sooner than a thread would


@dataclass(frozen=True, slots=True)
class Made:
    """A form as its flight brings it: in memory, or in a file that is this one's to close."""

    form: StoredForm
    held: Body | None
    size_bytes: int
    is_new: bool


class Forms:
    """Finds and makes the forms of sources."""

    def __init__(
        self, store: CacheStore, spool: Spool, counts: Counts, *, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._spool = spool
        self._counts = counts
        self._keeping: set[asyncio.Future[bool]] = set()
        self._flights: Flights[tuple[str, str], Made] = Flights(_close)
        self._failures: Failures[tuple[str, str]] = Failures(clock, kept_seconds=_FAILURE_SECONDS)

    async def find(self, source: CachedSource, name: str, make: Make) -> CachedForm:
        """The form `name` of the source. Raises what `make` raises; what is the source's own fault for a minute on."""
        key = source.entry_id, name
        self._failures.check(key)
        made, _ = await self._flights.run(key, lambda: self._brought(source, name, make), _shared)
        return CachedForm(
            facts=made.form.facts,
            source=source.facts,
            size_bytes=made.size_bytes,
            body=None if made.held is not None else made.form.body,
            held=made.held,
            age_seconds=source.age_seconds,
            is_hit=source.is_hit and not made.is_new,
            cache_status=source.cache_status,
            fresh_until=source.fresh_until,
        )

    async def aclose(self) -> None:
        """Ends what is being made, and stores what is made."""
        await self._flights.aclose()
        if self._keeping:
            await asyncio.wait(self._keeping)

    async def _brought(self, source: CachedSource, name: str, make: Make) -> Made:
        """From the store, else from the maker, who has the source for as long as that takes, whoever began it."""
        stored_name = form_name([name])
        held = source.body.share()
        try:
            found = await self._store.find_form(source.entry_id, stored_name) if source.is_kept else None
            if found is not None:
                self._counts.form_hits += 1
                return Made(found, None, len(found.body), is_new=False)
            made = await self._taken(await make(held.path))
            self._counts.forms_made += 1
        except (MediaFailure, ConversionFailed, DocumentTooLarge) as error:
            self._failures.note((source.entry_id, name), error)
            raise
        finally:
            held.close()
        if source.is_kept and made.held is None:
            await self._keep(source.entry_id, stored_name, made.form)
        return made

    async def _keep(self, entry_id: str, stored_name: str, form: StoredForm) -> None:
        """Has the form stored, behind the back of who asked for it while not too many are on their way."""
        keeping = asyncio.ensure_future(self._store.put_form(entry_id, stored_name, form))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        if len(self._keeping) > _MAX_BEHIND:
            await asyncio.wait([keeping])

    async def _taken(self, made: MadeForm) -> Made:
        """Takes the maker's file over: into memory where it is small, else into the spool."""
        with translated_disk_errors():
            is_little = made.path.stat().st_size <= _READ_AT_ONCE_BYTES
        body = _read_small(made.path) if is_little else await in_thread(_read_small, made.path)
        if body is not None:
            return Made(StoredForm(made.facts, body), None, len(body), is_new=True)
        held, size_bytes = await self._spool.fill(partial(_move, made.path))
        return Made(StoredForm(made.facts, b""), held, size_bytes, is_new=True)


def _read_small(path: Path) -> bytes | None:
    """The file's bytes, in the file's place; None for a large one, which stays."""
    with translated_disk_errors():
        if path.stat().st_size > MAX_KEPT_BYTES:
            return None
        body = path.read_bytes()
        path.unlink()
        return body


def _move(path: Path, target: Path) -> int:
    shutil.move(path, target)
    return target.stat().st_size


def _shared(made: Made) -> Made:
    return made if made.held is None else replace(made, held=made.held.share())


def _close(made: Made) -> None:
    if made.held is not None:
        made.held.close()
