"""What a page says of itself: JSON-LD first, then OpenGraph and microdata, then plain meta tags, then what it shows."""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.document import Metadata
from entrepot.content.shown import day_in, shown_author, shown_date
from entrepot.content.structured import Node, address_of, json_ld_nodes, names_of, types_of
from entrepot.content.title import heading_line, said_title, shown_title

_T = TypeVar("_T")
_SPACE = re.compile(r"\s+")
# Tags that stray into facts; others are what a page may well be about.
_TAG = re.compile(
    r"</?(?:a|b|big|br|em|font|i|img|mark|p|small|span|strong|sub|sup|u|wbr)(?:\s[^<>]{0,200})?\s?/?>",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_BY = re.compile(r"^(?:by|von|par|por|di|door)\s+", re.IGNORECASE)
# Addresses that joining leaves as they are, and paths that only a host is missing from: most of a page's, and joining is slow.
_WHOLE_ADDRESS = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)(?:/[\w/%~!$&'()*+,=:@.-]*)?", re.ASCII)
_ROOTED_PATH = re.compile(r"(?!.*/\.)/(?!/)[\w/%~!$&'()*+,=:@.-]*(?:\?[\w/%~!$&'()*+,=:@.-]+)?", re.ASCII)
_NAMED_ITEMS = etree.XPath("descendant::*[@itemprop]")
_MAX_TITLE = 500
_MAX_HEADINGS = 20
_MAX_DESCRIPTION = 5000
_MAX_DATE_CHARS = 60


def read_metadata(tree: HtmlElement, url: str, nodes: Sequence[Node] | None = None) -> Metadata:
    """The facts that the page at `url` gives; `tree` is the whole document, with its scripts.

    `nodes` is its JSON-LD, where that has been read already.
    """
    facts = _Facts(tree, url, json_ld_nodes(tree) if nodes is None else nodes)
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

    def __init__(self, tree: HtmlElement, url: str, nodes: Sequence[Node]) -> None:
        self._tree = tree
        self._url = url
        self._base = base_of(tree, url)
        self._nodes = nodes
        self._meta = _meta_tags(tree)
        self._items = _microdata(tree)

    def title(self, site_name: str | None) -> str | None:
        shown = _text(self._tree.findtext(".//title"), _MAX_TITLE)
        lines = map(heading_line, islice(self._tree.iter("h1"), _MAX_HEADINGS))
        headings = [heading for line in lines if (heading := _text(line, _MAX_TITLE))]
        said = _first(
            (
                self._linked("headline"),
                self._named("og:title"),
                self._item("headline"),
                self._named("twitter:title"),
            ),
            _MAX_TITLE,
        )
        return said_title(said, headings, site_name) if said else shown_title(shown, headings, site_name)

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
        return _person(shown_author(self._tree))

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
                            "pubdate", "publishdate", "publish-date", "publish_date", "published_date", "publication_date",
                            "article.published", "article:published", "og:article:published_time", "datepublished",
                            "article:post_date", "dc.date.created", "release_date", "published", "published-date",
                            "published_at", "article.created")  # fmt: skip
        found = (self._linked("datePublished"), self._item("datePublished"), named, self._linked("uploadDate"),
                 self._linked("dateCreated"))  # fmt: skip
        said = next((date for value in found if (date := _date(value))), None)
        return said or shown_date(self._tree, self._url)

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

    def _address(self, *said: Any) -> str | None:
        return next((found for value in said if value and (found := absolute(self._base, str(value)))), None)


def base_of(tree: HtmlElement, url: str) -> str:
    """What relative addresses in the page refer to (HTML §2.4.3)."""
    base = tree.find(".//base[@href]")
    return (absolute(url, base.get("href") or "") if base is not None else None) or url


def absolute(base: str, reference: str) -> str | None:
    """`reference` as an absolute http or https address; None where it is none."""
    plain = reference.strip()
    if _WHOLE_ADDRESS.fullmatch(plain):
        return plain
    if _ROOTED_PATH.fullmatch(plain) and (origin := _origin(base)):
        return origin + plain
    try:
        joined = urljoin(base, _SPACE.sub("%20", plain))
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in ("http", "https") and parts.netloc else None


@lru_cache(maxsize=64)
def _origin(base: str) -> str | None:
    """Scheme and host of a base that rooted paths can just follow."""
    found = _WHOLE_ADDRESS.fullmatch(base)
    return found[1] if found else None


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
    for element in _NAMED_ITEMS(tree):
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


def _date(value: Any) -> str | None:
    """A date or time as ISO 8601; None for what is no date. A time without a zone stays without one."""
    if not isinstance(value, str) or not (said := value.strip()):
        return None
    parsed = _guess(lambda: datetime.fromisoformat(said)) or _guess(lambda: parsedate_to_datetime(said))
    if parsed is None:
        return day_in(said[:_MAX_DATE_CHARS])
    has_time = "T" in said.upper() or ":" in said
    return parsed.isoformat() if has_time else parsed.date().isoformat()


def _guess(read: Callable[[], _T]) -> _T | None:
    """What a lenient reader of foreign text makes of it; None where it gives up."""
    try:
        return read()
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return None
