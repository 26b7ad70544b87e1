"""What a page says of itself: JSON-LD first, then OpenGraph and microdata, then plain meta tags, then what it shows."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import Any

from lxml.html import HtmlElement

from entrepot.content.document import Metadata
from entrepot.content.facts.byline import PROGRAMS, shown_author
from entrepot.content.facts.days import address_day, is_days_before, read_date
from entrepot.content.facts.declared import Declared
from entrepot.content.facts.landmarks import Landmarks
from entrepot.content.facts.shown import day_near, shown_day, updated_day
from entrepot.content.facts.structured import Node, address_of, json_ld_nodes
from entrepot.content.facts.surroundings import Surroundings, line_of
from entrepot.content.facts.title import Titles, heading_line, letters, page_title
from entrepot.content.markup.addresses import absolute, base_of

_SPACE = re.compile(r"\s+")
# Controls, marks that turn the direction of a text, halves of characters: no fact has them, and they lead readers astray.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
# Tags that stray into facts; others are what a page may well be about.
_TAG = re.compile(
    r"</?(?:a|b|big|br|em|font|i|img|mark|p|small|span|strong|sub|sup|u|wbr)(?:\s[^<>]{0,200})?\s?/?>",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_BY = re.compile(r"^(?:by|von|par|por|di|door)\s+", re.IGNORECASE)
_AUTHOR_TAGS = (
    "author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "parsely-author",
    "sailthru.author",
)
_DATE_TAGS = ("og:published_time", "date", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.created",
              "citation_publication_date", "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date",
              "publish_date", "published_date", "publication_date", "article.published", "article:published",
              "og:article:published_time", "datepublished", "article:post_date", "dc.date.created", "release_date",
              "published", "published-date", "published_at", "article.created")  # fmt: skip
_UNSET = frozenset({"[object object]", "null", "undefined"})
"""What scripts write where they know nothing."""

_MAX_TITLE = 500
_MAX_HEADINGS = 20
_MAX_DESCRIPTION = 5000
_MAX_ADDRESS = 8192
_MAX_PERSON = 200
_ROOM = 8
"""So many times its longest form is read of a text, which tags and entities may lengthen."""


def read_metadata(tree: HtmlElement, url: str, nodes: Sequence[Node] | None = None) -> Metadata:
    """The facts that the page at `url` gives; `tree` is the whole document, with its scripts.

    `nodes` is its JSON-LD, where that has been read already.
    """
    facts = Facts(tree, url, json_ld_nodes(tree) if nodes is None else nodes)
    return Metadata(
        title=facts.title,
        description=facts.description(),
        author=facts.author(),
        site_name=facts.site_name,
        published_at=facts.published_at(),
        modified_at=facts.modified_at(),
        language=facts.language,
        image=facts.image(),
        canonical_url=facts.canonical_url(),
    )


class Facts:
    """One page's sources of facts, each read once."""

    def __init__(self, tree: HtmlElement, url: str, nodes: Sequence[Node]) -> None:
        self._tree = tree
        self._url = url
        self._marks = Landmarks(tree)
        self._said = Declared(self._marks, nodes)
        self._base = base_of(self._marks.bases, url)

    @cached_property
    def _headings(self) -> list[tuple[HtmlElement, str]]:
        """The page's first headings of level one, with what they say."""
        outer = (h1 for h1 in self._marks.headings if next(h1.iterancestors("h1"), None) is None)
        read = ((h1, _text(heading_line(h1), _MAX_TITLE)) for h1 in islice(outer, _MAX_HEADINGS))
        return [(h1, text) for h1, text in read if text]

    @cached_property
    def _heading(self) -> HtmlElement | None:
        """The heading that says the title, or else the first of level one."""
        wanted = letters(self.title or "")
        said = (h1 for h1, text in self._headings if letters(text) == wanted)
        lower = islice(self._tree.iter("h2", "h3", "h4"), _MAX_HEADINGS)
        same = (element for element in lower if letters(line_of(element, _MAX_TITLE) or "") == wanted)
        first = self._headings[0][0] if self._headings else None
        return next(chain(said, same), first)

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings(self._tree, self._heading)

    @cached_property
    def title(self) -> str | None:
        return page_title(self.titles)

    @property
    def titles(self) -> Titles:
        """Everything that the page gives out as its title."""
        said = self._said
        declared = [said.linked("headline"), said.named("og:title"), said.named("twitter:title")]
        if not any(declared):
            declared = [said.item("headline")]
        return Titles(
            tuple(text for value in declared if (text := _text(value, _MAX_TITLE))),
            window=_text(self._tree.findtext(".//title"), _MAX_TITLE),
            headings=tuple(text for _, text in self._headings),
            site_name=self.site_name,
            url=self._url,
        )

    def description(self) -> str | None:
        said = self._said
        found = (said.named("og:description"), said.named("description", "dc.description", "dcterms.description"),
                 said.linked("description"), said.named("twitter:description"))  # fmt: skip
        return _first(found, _MAX_DESCRIPTION)

    def author(self) -> str | None:
        """People before the site itself, which many pages name where they do not name who wrote them."""
        said = self._said
        owners = {letters(name) for name in (self.site_name, said.publisher(), said.website()) if name}
        groups = (said.authors, lambda: [said.signature()], lambda: said.every(*_AUTHOR_TAGS), lambda: [said.item("author")],
                  lambda: [said.named("article:author", "byl")], lambda: [shown_author(self._marks, self._around, self._url)])  # fmt: skip
        site: list[str] = []
        for names in groups:
            people = _people(names())
            if people and not owners.issuperset(map(letters, people)):
                return ", ".join(people)
            site = site or people
        return ", ".join(site) or None

    @cached_property
    def site_name(self) -> str | None:
        said = self._said
        found = (said.named("og:site_name"), said.website(), said.publisher(), said.named("application-name"))
        return _first(found, _MAX_TITLE)

    def published_at(self) -> str | None:
        """The address is believed first, then data, unless the page shows an earlier day just below its heading."""
        dates = filter(None, map(read_date, self._publications()))
        if day := address_day(self._url):
            return next((date for date in dates if date.startswith(day)), day)
        said = next(dates, None)
        if said is None:
            return shown_day(self._tree, self._marks, self._around, is_month_first=self._is_month_first)
        shown = day_near(self._around, is_month_first=self._is_month_first)
        return shown if shown and is_days_before(shown, said) else said

    def _publications(self) -> Iterator[str | None]:
        """What data says of when the page was published, read as far as it is asked for."""
        said = self._said
        yield said.linked("datePublished")
        yield said.named("article:published_time")
        yield min(
            filter(None, map(read_date, map(said.item, ("dateCreated", "datePublished")))), default=None
        )
        yield said.named(*_DATE_TAGS)
        yield said.linked("uploadDate")
        yield said.linked("dateCreated")

    def modified_at(self) -> str | None:
        named = self._said.named(
            "article:modified_time", "og:updated_time", "dcterms.modified", "last-modified"
        )
        return (
            read_date(self._said.linked("dateModified"))
            or read_date(named)
            or read_date(self._said.item("dateModified"))
            or updated_day(self._around, is_month_first=self._is_month_first)
        )

    @cached_property
    def language(self) -> str | None:
        root = self._tree.getroottree().getroot()
        found = (root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang"),
                 self._said.linked("inLanguage"), self._said.named("og:locale"), self._said.named("content-language"))  # fmt: skip
        said = (value.split(",", 1)[0].strip() for value in found if value)
        return next((value.replace("_", "-") for value in said if _LANGUAGE.fullmatch(value)), None)

    @property
    def _is_month_first(self) -> bool | None:
        """How the page's language writes days in digits; None where that is not known."""
        language = (self.language or "").lower()
        return None if language in ("", "en") else language in ("en-us", "en-ph")

    def image(self) -> str | None:
        linked = next(
            (found for node in self._said.nodes[:1] if (found := address_of(node.get("image")))), None
        )
        return self._address(
            self._said.named("og:image:secure_url", "og:image", "og:image:url"),
            linked,
            self._said.named("twitter:image", "twitter:image:src"),
            self._said.link("image_src"),
        )

    def canonical_url(self) -> str | None:
        return self._address(self._said.link("canonical"), self._said.named("og:url"))

    def _address(self, *said: str | None) -> str | None:
        short = (value.strip() for value in said if value and len(value) <= _MAX_ADDRESS)
        meant = (value for value in short if value and value.lower() not in _UNSET)
        return next((found for value in meant if (found := absolute(self._base, value))), None)


def _first(found: Iterable[Any], longest: int) -> str | None:
    return next((text for value in found if (text := _text(value, longest))), None)


def _text(value: Any, longest: int) -> str | None:
    """One line of plain text: entities that were escaped twice and stray tags are resolved, unseen signs dropped."""
    if not isinstance(value, str):
        return None
    plain = _TAG.sub(" ", html.unescape(value.strip()[: _ROOM * longest]))
    line = _SPACE.sub(" ", _UNSEEN.sub("", plain)).strip()[:longest].rstrip()
    return line if line and line.lower() not in _UNSET else None


def _people(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for said in names if (name := _person(said))))


def _person(value: str | None) -> str | None:
    name = _BY.sub("", _text(value, _MAX_PERSON) or "").strip(" ,;|")
    is_name = len(name) < _MAX_PERSON and "://" not in name and not name.startswith(("@", "www."))
    return name if is_name and any(map(str.isalpha, name)) and name.lower() not in PROGRAMS else None
