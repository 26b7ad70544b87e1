"""Swagger UI and ReDoc in a real browser: they need nobody but the service."""

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.page.browser import Tab
from tests.acceptance.service import ServiceProcess

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/api/docs", "/v1/download/initiate"), ("/api/redoc", "Download OpenAPI specification")],
)
def test_reference_is_shown_without_asking_anybody_else(
    path: str, shown: str, browser: Browser, quay: ServiceProcess
) -> None:
    with Tab(browser, quay.url) as tab:
        tab.open(path).page.get_by_text(shown).first.wait_for()
        tab.page.wait_for_load_state("networkidle")
        assert tab.foreign == []


def test_call_can_be_tried_in_the_reference(browser: Browser, quay: ServiceProcess) -> None:
    with Tab(browser, quay.url) as tab:
        call = tab.open("/api/docs").page.locator("[id^=operations-health-]").first
        call.locator(".opblock-summary-control").click()
        call.get_by_role("button", name="Execute").click()
        expect(call.locator(".live-responses-table")).to_contain_text("200")
