"""What Firecrawl's clients send, and what it means here: what cannot be done is refused, never left out in silence."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from entrepot.errors import BadInput, NotOffered
from entrepot.fetch.headers import checked_headers, safe_across_origins
from entrepot.pipelines.scope import CrawlRules
from entrepot.pipelines.scrape import PageFormat, PageWish

Address = Annotated[str, StringConstraints(min_length=1, max_length=8192, strip_whitespace=True)]
Selector = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Pattern = Annotated[str, StringConstraints(max_length=1000)]

_FORMATS: Mapping[str, PageFormat] = {
    "markdown": "markdown", "html": "html", "rawHtml": "raw_html", "links": "links", "images": "images",
    "screenshot": "screenshot", "screenshot@fullPage": "screenshot",
}  # fmt: skip
# Said by clients of themselves, or a wish that is always fulfilled: certificates are always checked, for one.
_WITHOUT_EFFECT = frozenset({
    "apiUrl", "auditMetadata", "blockAds", "fastMode", "integration", "origin", "removeBase64Images", "skipTlsVerification", "useMock",
})  # fmt: skip
_NOT_OFFERED = frozenset({
    "actions", "agent", "alexandria", "appendToId", "changeTrackingOptions", "checkPromptInjection", "domainTools", "extract",
    "jsonOptions", "lockdown", "minAge", "profile", "prompt", "redactPII", "robotsUserAgent", "threatProtection", "toolDetail",
    "webhook", "zeroDataRetention",
})  # fmt: skip
_MOBILE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
_MAX_CONCURRENCY = 100
_USUAL_PAGES = 10_000


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    def refuse_others(self) -> None:
        """Raises NotOffered for a wish that cannot be fulfilled, BadInput for a field that nobody knows."""
        for name, value in (self.model_extra or {}).items():
            if name in _WITHOUT_EFFECT or (name in _NOT_OFFERED and not value):
                continue
            if name in _NOT_OFFERED:
                raise NotOffered(f"{name} is not offered by this service.")
            raise BadInput(f"There is no field {name[:64]!r}.")


class Location(BaseModel):
    """Where a page is to be seen from; only its languages can be told to the origin."""

    country: str | None = None
    languages: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,35}$")]] = []


class ScrapeOptions(_Body):
    """How a page is read and what of it is wanted."""

    formats: list[str | dict[str, Any]] = Field(["markdown"], max_length=20)
    only_main_content: bool = True
    include_tags: list[Selector] = Field([], max_length=50)
    exclude_tags: list[Selector] = Field([], max_length=50)
    headers: dict[str, str] = Field({}, max_length=50)
    wait_for: int = Field(0, ge=0, le=60_000)
    timeout: int | None = Field(None, gt=0, le=300_000)
    max_age: int | None = Field(None, ge=0)
    store_in_cache: bool = True
    mobile: bool = False
    proxy: str | None = None
    parsers: list[str | dict[str, Any]] | None = None
    location: Location | None = None

    def wish(self) -> PageWish:
        """The same in our own words. Raises NotOffered, BadInput."""
        self.refuse_others()
        self._refuse_values()
        return PageWish(
            formats=tuple(dict.fromkeys(map(_format_of, self.formats))),
            extract="main" if self.only_main_content else "full",
            selector=", ".join(self.include_tags) or None,
            remove=", ".join(self.exclude_tags) or None,
            headers=self._headers(),
            render="browser" if self.wait_for else "auto",
            settle_seconds=self.wait_for / 1000,
            max_age_seconds=None if self.max_age is None else min(math.ceil(self.max_age / 1000), 2**31),
            may_store=self.store_in_cache,
            timeout_seconds=None if self.timeout is None else self.timeout / 1000,
        )

    def _refuse_values(self) -> None:
        if self.proxy not in (None, "basic", "auto"):
            raise NotOffered(
                f"The proxy {self.proxy[:32]!r} is not offered: there are no other ways out than our own."
            )
        if self.location is not None and self.location.country:
            raise NotOffered("location.country is not offered: pages are read from where this service is.")
        for parser in self.parsers or []:
            if parser not in ("pdf", {"type": "pdf"}):
                raise NotOffered("Of parsers there is only pdf, without further wishes.")

    def _headers(self) -> dict[str, str]:
        own: dict[str, str] = {}
        if self.mobile:
            own["User-Agent"] = _MOBILE
        if self.location is not None and self.location.languages:
            own["Accept-Language"] = ", ".join(self.location.languages)
        return {**own, **checked_headers(self.headers)}


class ScrapeBody(ScrapeOptions):
    """One page."""

    url: Address


class JobPageOptions(ScrapeOptions):
    """As for one page, but that a job's options are kept: what may be a credential is not taken."""

    def wish(self) -> PageWish:
        lost = self.headers.keys() - safe_across_origins(self.headers).keys()
        if lost:
            raise NotOffered(
                f"The header {min(lost)[:64]!r} may hold a credential, which jobs do not keep; /v2/scrape takes it."
            )
        return super().wish()


