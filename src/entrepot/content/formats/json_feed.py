"""Feeds in JSON (JSON Feed 1.1), read as one page of their entries."""

import json
from typing import Any

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import escape
from entrepot.content.documents.feed_page import MAX_ENTRIES, Entry, date_of, feed_page
from entrepot.content.encoding.charset import decode
from entrepot.content.markup.addresses import absolute
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, NoContent


def read(page: Page, options: ContentOptions) -> Document:
    """The feed's title and entries. Raises DocumentBroken for what is no feed, NoContent for an empty one."""
    try:
        feed = json.loads(decode(page.body, page.content_type))
    except (ValueError, RecursionError) as error:
        raise DocumentBroken("The feed is no JSON.") from error
    if not isinstance(feed, dict):
        raise DocumentBroken("The file is no feed.")
    listed = feed.get("items")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    title, description = _text(feed, "title"), _text(feed, "description")
    if not items and not title:
        raise NoContent("The feed has no entries.")
    metadata = Metadata(
        title=title or None, description=description or None, site_name=title or None, author=_authors(feed) or None,
        language=_text(feed, "language") or None, image=_address(page, feed, "icon"),
        canonical_url=_address(page, feed, "home_page_url"),
    )  # fmt: skip
    entries = [_entry(item) for item in items[:MAX_ENTRIES]]
    notice = Notice("truncated", f"Entries after the first {MAX_ENTRIES} are left out.")
    markup = feed_page(title, description, entries, page.final_url)
    return assemble(markup, metadata, page.final_url, options, (notice,) if len(items) > MAX_ENTRIES else ())


def _address(page: Page, holder: dict[str, Any], name: str) -> str | None:
    said = _text(holder, name)
    return absolute(page.final_url, said) if said else None


def _entry(item: dict[str, Any]) -> Entry:
    plain = _text(item, "content_text") or _text(item, "summary")
    attached = item.get("attachments")
    return Entry(
        title=_text(item, "title"),
        address=_text(item, "url") or _text(item, "external_url") or None,
        date=date_of(_text(item, "date_published") or _text(item, "date_modified")),
        author=_authors(item),
        content=_text(item, "content_html") or "".join(f"<p>{escape(part)}</p>" for part in plain.split("\n\n") if part),
        media=tuple(_text(each, "url") for each in attached if isinstance(each, dict) and _text(each, "url"))
        if isinstance(attached, list) else (),
    )  # fmt: skip


def _authors(holder: dict[str, Any]) -> str:
    listed = holder.get("authors") or [holder.get("author")]
    people = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return ", ".join(filter(None, (_text(each, "name") for each in people)))


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value.strip() if isinstance(value, str) else ""
