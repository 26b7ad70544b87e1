"""Which pages belong to a crawl, and which addresses mean the same page (pure)."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import re2

from entrepot.errors import BadInput
from entrepot.fetch.url import DEFAULT_PORTS, URL

SitemapMode = Literal["include", "skip", "only"]

MAX_PATTERNS = 100
MAX_PATTERN_CHARACTERS = 1000
_PATTERN_MEMORY_BYTES = 1024 * 1024
_TRACKING = re.compile(
    r"utm_.*|gclid|gclsrc|dclid|fbclid|msclkid|yclid|igshid|mc_[ce]id|_ga|_hs(?:enc|mi)|ref_src",
    re.IGNORECASE,
)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|xhtml|php|aspx?|jsp)$", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(?:7z|aac|apk|avi|avif|bin|bmp|bz2|css|deb|dmg|eot|exe|flac|flv|gif|gz|ico|iso|jar|jpe?g|js|m4[av]|map|mkv|mjs|mov"
    r"|mp[34]|mpe?g|msi|og[agv]|opus|otf|pkg|png|rar|rpm|svgz?|tar|tgz|tiff?|ttf|wasm|wav|web[mp]|wmv|woff2?|xz|zip|zst)$",
    re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CrawlRules:
    """What a crawl may do. `limit` counts pages; depths count links from the first page, None: without end.

    Paths are patterns in RE2's syntax, sought in the path (or in the whole address, `regex_on_full_url`).
    """

    limit: int = 10_000
    max_depth: int | None = None
    include_paths: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    regex_on_full_url: bool = False
    crawl_entire_domain: bool = False
    allow_subdomains: bool = False
    allow_external_links: bool = False
    ignore_query: bool = False
    deduplicate_similar: bool = True
    sitemap: SitemapMode = "include"
    ignore_robots: bool = False
    delay_seconds: float = 0.0
    max_concurrency: int | None = None
    time_limit_seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "CrawlRules":
        paths = {name: tuple(data.get(name, ())) for name in ("include_paths", "exclude_paths")}
        return CrawlRules(**{**data, **paths})


class Patterns:
    """Regular expressions that run in linear time, whatever a caller or a page thinks up."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Raises BadInput for a pattern that cannot be read, is too long or asks for too much memory."""
        if len(patterns) > MAX_PATTERNS:
            raise BadInput(f"At most {MAX_PATTERNS} patterns can be given.")
        self._compiled = [_compiled(pattern) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def match(self, text: str) -> bool:
        """Whether one of them is found in `text`."""
        return any(pattern.search(text) is not None for pattern in self._compiled)


class Scope:
    """The pages that a crawl may read, as seen from where it began: `start`, and `landed` where that redirected to."""

    def __init__(self, rules: CrawlRules, start: URL, landed: URL | None = None) -> None:
        """Raises BadInput for patterns that cannot be used."""
        self._rules = rules
        self._sites = {_site(start), _site(landed or start)}
        self._path = _folder_of_file(_path_of(start))
        self._include = Patterns(rules.include_paths)
        self._exclude = Patterns(rules.exclude_paths)

    def admits(self, url: URL, depth: int) -> bool:
        """Whether the page at `url`, so many links away, is to be read."""
        if self._rules.max_depth is not None and depth > self._rules.max_depth:
            return False
        return self.holds(url) and self._is_page(url) and self._is_wanted(url)

    def holds(self, url: URL) -> bool:
        """Whether `url` lies on the site, and below the first page's path where it has to."""
        if _site(url) in self._sites:
            return self._rules.crawl_entire_domain or _path_of(url).startswith(self._path)
        if self._rules.allow_external_links:
            return True
        return self._rules.allow_subdomains and any(_is_below(_site(url), site) for site in self._sites)

    def is_on_site(self, url: URL) -> bool:
        """Whether `url` is one whose content a page of this crawl may turn out to have."""
        return self._rules.allow_external_links or _site(url) in self._sites or (
            self._rules.allow_subdomains and any(_is_below(_site(url), site) for site in self._sites)
        )  # fmt: skip

    def _is_page(self, url: URL) -> bool:
        return not _NO_PAGE.search(_path_of(url))

    def _is_wanted(self, url: URL) -> bool:
        text = str(url) if self._rules.regex_on_full_url else _path_of(url)
        if self._exclude.match(text):
            return False
        return not self._include or self._include.match(text)


def page_key(url: URL, *, ignore_query: bool, deduplicate_similar: bool) -> str:
    """What all addresses of one page share, as 64 hex digits.

    Similar addresses differ in the scheme, `www.`, a slash or `index.html` at the end, the order of the query, or in
    what was added to it to track readers.
    """
    path, _, query = url.target.partition("?")
    query = "" if ignore_query else query
    if not deduplicate_similar:
        text = f"{url.scheme}://{url.authority}{path}?{query}"
    else:
        host, port = _site(url)
        text = f"{host}:{port}{_INDEX.sub('/', path).rstrip('/')}?{_plain_query(query)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _plain_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=None)
    return urlencode(sorted(pair for pair in pairs if not _TRACKING.fullmatch(pair[0])))


def _site(url: URL) -> tuple[str, int | None]:
    """Host without `www.`, and the port where it is not the scheme's own."""
    port = None if url.port == DEFAULT_PORTS[url.scheme] else url.port
    return url.host.removeprefix("www."), port


def _folder_of_file(path: str) -> str:
    """A start at `/docs/index.html` means the folder; any other path means itself and what lies below."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/" if "." in name else path


def _is_below(site: tuple[str, int | None], other: tuple[str, int | None]) -> bool:
    return site[1] == other[1] and site[0].endswith(f".{other[0]}")


def _path_of(url: URL) -> str:
    return url.target.partition("?")[0]


def _compiled(pattern: str) -> Any:
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise BadInput(f"A pattern may have at most {MAX_PATTERN_CHARACTERS} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY_BYTES
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        raise BadInput(f"The pattern {pattern[:80]!r} cannot be used: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