class CrawlBody(_Body):
    """A site."""

    url: Address
    limit: int | None = Field(None, ge=1)
    include_paths: list[Pattern] = Field([], max_length=100)
    exclude_paths: list[Pattern] = Field([], max_length=100)
    max_discovery_depth: int | None = Field(None, ge=0)
    sitemap: Literal["include", "skip", "only"] = "include"
    ignore_query_parameters: bool = False
    deduplicate_similar_urls: bool = Field(True, alias="deduplicateSimilarURLs")
    regex_on_full_url: bool = Field(False, alias="regexOnFullURL")
    crawl_entire_domain: bool = False
    allow_external_links: bool = False
    allow_subdomains: bool = False
    ignore_robots_txt: bool = False
    delay: float | None = Field(None, ge=0, le=300)
    max_concurrency: int | None = Field(None, ge=1, le=_MAX_CONCURRENCY)
    scrape_options: JobPageOptions = Field(default_factory=JobPageOptions)

    def rules(self, *, max_pages: int, may_ignore_robots: bool) -> CrawlRules:
        """The same in our own words. Raises NotOffered, BadInput."""
        self.refuse_others()
        if self.limit is not None and self.limit > max_pages:
            raise BadInput(f"A crawl may have at most {max_pages} pages here.")
        if self.ignore_robots_txt and not may_ignore_robots:
            raise NotOffered("ignoreRobotsTxt is not offered: what robots.txt forbids is not crawled here.")
        return CrawlRules(
            limit=self.limit or min(_USUAL_PAGES, max_pages), max_depth=self.max_discovery_depth,
            include_paths=tuple(self.include_paths), exclude_paths=tuple(self.exclude_paths),
            regex_on_full_url=self.regex_on_full_url, crawl_entire_domain=self.crawl_entire_domain,
            allow_subdomains=self.allow_subdomains, allow_external_links=self.allow_external_links,
            ignore_query=self.ignore_query_parameters, deduplicate_similar=self.deduplicate_similar_urls,
            sitemap=self.sitemap, ignore_robots=self.ignore_robots_txt, delay_seconds=self.delay or 0.0,
            max_concurrency=self.max_concurrency,
        )  # fmt: skip


class BatchBody(JobPageOptions):
    """Many pages."""

    urls: list[Annotated[str, StringConstraints(max_length=8192, strip_whitespace=True)]] = Field(
        min_length=1
    )
    ignore_invalid_urls: bool = Field(True, alias="ignoreInvalidURLs")
    max_concurrency: int | None = Field(None, ge=1, le=_MAX_CONCURRENCY)


class MapBody(_Body):
    """A site whose addresses are wanted."""

    url: Address
    search: str | None = Field(None, max_length=1000)
    limit: int = Field(5000, ge=1, le=100_000)
    sitemap: Literal["include", "skip", "only"] = "include"
    include_subdomains: bool = True
    ignore_query_parameters: bool = True
    timeout: int | None = Field(None, gt=0, le=300_000)
    location: Location | None = None


def _format_of(wanted: str | dict[str, Any]) -> PageFormat:
    """A format by its name, or as an object with its `type`. Raises NotOffered for what needs a language model, and such."""
    name = wanted if isinstance(wanted, str) else str(wanted.get("type", ""))
    if name not in _FORMATS:
        offered = ", ".join(sorted(_FORMATS.keys() - {"screenshot@fullPage"}))
        raise NotOffered(f"The format {name[:64]!r} is not offered; these are: {offered}.")
    if isinstance(wanted, dict):
        further = {key for key, value in wanted.items() if value is not None} - {"type", "fullPage"}
        if further:
            raise NotOffered(f"{min(further)[:64]!r} of the format {name} is not offered.")
    return _FORMATS[name]
