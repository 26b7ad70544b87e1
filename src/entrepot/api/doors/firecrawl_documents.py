"""A page as Firecrawl's clients read it (pure)."""

from collections.abc import Mapping
from typing import Any

_FACTS = {
    "title": "title", "description": "description", "language": "language", "author": "author", "image": "ogImage",
    "site_name": "ogSiteName", "published_at": "publishedTime", "modified_at": "modifiedTime",
    "content_type": "contentType",
}  # fmt: skip
_TEXTS = {"markdown": "markdown", "html": "html", "raw_html": "rawHtml", "screenshot": "screenshot"}


def document_of(page: Mapping[str, Any]) -> dict[str, Any]:
    """The page, as `Scraper.scrape` gives it, with the members that were asked for."""
    document = {theirs: page[ours] for ours, theirs in _TEXTS.items() if ours in page}
    if "links" in page:
        document["links"] = list(dict.fromkeys(link["href"] for link in page["links"]))
    if "images" in page:
        document["images"] = list(dict.fromkeys(image["src"] for image in page["images"]))
    if page.get("warning"):
        document["warning"] = page["warning"]
    return {**document, "metadata": _metadata_of(page)}


def _metadata_of(page: Mapping[str, Any]) -> dict[str, Any]:
    facts = {theirs: page[ours] for ours, theirs in _FACTS.items() if page.get(ours)}
    cache = page.get("cache") or {}
    is_hit = bool(cache.get("hit"))
    if is_hit and cache.get("fetched_at"):
        facts["cachedAt"] = cache["fetched_at"]
    return {
        **facts,
        "sourceURL": page["url"],
        "url": page.get("final_url") or page["url"],
        "statusCode": page.get("status") or 200,
        "cacheState": "hit" if is_hit else "miss",
        "proxyUsed": "basic",
        "creditsUsed": 1,
    }
