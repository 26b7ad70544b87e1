"""A media site, a hostile origin and a job's place, shared by this room's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from entrepot.media.contract import Equipment
from tests.origin.canary import Canary, listening_canary
from tests.origin.guarded import running_proxy
from tests.origin.hostile import HostileOrigin, hostile_origin
from tests.origin.site import Site, running_site
from tests.pipelines.bench import Bench
from tests.pipelines.tasks import Studio


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="session")
def equipment(site: Site) -> Iterator[Equipment]:
    """An extractor's, with a guard that lets it reach the site and nothing else."""
    with running_proxy([f"127.0.0.1:{site.port}"]) as proxy:
        yield Equipment(proxy.url, Path(get_ffmpeg_exe()), memory_bytes=4 * 1024**3, idle_seconds=10)


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening_canary() as canary:
        yield canary


@pytest.fixture
def origin() -> Iterator[HostileOrigin]:
    with hostile_origin() as origin:
        yield origin


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def studio(bench: Bench, site: Site, equipment: Equipment) -> Studio:
    return Studio(bench, site, equipment)
