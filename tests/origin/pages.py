"""The test site's pages: what a video site, a newspaper and a podcast put into their HTML and XML."""

import json
from html import escape

ARTICLE_TITLE = "How the harbour of Saltmere got its second crane"

_PARAGRAPHS = (
    "For forty years the harbour of Saltmere lived with a single crane, and every ship that came in waited for it. "
    "The captains grew used to it, brought books, and knew the names of the dockers' children.",
    "Last spring the council found an unused crane in a yard two days' sail to the north. It had been built in 1961, "
    "had lifted timber for most of its life, and needed nothing but paint, four bolts and somebody who believed in it.",
    "Moving it took eleven nights. A barge carried the boom, a second one the cab, and a third the counterweight, "
    "which turned out to be heavier than its papers said and came in with the water a hand's breadth below the deck.",
    "Since then two ships can be unloaded at once. The waiting list at the pilot's office, which used to fill a page, "
    "now fits on the back of a postcard, and the bookshop by the quay has complained about its summer sales.",
)


def page(title: str, body: str, head: str = "") -> str:
    """One whole HTML page; `head` and `body` are HTML, `title` is text."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head>'
        f"<body><header><nav><a href='/'>Home</a> <a href='/feed.xml'>Feed</a></nav></header>"
        f"<main>{body}</main><footer>Made for tests.</footer></body></html>"
    )


def article() -> str:
    """A page with real text and no media at all."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in _PARAGRAPHS)
    return page(ARTICLE_TITLE, f"<article><h1>{escape(ARTICLE_TITLE)}</h1>{text}</article>",
                '<meta property="og:type" content="article">')  # fmt: skip


def json_ld(base: str, file: str = "/files/720p.mp4") -> str:
    """A page whose JSON-LD says that it is about a video."""
    data = {"@context": "https://schema.org", "@type": "VideoObject", "name": "Cranes at dawn", "duration": "PT6S",
            "description": "Six seconds of harbour.", "thumbnailUrl": f"{base}/files/thumbnail.jpg",
            "uploadDate": "2026-03-01T08:00:00Z", "contentUrl": f"{base}{file}",
            "author": {"@type": "Person", "name": "Saltmere TV"}}  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    return page("Cranes at dawn", "<h1>Cranes at dawn</h1><p>Watch it above.</p>", script)


def open_graph(base: str, file: str = "/files/480p.mp4") -> str:
    """A page that names its video in Open Graph properties."""
    head = (
        f'<meta property="og:title" content="Gulls at noon"><meta property="og:type" content="video.other">'
        f'<meta property="og:image" content="{base}/files/thumbnail.jpg">'
        f'<meta property="og:video" content="{base}{file}"><meta property="og:video:type" content="video/mp4">'
    )
    return page("Gulls at noon", "<h1>Gulls at noon</h1>", head)


def video_tag() -> str:
    """A plain `<video>` with one source for each quality, and subtitles."""
    sources = "".join(
        f'<source src="/files/{height}p.mp4" type="video/mp4" label="{height}p" res="{height}">'
        for height in (1080, 720, 480, 360)
    )
    tracks = "".join(
        f'<track kind="subtitles" srclang="{code}" src="/files/subtitles.{code}.vtt">'
        for code in ("en", "de")
    )
    return page("Nets at dusk", f'<video controls poster="/files/thumbnail.jpg">{sources}{tracks}</video>')


def video_of(url: str, title: str = "One video", kind: str = "video/mp4") -> str:
    """A page whose only video is the file at `url`, whatever that is."""
    return page(title, f'<video src="{escape(url)}" type="{escape(kind)}"></video>')


def feed(base: str, count: int = 3) -> str:
    """A podcast channel of `count` episodes with enclosures."""
    items = "".join(
        f"<item><title>Episode {number}</title><guid>episode-{number}</guid>"
        f"<pubDate>Sun, 0{number} Mar 2026 08:00:00 +0000</pubDate>"
        f'<enclosure url="{base}/files/audio.mp3?episode={number}" length="48629" type="audio/mpeg"/></item>'
        for number in range(1, count + 1)
    )
    return (f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Harbour radio</title>'
            f"<link>{base}/</link><description>Three short ones.</description>{items}</channel></rss>")  # fmt: skip
