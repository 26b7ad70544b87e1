"""Jobs in the service's process as wiring builds them: warming, and what the sweeps leave alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from entrepot.config import Settings
from entrepot.fetch.url import parse_url
from entrepot.jobs import pages
from entrepot.jobs.state import Draft, Job, JobState
from entrepot.jobs.work import Kind
from entrepot.pipelines.reader import ReadRequest
from entrepot.wiring.services import Services, open_services
from tests.doors.web import Web, running_web

DEADLINE_SECONDS = 30.0


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Services, Web]]:
    settings = Settings(data_dir=folder, egress_allow=("127.0.0.1",), blob_grace_seconds=0)
    with running_web() as web:
        async with open_services(settings, listening_on=("127.0.0.1", 1)) as services:
            yield services, web


async def done(services: Services, draft: Draft) -> Job:
    """The job once it has ended."""
    job = await services.control.initiate(draft)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not (job := await services.control.get(job.id, owner=None)).state.is_finished:
            await asyncio.sleep(0.02)
    return job


def test_warming_fills_the_cache_and_tells_how_each_page_went(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (services, web):
            urls = [
                web.publish("/a", "A"),
                web.serve("/b.bin", b"\x00\x01" * 99, "application/octet-stream"),
                web.url("/gone"),
            ]
            job = await done(
                services, Draft(owner="local", url=urls[0], kind=Kind.WARM, options={"urls": urls})
            )
            assert job.state is JobState.COMPLETED
            (file,) = (await services.control.files([job.id]))[job.id]
            asset = await services.assets.find(file.asset_id, "local")
            with await services.assets.open(asset) as stored:
                lines = [json.loads(line) for line in stored.read().splitlines()]
            assert sorted((line["url"], "error" in line) for line in lines) == sorted(
                [(urls[0], False), (urls[1], False), (urls[2], True)]
            )

    asyncio.run(story())


def test_sources_alone_are_warmed_where_no_form_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (services, web):
            url = web.publish("/a", "A")
            options = {"urls": [url], "formats": [], "owner": "local"}
            assert (
                await done(services, Draft(owner="local", url=url, kind=Kind.WARM, options=options))
            ).state is JobState.COMPLETED
            assert web.count("/a") == 1
            reading = await services.reader.read(ReadRequest(parse_url(url), None, owner="local"))
            await reading.aclose()
            assert (reading.is_hit, web.count("/a")) == (True, 1)

    asyncio.run(story())


def test_results_are_spared_by_the_sweep_until_they_expire(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (services, web):
            url = web.publish("/a", "A")
            options = {"urls": [url], "page": {}, "owner": "local"}
            job = await done(services, Draft(owner="local", url=url, kind=Kind.SCRAPE, options=options))
            (file,) = (await services.control.files([job.id]))[job.id]
            await services.assets.delete(file.asset_id, "local")
            await services.assets.sweep(0)
            found = await services.crawling.results.read(job.id, after=0, limit=10)
            assert [page["title"] for page in found.items] == ["A"]
            forget = partial(pages.forget_old, before=datetime.now(UTC) + timedelta(seconds=1))
            assert await services.hub.database.write(forget) == 1
            assert await services.assets.sweep(0) >= 1

    asyncio.run(story())
