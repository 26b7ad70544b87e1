"""The neutral document that every source is read into and every format is rendered from."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """What came from the origin. `content_type` is as it was declared; `fetched_at` is RFC 3339 in UTC."""

    body: bytes
    content_type: str | None
    url: str
    final_url: str
    status: int = 200
    fetched_at: str | None = None
    fetch_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of itself; what it does not say is None. Times are ISO 8601, addresses absolute."""

    title: str | None = None
    description: str | None = None
    author: str | None = None
    site_name: str | None = None
    published_at: str | None = None
    modified_at: str | None = None
    language: str | None = None
    image: str | None = None
    canonical_url: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the content; `href` is absolute."""

    href: str
    text: str
    rel: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the content; `src` is absolute."""

    src: str
    alt: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a reader should know of a content that is not all it could be. `code` is stable, kebab-case."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A source that is text already. `language` names its code language; empty: prose, to be left as it is."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document between formats: its facts, and its content as clean, safe HTML with absolute addresses.

    Where the source was no markup, `verbatim` holds its text and `fragment` shows the same as preformatted text.
    `kind` is the kind of page (article, forum, product, listing, collection, documentation, service) where it was told.
    """

    metadata: Metadata
    fragment: str
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    verbatim: Verbatim | None = None
    kind: str | None = None
    notices: tuple[Notice, ...] = ()
