"""A feed as one readable page: its title, then its entries with their links, dates, authors and contents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from entrepot.content.documents.blocks import element, escape, link
from entrepot.content.facts.days import internet_moment, mail_moment
from entrepot.content.markup.addresses import absolute

MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `content` is HTML that nobody has cleaned yet, `media` the addresses of its enclosures."""

    title: str = ""
    address: str | None = None
    date: str | None = None
    author: str = ""
    content: str = ""
    media: tuple[str, ...] = ()


def feed_page(title: str, description: str, entries: Iterable[Entry], base: str) -> str:
    """The feed's HTML; addresses are made absolute by `base`. It is to be cleaned by whoever asked for it."""
    pieces = [element("h1", escape(title)), element("p", escape(description))]
    for entry in entries:
        address = absolute(base, entry.address) if entry.address else None
        heading = escape(entry.title) or escape(address or "")
        facts = " · ".join(filter(None, (escape(entry.date or ""), escape(entry.author))))
        pieces += [element("h2", link(heading, address)), element("p", facts), f"<div>{entry.content}</div>"]
        pieces += [
            element("p", link(escape(media), media))
            for each in entry.media
            if (media := absolute(base, each))
        ]
    return "\n".join(filter(None, pieces))


def date_of(said: str | None) -> str | None:
    """A feed's date (RFC 822 or RFC 3339) as ISO 8601; None for what is neither."""
    text = (said or "").strip()
    if found := internet_moment(text):
        return found.isoformat()
    mailed = mail_moment(text)
    return (mailed if mailed.tzinfo else mailed.replace(tzinfo=UTC)).isoformat() if mailed else None
