"""What is asked of a browser, and what it brings: plain values that cross process boundaries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Screenshot = Literal["no", "page", "viewport"]


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A page to be run. `timeout_seconds` is for everything, a browser's start included.

    `wait_for` is a CSS selector that is waited for, `settle_seconds` how long the loaded page is left to itself, `scroll`
    whether it is scrolled to its end first. `headers` go to the origin of `url` alone. `user_agent` None: the browser's own.
    """

    url: str
    timeout_seconds: float = 30.0
    wait_for: str | None = None
    settle_seconds: float = 0.0
    scroll: bool = False
    screenshot: Screenshot = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    user_agent: str | None = None
    width: int = 1280
    height: int = 900
    is_mobile: bool = False
    max_bytes: int = 32 * 1024 * 1024

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "headers": dict(self.headers)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "RenderRequest":
        return RenderRequest(**data)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as its scripts left it: its HTML in the file `html_path`, a PNG in `screenshot_path` where one was asked for.

    `status`, `content_type` and `last_modified` are the main document's. `warnings` say, by a stable code, what is not as
    it was asked for. `fetched_at` is RFC 3339 in UTC.
    """

    html_path: str
    final_url: str
    status: int
    content_type: str | None
    screenshot_path: str | None
    last_modified: str | None
    fetched_at: str
    took_ms: float
    warnings: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "warnings": dict(self.warnings)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Rendered":
        return Rendered(**data)
