"""A real Chromium at the real page, which keeps account of what the page complains about and whom it asks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 15_000
NOT_FOUND = ("404 (Not Found)",)  # Chromium notes every answer of 400 and above


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium. It must end with its package: while it runs, no other event loop can in this thread."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """One fresh profile with one tab. Leaving it fails when the page has complained in the console."""

    def __init__(
        self, browser: Browser, url: str, *, expected: tuple[str, ...] = (), width: int = 1280, **options: Any
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 844}, accept_downloads=True, **options
        )
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.foreign: list[str] = []
        self._url = url
        self._expected = expected
        self._complaints: list[str] = []
        self.page.on("pageerror", lambda error: self._complaints.append(f"uncaught: {error}"))
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("request", self._note_foreign)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()
        if kind is None:
            assert not self._complaints, self._complaints

    def open(self, path: str = "/") -> Self:
        self.page.goto(self._url + path)
        return self

    def paste(self, url: str) -> Locator:
        """Puts a link into the field; gives the card that tells what it is, once it is known."""
        self.page.locator("#link-field").fill(url)
        card = self.page.locator(f'[data-arrival="{url}"]')
        expect(card).to_have_attribute("aria-busy", "false")
        return card

    def start(self, url: str, button: str) -> Locator:
        """Pastes a link and starts it; gives the panel of its job."""
        self.paste(url).get_by_role("button", name=button).click()
        panel = self.page.locator("[data-panel]")
        panel.wait_for()
        return panel

    def row(self, title: str) -> Locator:
        return self.page.locator("[data-job]").filter(has_text=title)

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition` holds. The page's policy forbids what Playwright's own waiting for a function needs."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while not condition():
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(50)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(words in text for words in self._expected):
            self._complaints.append(f"{kind}: {text}")

    def _note_foreign(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self._url:
            self.foreign.append(request.url)
