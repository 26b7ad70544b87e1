"""What a page says of itself: a video's page, an article with a video in it, or neither."""

import pytest

from entrepot.pipelines.hints import PageHints, read_hints
from tests.origin import pages

BASE = "http://site.example"
WORDS = " ".join(["word"] * 50)
ARTICLE_LD = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x"}</script>'
VIDEO_LD = '<script type="application/ld+json">{"@type": "VideoObject", "name": "x"}</script>'
OG_VIDEO = '<meta property="og:video" content="http://x/v.mp4">'
PLAYER = '<video src="/v.mp4"></video>'


def _hints(html: str) -> PageHints:
    return read_hints(html.encode(), "text/html; charset=utf-8", f"{BASE}/page")


def _page(head: str, body: str, paragraphs: int = 0) -> str:
    return pages.page("Title", body + f"<p>{WORDS}</p>" * paragraphs, head)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (pages.json_ld(BASE), True),
        (pages.open_graph(BASE), True),
        (pages.video_tag(), True),
        (pages.video_of("/v.mp4"), True),
        (pages.article(), False),
        (_page("", ""), False),
        (_page("", PLAYER, 20), False),
        (_page(VIDEO_LD, "", 20), True),
        (_page(ARTICLE_LD, PLAYER), True),
        (_page(ARTICLE_LD, PLAYER, 3), False),
        (_page(ARTICLE_LD + VIDEO_LD, PLAYER, 20), False),
        (_page(ARTICLE_LD + OG_VIDEO, "", 20), False),
        (_page(OG_VIDEO, "", 20), True),
        (_page('<meta property="og:type" content="video.movie">', ""), True),
        (_page('<meta name="twitter:player" content="https://x/embed">', ""), True),
        (_page('<meta property="og:video" content="">', ""), False),
        (_page("", '<video autoplay muted loop src="/decoration.mp4"></video>'), False),
        (_page("", "<video></video>"), False),
        (_page("", '<audio><source src="/a.mp3"></audio>'), True),
        (_page("", '<iframe src="https://www.youtube.com/embed/x"></iframe>'), True),
        (_page("", '<iframe data-src="//player.vimeo.com/video/1"></iframe>'), True),
        (_page("", '<iframe src="https://ads.example/www.youtube.com/embed/"></iframe>'), False),
        (_page('<script type="application/ld+json">{"@graph": [{"@type": ["Thing", "Movie"]}]}</script>', ""), True),
        (_page('<script type="application/ld+json">{broken</script>', ""), False),
        ("", False),
        ("\x00\x01", False),
    ],
)  # fmt: skip
def test_page_about_media_is_told_from_one_to_read(html: str, expected: bool) -> None:
    assert _hints(html).is_about_media is expected


def test_title_author_and_picture_are_told() -> None:
    hints = _hints(pages.json_ld(BASE))
    assert hints.title == "Cranes at dawn"
    assert _hints(pages.open_graph(BASE)).image == f"{BASE}/files/thumbnail.jpg"


def test_hints_survive_the_way_between_processes() -> None:
    hints = _hints(pages.article())
    assert PageHints(**hints.as_dict()) == hints
