"""A media site, a proxy that lets it through, a canary, and an extractor's equipment, shared by this room's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from entrepot.fetch.proxy import GuardProxy
from entrepot.media.contract import Equipment, MediaRequest
from tests.media.tasks import Report, download_in_child
from tests.origin.canary import Canary, listening_canary
from tests.origin.guarded import running_proxy
from tests.origin.site import Site, running_site

Download = Callable[..., Report]


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return Path(get_ffmpeg_exe())


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="session")
def proxy(site: Site) -> Iterator[GuardProxy]:
    with running_proxy([f"127.0.0.1:{site.port}"]) as proxy:
        yield proxy


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening_canary() as canary:
        yield canary


@pytest.fixture(scope="session")
def equipment(proxy: GuardProxy, ffmpeg: Path) -> Equipment:
    return Equipment(proxy_url=proxy.url, ffmpeg=ffmpeg, memory_bytes=4 * 1024**3, idle_seconds=10)


@pytest.fixture
def download(equipment: Equipment, tmp_path: Path) -> Download:
    """Downloads a URL, with options of a MediaRequest, into a folder of the test's own."""

    def start(url: str, **options: object) -> Report:
        folder = tmp_path / "job"
        folder.mkdir()
        request = MediaRequest(url=url, **{"retries": 0, **options})  # type: ignore[arg-type]  # each test gives fitting ones
        return download_in_child(equipment, request, folder)

    return start
