"""What Jina Reader's clients ask for, by header or in a body, in our own words (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.datastructures import Headers

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions, ImageMode, LinkMode
from entrepot.errors import BadInput, NotOffered
from entrepot.fetch.headers import checked_headers
from entrepot.fetch.url import URL
from entrepot.pipelines.reader import ReadRequest, RenderMode

T = TypeVar("T")

_MAX_TIMEOUT_SECONDS = 180
_MAX_AGE_SECONDS = 2**31
# What a request has in common with those of other programs is no sign of Jina's clients.
_SIGNS = frozenset({
    "x-base", "x-cache-tolerance", "x-detach-invisibles", "x-engine", "x-instruction", "x-json-schema", "x-keep-img-data-url",
    "x-locale", "x-max-tokens", "x-md-link-style", "x-no-cache", "x-no-gfm", "x-preset", "x-proxy", "x-proxy-url", "x-referer",
    "x-remove-overlay", "x-remove-selector", "x-respond-timing", "x-respond-with", "x-retain-images", "x-retain-links",
    "x-return-format", "x-robots-txt", "x-set-cookie", "x-target-selector", "x-timeout", "x-token-budget", "x-user-agent",
    "x-wait-for-selector", "x-with-generated-alt", "x-with-iframe", "x-with-images-summary", "x-with-links-summary",
    "x-with-shadow-dom",
})  # fmt: skip
_NOT_OFFERED = (
    "x-instruction",
    "x-json-schema",
    "x-max-tokens",
    "x-preset",
    "x-token-budget",
    "x-with-generated-alt",
)
_FORMS = {
    "": "content", "default": "content", "content": "content", "markdown": "markdown", "html": "html", "text": "text",
    "screenshot": "screenshot", "pageshot": "screenshot",
}  # fmt: skip
_ENGINES: Mapping[str, RenderMode] = {
    "": "auto", "auto": "auto", "default": "auto", "direct": "http", "curl": "http", "browser": "browser",
}  # fmt: skip
_LINK_STYLES: Mapping[str, LinkMode] = {
    "": "inline",
    "inlined": "inline",
    "referenced": "end",
    "discarded": "none",
}
_IMAGES: Mapping[str, ImageMode] = {
    "": "keep",
    "all": "keep",
    "true": "keep",
    "none": "drop",
    "false": "drop",
}


@dataclass(frozen=True, slots=True)
class JinaRequest:
    """One request. `form` is content, markdown, html, text or screenshot; `robot` the name under which robots.txt counts."""

    read: ReadRequest
    form: str
    with_links: bool = False
    with_images: bool = False
    robot: str | None = None


def is_from_jina_client(headers: Headers) -> bool:
    """Whether a request bears a header that only clients of Jina Reader send."""
    return any(name in _SIGNS for name in headers)


def headers_of_body(body: Mapping[str, Any]) -> Headers:
    """A body's wishes as the headers that say the same: `respondWith` is `X-Respond-With`. Raises BadInput, NotOffered."""
    fields: list[tuple[bytes, bytes]] = []
    for name, value in body.items():
        if name == "url":
            continue
        if name in ("html", "pdf", "file"):
            raise NotOffered(f"{name} is not offered: only what has an address is read here.")
        header = "x-" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
        if header not in _SIGNS:
            raise BadInput(f"There is no field {name[:64]!r}.")
        for item in value if isinstance(value, list) else [value]:
            text = str(item).lower() if isinstance(item, bool) else str(item)
            fields.append((header.encode("latin-1"), text.encode("latin-1", "replace")))
    return Headers(raw=fields)


