"""Asking what a URL is, over a real nursery and its children."""

import asyncio
from typing import Any

import pytest

from entrepot.errors import AppError
from entrepot.pipelines import preview
from entrepot.pipelines.preview import Previewer
from entrepot.processes.nursery import Nursery
from tests.acceptance.service import descendants
from tests.origin.site import Site


def _ask(site: Site, *urls: str) -> list[Any]:
    """What the previewer says of each URL, or the code of its error; no child is left afterwards."""

    async def run() -> list[Any]:
        nursery = Nursery("tests.pipelines.nest:tasks", f"127.0.0.1:{site.port}")
        await nursery.start()
        try:
            previewer = Previewer(nursery)
            told = await asyncio.gather(*(_told(previewer, url) for url in urls))
            assert nursery.pid is not None
            assert descendants(nursery.pid) == [nursery.pid]
            return told
        finally:
            await nursery.close()

    return asyncio.run(run())


async def _told(previewer: Previewer, url: str) -> Any:
    try:
        return await previewer.describe(url)
    except AppError as error:
        return error.code


def test_children_describe_and_fail_in_their_own_words(site: Site) -> None:
    file, page, missing, forbidden = _ask(
        site, site.url("/files/360p.mp4"), site.url("/article"), site.url("/nope"), "http://127.0.0.1:9/"
    )
    assert (file["kind"], file["size_bytes"]) == ("file", 1_167_119)
    assert page["kind"] == "page"
    assert (missing, forbidden) == ("upstream-not-found", "destination-forbidden")


def test_question_without_an_answer_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "TIMEOUT_SECONDS", 0.3)
    assert _ask(site, site.url("/delayed?seconds=30&to=/article")) == ["job-timeout"]
