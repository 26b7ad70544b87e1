"""How Jina Reader's clients are answered: its text form, its JSON, its events, its errors (pure)."""

import json
import math
from collections.abc import Mapping
from typing import Any

from entrepot.errors import AppError, BadInput

_STATUS_OK = 20000


def as_text(
    page: Mapping[str, Any], form: str, *, with_links: bool = False, with_images: bool = False
) -> str:
    """The page as plain text: with its title and source above it where the content was asked for, else bare."""
    if form != "content":
        return str(page["content"])
    parts = [f"Title: {_line(page.get('title'))}", f"URL Source: {page['url']}"]
    if page.get("published_at"):
        parts.append(f"Published Time: {_line(page['published_at'])}")
    if page.get("warning"):
        parts.append(f"Warning: {_line(page['warning'])}")
    text = "\n\n".join([*parts, f"Markdown Content:\n{page['content']}"])
    if with_images:
        pictures = [f"- ![{name}]({src})" for name, src in _images(page).items()]
        text += "\n\nImages:\n" + "\n".join(pictures)
    if with_links:
        text += "\n\nLinks/Buttons:\n" + "\n".join(
            f"- [{name}]({href})" for name, href in _links(page).items()
        )
    return text.rstrip("\n") + "\n"


def as_data(
    page: Mapping[str, Any], form: str, *, with_links: bool = False, with_images: bool = False
) -> dict[str, Any]:
    """The members of `data`."""
    tokens = math.ceil(len(str(page["content"])) / 4)
    data: dict[str, Any] = {
        "title": page.get("title") or "",
        "description": page.get("description") or "",
        "url": page["url"],
        ("html" if form == "html" else "text" if form == "text" else "content"): page["content"],
    }
    if page.get("published_at"):
        data["publishedTime"] = page["published_at"]
    if page.get("warning"):
        data["warning"] = page["warning"]
    if with_links:
        data["links"] = _links(page)
    if with_images:
        data["images"] = _images(page)
    return {**data, "metadata": _metadata(page), "usage": {"tokens": tokens}}


def envelope(data: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON answer around `data`."""
    usage = data.get("usage") or {"tokens": 0}
    return {"code": 200, "status": _STATUS_OK, "data": data, "meta": {"usage": usage}}


def error_body(error: AppError) -> dict[str, Any]:
    """An error as JSON askers expect it; `code` is the HTTP status."""
    is_their_fault = isinstance(error, BadInput)
    name = "ParamValidationError" if is_their_fault else type(error).__name__
    return {
        "data": None, "code": error.status, "status": error.status * 100 + (1 if is_their_fault else 0), "name": name,
        "message": error.detail, "readableMessage": f"{name}: {error.detail}", "reason": error.code,
    }  # fmt: skip


def event(name: str, data: Mapping[str, Any]) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _metadata(page: Mapping[str, Any]) -> dict[str, Any]:
    names = {"language": "lang", "author": "author", "site_name": "og:site_name", "image": "og:image"}
    return {theirs: page[ours] for ours, theirs in names.items() if page.get(ours)}


def _links(page: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for link in page.get("links", []):
        found.setdefault(_line(link.get("text")) or link["href"], link["href"])
    return found


def _images(page: Mapping[str, Any]) -> dict[str, str]:
    pictures = enumerate(page.get("images", []), 1)
    return {
        f"Image {number}: {_line(image.get('alt'))}".rstrip(": "): image["src"] for number, image in pictures
    }


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
