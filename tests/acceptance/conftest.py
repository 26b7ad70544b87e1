"""A running service beside a real media site, shared by the tests that leave it as they found it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess
from tests.origin.site import Site, running_site

DEAF_PORT = 1029  # below the range that systems hand out, and served by nobody


@pytest.fixture(scope="session")
def origin() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="session")
def service(origin: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """`entrepot serve`, allowed to reach the origin on loopback and nothing else there."""
    with ServiceProcess(tmp_path_factory.mktemp("data"), settings=allowing(origin)) as running:
        yield running


@pytest.fixture
def unused_port() -> int:
    """A port of loopback on which nothing listens, and which the service may not reach but for this."""
    return DEAF_PORT


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="session")
def http(service: ServiceProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as client:
        yield client


def allowing(*sites: Site) -> dict[str, str]:
    """Settings that let the service reach these sites."""
    ports = [*(site.port for site in sites), DEAF_PORT]
    return {"ENTREPOT_EGRESS_ALLOW": ",".join(f"127.0.0.1:{port}" for port in ports)}
