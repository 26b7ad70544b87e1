"""JSON: a JSON source read into a document, and a document with all its facts written as JSON."""

import json
from dataclasses import asdict
from html import escape
from typing import Any

from entrepot.content.document import Document, Metadata, Page, Verbatim
from entrepot.content.encoding.charset import decode
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent


def read(page: Page, _options: ContentOptions) -> Document:
    """The source as a document, set out in lines where it is valid JSON. Raises NoContent when there is none."""
    text = _set_out(decode(page.body, page.content_type))
    if not text.strip():
        raise NoContent("The source is empty.")
    fragment = f'<pre><code class="language-json">{escape(text, quote=False)}</code></pre>'
    return Document(Metadata(), fragment, verbatim=Verbatim(text, "json"))


def describe(document: Document, page: Page, *, text: str, markdown: str) -> dict[str, Any]:
    """The document's members in JSON; `text` and `markdown` are its renderings.

    `kind` is the kind of page where it was told; `warning` is what all notices say, in one text, None for none.
    The same source, read the same way, gives the same members: what differs from fetch to fetch is left to the caller.
    """
    return {
        "url": page.url,
        "final_url": page.final_url,
        "status": page.status,
        "content_type": page.content_type,
        **document.metadata.as_dict(),
        "kind": document.kind,
        "text": text,
        "markdown": markdown,
        "links": [asdict(link) for link in document.links],
        "images": [asdict(image) for image in document.images],
        "word_count": len(text.split()),
        "warning": " ".join(notice.message for notice in document.notices) or None,
        "notices": [asdict(notice) for notice in document.notices],
    }


def render(members: dict[str, Any]) -> str:
    """The members as JSON text, characters as themselves."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"


def _set_out(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