def read_request(url: URL, headers: Headers, *, owner: str) -> JinaRequest:
    """What the headers ask of `url`. Raises BadInput for what makes no sense, NotOffered for what cannot be done."""
    _refuse(headers)
    form = _choice(
        headers,
        "x-respond-with",
        _FORMS,
        also="x-return-format",
        hint="content, markdown, html, text or screenshot",
    )
    wait_for = headers.get("x-wait-for-selector")
    read = ReadRequest(
        url=url,
        format=_format_of(form),
        options=_options(headers, form),
        timeout_seconds=_number(headers, "x-timeout", _MAX_TIMEOUT_SECONDS),
        max_age_seconds=_max_age(headers),
        may_store=headers.get("dnt") != "1",
        render="browser"
        if wait_for
        else _choice(headers, "x-engine", _ENGINES, hint="auto, direct or browser"),
        wait_for=wait_for,
        headers=_to_origin(headers),
        owner=owner,
    )
    return JinaRequest(
        read, form, _is_set(headers, "x-with-links-summary"), _is_set(headers, "x-with-images-summary"), _robot(headers)
    )  # fmt: skip


def _refuse(headers: Headers) -> None:
    for name in _NOT_OFFERED:
        if headers.get(name, "").lower() not in ("", "false", "none"):
            raise NotOffered(f"{name} is not offered by this service.")
    if headers.get("x-proxy-url") or headers.get("x-proxy", "").lower() not in ("", "auto", "none"):
        raise NotOffered("Other proxies than this service's own are not offered.")


def _options(headers: Headers, form: str) -> ContentOptions:
    """`content` is the main content; the other forms are of the whole page, as a target selector is taken whole."""
    links = _choice(headers, "x-md-link-style", _LINK_STYLES, hint="inlined, referenced or discarded")
    if headers.get("x-retain-links", "").lower() in ("none", "text"):
        links = "none"
    return ContentOptions(
        extract="main" if form == "content" else "full", links=links,
        images=_choice(headers, "x-retain-images", _IMAGES, hint="all or none"),
        selector=_selectors(headers, "x-target-selector"), remove=_selectors(headers, "x-remove-selector"),
    )  # fmt: skip


def _format_of(form: str) -> Format:
    """The service's format that holds what the form needs: JSON has the title and the lists beside the text."""
    return {"html": Format.HTML, "screenshot": Format.SCREENSHOT}.get(form, Format.JSON)


def _max_age(headers: Headers) -> int | None:
    if _is_set(headers, "x-no-cache"):
        return 0
    seconds = _number(headers, "x-cache-tolerance", _MAX_AGE_SECONDS, may_be_zero=True)
    return None if seconds is None else int(seconds)


def _to_origin(headers: Headers) -> dict[str, str]:
    cookies = [cookie.partition(";")[0].strip() for cookie in headers.getlist("x-set-cookie")]
    sent = {
        "Cookie": "; ".join(cookies), "Accept-Language": headers.get("x-locale", ""),
        "Referer": headers.get("x-referer", ""), "User-Agent": headers.get("x-user-agent", ""),
    }  # fmt: skip
    return checked_headers({name: value for name, value in sent.items() if value})


def _robot(headers: Headers) -> str | None:
    name = headers.get("x-robots-txt", "")
    return None if name.lower() in ("", "false") else name


def _choice(headers: Headers, name: str, values: Mapping[str, T], *, also: str | None = None, hint: str) -> T:
    said = headers.get(name) or (headers.get(also) if also else None) or ""
    wanted = said.strip().lower()
    if wanted not in values:
        raise BadInput(f"{name} may be {hint}, not {said[:32]!r}.")
    return values[wanted]


def _number(headers: Headers, name: str, largest: int, *, may_be_zero: bool = False) -> float | None:
    said = headers.get(name)
    if said is None:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 12 or (int(said) == 0 and not may_be_zero):
        raise BadInput(f"{name} is a number of seconds, not {said[:32]!r}.")
    return float(min(int(said), largest))


def _selectors(headers: Headers, name: str) -> str | None:
    return ", ".join(_each(headers.getlist(name))) or None


def _each(values: Sequence[str]) -> list[str]:
    return [value.strip() for value in values if value.strip()]


def _is_set(headers: Headers, name: str) -> bool:
    return headers.get(name, "").lower() not in ("", "false", "0", "none")
