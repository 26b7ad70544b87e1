"""What a page says of itself: JSON-LD first, then OpenGraph and microdata, then plain meta tags, then what it shows."""

import html
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from htmldate import find_date
from lxml.html import HtmlElement
from trafilatura.metadata import extract_author

from entrepot.content.document import Metadata
from entrepot.content.structured import address_of, json_ld_nodes, names_of, types_of

_T = TypeVar("_T")
_SPACE = re.compile(r"\s+")
# Tags that stray into facts; others are what a page may well be about.
_TAG = re.compile(
    r"</?(?:a|b|big|br|em|font|i|img|mark|p|small|span|strong|sub|sup|u|wbr)(?:\s[^<>]{0,200})?\s?/?>",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BY = re.compile(r"^(?:by|von|par|por|di|door)\s+", re.IGNORECASE)
_TITLE_SEPARATORS = re.compile(r"\s+[|–—·»:•-]\s+|\s*[|»•]\s*|:\s+")
_MAX_TITLE = 500
_MAX_DESCRIPTION = 5000


def read_metadata(tree: HtmlElement, url: str) -> Metadata:
    """The facts that the page at `url` gives; `tree` is the whole document, with its scripts."""
    facts = _Facts(tree, url)
    site_name = facts.site_name()
    return Metadata(
        title=facts.title(site_name),
        description=facts.description(),
        author=facts.author(),
        site_name=site_name,
        published_at=facts.published_at(),
        modified_at=facts.modified_at(),
        language=facts.language(),
        image=facts.image(),
        canonical_url=facts.canonical_url(),
    )


class _Facts:
    """One page's sources of facts, each read once."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self._tree = tree
        self._base = base_of(tree, url)
        self._nodes = json_ld_nodes(tree)
        self._meta = _meta_tags(tree)
        self._items = _microdata(tree)

    def title(self, site_name: str | None) -> str | None:
        shown = _text(self._tree.findtext(".//title"), _MAX_TITLE)
        headings = [_text(heading.text_content(), _MAX_TITLE) for heading in self._tree.iterfind(".//h1")]
        said = _first(
            (
                self._linked("headline"),
                self._named("og:title"),
                self._item("headline"),
                self._named("twitter:title"),
            ),
            _MAX_TITLE,
        )
        if said:
            return _without_site(said, site_name)
        if shown and len(headings) == 1 and headings[0] and headings[0].casefold() in shown.casefold():
            return headings[0]
        return _without_site(shown, site_name) or next((heading for heading in headings if heading), None)

    def description(self) -> str | None:
        found = (self._named("og:description"), self._named("description", "dc.description", "dcterms.description"),
                 self._linked("description"), self._named("twitter:description"))  # fmt: skip
        return _first(found, _MAX_DESCRIPTION)

    def author(self) -> str | None:
        named = self._named(
            "author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author", "sailthru.author"
        )
        for names in (
            self._authors(),
            [self._item("author")],
            [named],
            [self._named("article:author", "byl")],
        ):
            people = [name for said in names if (name := _person(said))]
            if people:
                return ", ".join(dict.fromkeys(people))
        return _person(extract_author(self._tree))

    def site_name(self) -> str | None:
        publisher = next(
            (names for node in self._nodes if (names := names_of(node.get("publisher")))), [None]
        )[0]
        site = next((node.get("name") for node in self._nodes if "WebSite" in types_of(node)), None)
        return _first(
            (self._named("og:site_name"), site, publisher, self._named("application-name")), _MAX_TITLE
        )

    def published_at(self) -> str | None:
        named = self._named("article:published_time", "og:published_time", "date", "dc.date", "dc.date.issued", "dcterms.date",
                            "dcterms.created", "citation_publication_date", "parsely-pub-date", "sailthru.date",
                            "pubdate", "publishdate", "publish-date")  # fmt: skip
        found = (self._linked("datePublished"), self._item("datePublished"), named, self._linked("uploadDate"),
                 self._linked("dateCreated"))  # fmt: skip
        return next((date for said in found if (date := _date(said))), None) or self._shown_date()

    def modified_at(self) -> str | None:
        named = self._named("article:modified_time", "og:updated_time", "dcterms.modified", "last-modified")
        found = (self._linked("dateModified"), self._item("dateModified"), named)
        return next((date for said in found if (date := _date(said))), None)

    def language(self) -> str | None:
        root = self._tree.getroottree().getroot()
        found = (root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang"),
                 self._linked("inLanguage"), self._named("og:locale"), self._named("content-language"))  # fmt: skip
        said = (str(value).split(",")[0].strip() for value in found if value)
        return next((value.replace("_", "-") for value in said if _LANGUAGE.fullmatch(value)), None)

    def image(self) -> str | None:
        linked = next((found for node in self._nodes[:1] if (found := address_of(node.get("image")))), None)
        shown = self._tree.find('.//link[@rel="image_src"]')
        return self._address(
            self._named("og:image:secure_url", "og:image", "og:image:url"),
            linked,
            self._named("twitter:image", "twitter:image:src"),
            shown.get("href") if shown is not None else None,
        )

    def canonical_url(self) -> str | None:
        links = (
            link.get("href") for link in self._tree.iterfind(".//link[@href]") if "canonical" in _rels(link)
        )
        return self._address(next(links, None), self._named("og:url"))

    def _authors(self) -> list[Any]:
        return next((names for node in self._nodes if (names := names_of(node.get("author")))), [])

    def _linked(self, key: str) -> Any:
        """A fact of the JSON-LD nodes that describe a work or the page, the main one's first."""
        return next(
            (value for node in self._nodes if isinstance(value := node.get(key), str) and value.strip()), None
        )

    def _named(self, *names: str) -> str | None:
        return next((self._meta[name] for name in names if self._meta.get(name)), None)

    def _item(self, prop: str) -> str | None:
        return self._items.get(prop)

    def _shown_date(self) -> str | None:
        """The date that the page shows or has in its address, as an extractor guesses it."""
        return _date(
            _guess(lambda: find_date(self._tree, original_date=True, extensive_search=False, url=self._base))
        )

    def _address(self, *said: Any) -> str | None:
        return next((found for value in said if value and (found := absolute(self._base, str(value)))), None)


def base_of(tree: HtmlElement, url: str) -> str:
    """What relative addresses in the page refer to (HTML §2.4.3)."""
    base = tree.find(".//base[@href]")
    return (absolute(url, base.get("href") or "") if base is not None else None) or url


def absolute(base: str, reference: str) -> str | None:
    """`reference` as an absolute http or https address; None where it is none."""
    try:
        joined = urljoin(base, _SPACE.sub("%20", reference.strip()))
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in ("http", "https") and parts.netloc else None


def _meta_tags(tree: HtmlElement) -> dict[str, str]:
    """The first content of each `<meta>`, by its lower-case name, property or http-equiv."""
    found: dict[str, str] = {}
    for tag in tree.iterfind(".//meta[@content]"):
        name = tag.get("property") or tag.get("name") or tag.get("http-equiv")
        if name and (content := (tag.get("content") or "").strip()):
            found.setdefault(name.strip().lower(), content)
    return found


def _microdata(tree: HtmlElement) -> dict[str, str]:
    """The first value of each microdata property that is used here."""
    found: dict[str, str] = {}
    for element in tree.iterfind(".//*[@itemprop]"):
        for prop in (element.get("itemprop") or "").split():
            if prop in ("headline", "author", "datePublished", "dateModified") and prop not in found:
                name = element.find('.//*[@itemprop="name"]')
                shown = element if name is None else name
                value = shown.get("content") or shown.get("datetime") or shown.text_content()
                if value.strip():
                    found[prop] = value
    return found


def _rels(link: HtmlElement) -> list[str]:
    return (link.get("rel") or "").lower().split()


def _first(found: Iterable[Any], longest: int) -> str | None:
    return next((text for value in found if (text := _text(value, longest))), None)


def _text(value: Any, longest: int) -> str | None:
    """One line of plain text: entities that were escaped twice and stray tags are resolved."""
    if not isinstance(value, str):
        return None
    plain = _SPACE.sub(" ", _TAG.sub(" ", html.unescape(value))).strip()
    return plain[:longest] or None


def _person(value: Any) -> str | None:
    name = _BY.sub("", _text(value, 200) or "").strip(" ,;|")
    return name if name and "://" not in name and not name.startswith(("@", "www.")) else None


def _without_site(title: str | None, site_name: str | None) -> str | None:
    """Takes the site's name off a title's end or start, where it stands apart."""
    if not title or not site_name:
        return title
    for cut in reversed(list(_TITLE_SEPARATORS.finditer(title))):
        if _same(title[cut.end() :], site_name):
            return title[: cut.start()].strip() or title
    for cut in _TITLE_SEPARATORS.finditer(title):
        if _same(title[: cut.start()], site_name):
            return title[cut.end() :].strip() or title
    return title


def _same(one: str, other: str) -> bool:
    return "".join(filter(str.isalnum, one.casefold())) == "".join(filter(str.isalnum, other.casefold()))


def _date(value: Any) -> str | None:
    """A date or time as ISO 8601; None for what is no date. A time without a zone stays without one."""
    if not isinstance(value, str) or not (said := value.strip()):
        return None
    parsed = _guess(lambda: datetime.fromisoformat(said)) or _guess(lambda: parsedate_to_datetime(said))
    if parsed is None:
        found = _DATE.match(said)
        parsed = _guess(lambda: datetime.fromisoformat(found.group())) if found else None
        return parsed.date().isoformat() if parsed else None
    has_time = "T" in said.upper() or ":" in said
    return parsed.isoformat() if has_time else parsed.date().isoformat()


def _guess(read: Callable[[], _T]) -> _T | None:
    """What a lenient reader of foreign text makes of it; None where it gives up."""
    try:
        return read()
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return None
