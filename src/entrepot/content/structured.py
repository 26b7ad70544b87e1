"""Structured data that pages carry: JSON-LD, read leniently and within bounds."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lxml.html import HtmlElement

_MAX_NODES = 2000
_MAX_SCRIPT_CHARS = 2_000_000

ARTICLE_TYPES = frozenset({
    "Article", "NewsArticle", "BlogPosting", "TechArticle", "ScholarlyArticle", "Report", "AnalysisNewsArticle",
    "OpinionNewsArticle", "ReportageNewsArticle", "ReviewNewsArticle", "BackgroundNewsArticle", "LiveBlogPosting",
    "SocialMediaPosting", "DiscussionForumPosting", "AdvertiserContentArticle", "MedicalScholarlyArticle", "APIReference",
})  # fmt: skip
_WORK_TYPES = frozenset({
    "Recipe", "Product", "VideoObject", "Book", "Movie", "Event", "JobPosting", "HowTo", "QAPage", "Question", "Review",
    "SoftwareApplication", "Course", "Dataset", "PodcastEpisode", "CreativeWork", "MusicRecording", "FAQPage",
})  # fmt: skip
_PAGE_TYPES = frozenset({"WebPage", "ItemPage", "AboutPage", "ProfilePage", "CollectionPage", "ContactPage"})

Node = Mapping[str, Any]


def json_ld_nodes(tree: HtmlElement) -> list[Node]:
    """Every typed node of the page's JSON-LD, those that describe the page's own work first.

    Broken scripts are passed over: what a page says of itself is never a reason to fail.
    """
    found: list[Node] = []
    for script in tree.iterfind('.//script[@type="application/ld+json"]'):
        text = script.text or ""
        if len(text) <= _MAX_SCRIPT_CHARS:
            found.extend(_typed_nodes(_parse(text), _MAX_NODES - len(found)))
    return sorted(found, key=_rank)


def types_of(node: Node) -> frozenset[str]:
    """A node's schema.org types, without their vocabulary's address."""
    said = node.get("@type")
    names = said if isinstance(said, list) else [said]
    return frozenset(name.rsplit("/", 1)[-1] for name in names if isinstance(name, str))


def names_of(value: Any) -> list[str]:
    """The names in a person, an organisation, a string, or a list of these."""
    if isinstance(value, list):
        return [name for item in value[:20] for name in names_of(item)]
    if isinstance(value, Mapping):
        value = value.get("name")
        return names_of(value) if isinstance(value, list) else [value] if isinstance(value, str) else []
    return [value] if isinstance(value, str) else []


def address_of(value: Any) -> str | None:
    """The first address in an ImageObject, a string, or a list of these."""
    if isinstance(value, list):
        return next((found for item in value[:20] if (found := address_of(item))), None)
    if isinstance(value, Mapping):
        value = value.get("url") or value.get("contentUrl") or value.get("@id")
        return address_of(value) if isinstance(value, list) else value if isinstance(value, str) else None
    return value if isinstance(value, str) else None


def _parse(text: str) -> Any:
    """The script's value; comment and CDATA wrappers, which some generators write, are taken off."""
    text = text.strip().removeprefix("<!--").removeprefix("//<![CDATA[").removeprefix("<![CDATA[")
    text = text.strip().removesuffix("-->").removesuffix("//]]>").removesuffix("]]>").rstrip("; \n\t")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _typed_nodes(value: Any, limit: int) -> Iterator[Node]:
    """Walks lists, `@graph` and main entities breadth first, without recursion."""
    waiting = [value]
    given = 0
    for item in waiting:
        if len(waiting) > 2 * _MAX_NODES or given >= limit:
            return
        if isinstance(item, list):
            waiting.extend(item[:_MAX_NODES])
        elif isinstance(item, Mapping):
            if types_of(item):
                given += 1
                yield item
            waiting.extend(item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item)


def _rank(node: Node) -> int:
    types = types_of(node)
    groups = (ARTICLE_TYPES, _WORK_TYPES, _PAGE_TYPES)
    return next((place for place, group in enumerate(groups) if types & group), len(groups))
