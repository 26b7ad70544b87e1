"""A browser beside a service of its own, shared by the tests of the page."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser

from tests.acceptance.conftest import allowing
from tests.acceptance.page.browser import Tab, running_browser
from tests.acceptance.service import ServiceProcess
from tests.origin.site import Site


@pytest.fixture(scope="package")
def quay(origin: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service of these tests' own: what its list shows is their doing."""
    with ServiceProcess(tmp_path_factory.mktemp("quay"), settings=allowing(origin)) as running:
        yield running


@pytest.fixture(scope="package")
def calls(quay: ServiceProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=quay.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def tab(browser: Browser, quay: ServiceProcess) -> Iterator[Tab]:
    with Tab(browser, quay.url) as opened:
        yield opened.open()
