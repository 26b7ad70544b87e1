"""A first look at a URL: where it leads, what type it has, how large it is, and its first bytes."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from entrepot.content.sniff import HTML_TYPES, SNIFFED_BYTES, media_type_of
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, raise_for_status
from entrepot.fetch.url import parse_url
from entrepot.media.sniff import sniff_media

MAX_HEAD_BYTES = 512 * 1024
LIMITS = Limits(max_bytes=1 << 62, total_seconds=20, idle_seconds=10)

_ACCEPT = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_HLS_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*#EXTM3U")
_DASH_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,200}?\?>)?(?:\s|<!--.{0,2000}?-->)*<(?:\w+:)?MPD\b", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Look:
    """`url` is the final one; `size_bytes` None: not announced, or announced for packed bytes."""

    url: str
    media_type: str
    content_type: str | None
    size_bytes: int | None
    head: bytes

    @property
    def is_html(self) -> bool:
        return self.media_type in HTML_TYPES

    @property
    def is_manifest(self) -> bool:
        """An HLS playlist (RFC 8216, section 4.3.1.1) or a DASH description: an address list of one stream."""
        return bool(_HLS_START.match(self.head) or _DASH_START.match(self.head))

    @property
    def is_media_file(self) -> bool:
        return sniff_media(self.head) is not None

    @property
    def name(self) -> str | None:
        """The last part of the path; None where there is none."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2] or None


async def look_at(client: FetchClient, url: str) -> Look:
    """Fetches no more than is needed to tell. Raises what the client raises, and the errors of a bad status."""
    async with client.stream(FetchRequest(parse_url(url), headers=_ACCEPT), LIMITS) as response:
        raise_for_status(response)
        declared = response.headers.get("Content-Type")
        head = b""
        async for chunk in response.chunks():
            head += chunk
            if len(head) >= MAX_HEAD_BYTES or _tells_enough(head, declared):
                break
        return Look(
            url=str(response.url),
            media_type=media_type_of(head, declared),
            content_type=declared,
            size_bytes=response.content_length,
            head=head[:MAX_HEAD_BYTES],
        )


def _tells_enough(head: bytes, declared: str | None) -> bool:
    """Whether more bytes would change nothing: of a page, all that it says of itself is wanted."""
    return len(head) >= SNIFFED_BYTES and media_type_of(head, declared) not in HTML_TYPES
