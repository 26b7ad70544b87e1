"""What a page's HTML says of itself: its title, its picture, and whether it is about a video (pure).

A newspaper's article with a video in it stays an article; a video's page with a paragraph of description stays a video.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from lxml.html import HtmlElement

from entrepot.content.encoding.charset import decode
from entrepot.content.facts.metadata import read_metadata
from entrepot.content.facts.structured import ARTICLE_TYPES, json_ld_nodes, types_of
from entrepot.content.markup.tree import parse_html

WORDS_OF_AN_ARTICLE = 250
WORDS_OF_A_SHORT_ARTICLE = 80

_VIDEO_TYPES = frozenset(
    {"VideoObject", "Clip", "Movie", "TVEpisode", "AudioObject", "PodcastEpisode", "MusicRecording"}
)
_VIDEO_PROPERTIES = frozenset({"og:video", "og:video:url", "og:video:secure_url", "og:audio", "twitter:player",
                               "twitter:player:stream"})  # fmt: skip
_EMBEDS = re.compile(
    r"^(?:https?:)?//(?:www\.)?(?:youtube(?:-nocookie)?\.com/embed/|player\.vimeo\.com/video/|(?:geo\.)?dailymotion\.com/"
    r"(?:embed|player)|player\.twitch\.tv/|fast\.wistia\.(?:net|com)/embed/|players\.brightcove\.net/|streamable\.com/[eo]/"
    r"|rumble\.com/embed/|odysee\.com/\$/embed/|w\.soundcloud\.com/player|cdnapisec\.kaltura\.com/)", re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageHints:
    """`is_about_media`: the page is there for a video or a sound, so an extractor should have a look at it."""

    is_about_media: bool
    title: str | None = None
    image: str | None = None
    author: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_hints(body: bytes, content_type: str | None, url: str) -> PageHints:
    """What the first part of a page, `body`, tells."""
    tree = parse_html(decode(body, content_type))
    metadata = read_metadata(tree, url)
    return PageHints(is_about_media(tree), metadata.title, metadata.image, metadata.author)


def is_about_media(tree: HtmlElement) -> bool:
    """Weighs what the page declares and shows against how much there is to read."""
    types = frozenset[str]().union(*(types_of(node) for node in json_ld_nodes(tree)))
    properties = _properties(tree)
    is_article = bool(types & ARTICLE_TYPES) or properties.get("og:type", "").startswith("article")
    limit = WORDS_OF_A_SHORT_ARTICLE if is_article else WORDS_OF_AN_ARTICLE
    if types & _VIDEO_TYPES or properties.keys() & _VIDEO_PROPERTIES or _is_of_video_type(properties):
        return not is_article or _words_to_read(tree) < WORDS_OF_AN_ARTICLE
    return (_shows_player(tree) or _embeds_player(tree)) and _words_to_read(tree) < limit


def _properties(tree: HtmlElement) -> dict[str, str]:
    """Open Graph's and Twitter's properties that have a content; the first of each."""
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").strip().lower()
        content = (meta.get("content") or "").strip()
        if name.startswith(("og:", "twitter:")) and content:
            found.setdefault(name, content.lower())
    return found


def _is_of_video_type(properties: dict[str, str]) -> bool:
    return properties.get("og:type", "").startswith(("video", "music.song"))


def _shows_player(tree: HtmlElement) -> bool:
    """A `<video>` or `<audio>` with something to play; silent loops are decoration."""
    for player in tree.iter("video", "audio"):
        attributes = {str(name).lower() for name in player.attrib}
        if {"autoplay", "muted", "loop"} <= attributes:
            continue
        if player.get("src") or any(source.get("src") for source in player.iter("source")):
            return True
    return False


def _embeds_player(tree: HtmlElement) -> bool:
    return any(
        _EMBEDS.match((frame.get("src") or frame.get("data-src") or "").strip())
        for frame in tree.iter("iframe")
    )


def _words_to_read(tree: HtmlElement) -> int:
    return sum(len(paragraph.text_content().split()) for paragraph in tree.iter("p"))
