"""Feeds become one page of their entries."""

import pytest

from entrepot.content.format import Format
from entrepot.errors import DocumentBroken, NoContent
from tests.content.written import ATOM, JSON_FEED, RSS, markdown_of, notices_of, rendering

FULL = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbour &amp; sea</title><link>https://harbour.example/</link>
<description>All&nbsp;news</description><language>en-gb</language><lastBuildDate>Tue, 03 Mar 2026 08:00:00 GMT</lastBuildDate>
<item><title>A &lt;b&gt;crane&lt;/b&gt; &amp;amp; more</title><link>/crane</link><pubDate>Mon, 02 Mar 2026 08:00:00 +0100</pubDate>
<dc:creator>Ann Lee</dc:creator><description>short</description><content:encoded><![CDATA[<p>It <b>came</b>.<script>x()</script>
<img src="/crane.png" alt="the crane"></p>]]></content:encoded><enclosure url="https://harbour.example/talk.mp3"/></item>
<item><guid>https://harbour.example/two</guid><description>&lt;p&gt;Escaped &amp;lt; words&lt;/p&gt;</description></item></channel></rss>"""
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>Old news'
    "</title></channel><item><title>One</title><link>https://harbour.example/1</link></item></rdf:RDF>"
)
XHTML = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><title>One</title><link rel="alternate" href="/1"/>'
    '<author><name>Bo</name></author><published>2026-03-01T08:00:00Z</published><content type="xhtml">'
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>hi <em>you</em></p></div></content></entry></feed>'
)


@pytest.mark.parametrize("feed", [RSS, ATOM, JSON_FEED], ids=["rss", "atom", "json"])
def test_entry_is_a_heading_that_links(feed: str) -> None:
    found = markdown_of(feed)
    assert found.startswith("# Harbour news\n\n## [A crane](https://harbour.example/crane)\n")
    assert "came" in found


def test_full_content_goes_before_the_summary() -> None:
    found = markdown_of(FULL, "text/xml")
    assert "It **came**." in found
    assert "short" not in found
    assert "![the crane](https://harbour.example/crane.png)" in found
    assert "x()" not in found


def test_titles_are_plain_text() -> None:
    assert "## [A crane & more](https://harbour.example/crane)" in markdown_of(FULL, "text/xml")


def test_date_and_author_stand_under_the_heading() -> None:
    assert "2026-03-02T08:00:00+01:00 · Ann Lee" in markdown_of(FULL).replace("\\", "")


def test_entry_without_title_is_named_by_its_address() -> None:
    assert "## <https://harbour.example/two>" in markdown_of(FULL)
    assert "Escaped < words" in markdown_of(FULL).replace("\\", "").replace("&lt;", "<")


def test_attachment_is_a_link() -> None:
    assert "https://harbour.example/talk.mp3" in markdown_of(FULL)


def test_facts_of_the_feed_are_read() -> None:
    found = rendering(FULL, Format.TEXT, "application/rss+xml").metadata
    assert (found.title, found.description, found.language) == ("Harbour & sea", "All news", "en-gb")
    assert (found.modified_at, found.canonical_url) == (
        "2026-03-03T08:00:00+00:00",
        "https://harbour.example/",
    )


def test_rdf_is_read_as_a_feed() -> None:
    assert markdown_of(RDF, "application/rdf+xml") == "# Old news\n\n## [One](https://harbour.example/1)\n"


def test_markup_in_markup_is_kept() -> None:
    assert "hi *you*" in markdown_of(XHTML)
    assert "2026-03-01T08:00:00+00:00 · Bo" in markdown_of(XHTML).replace("\\", "")


def test_selector_works_on_the_page_of_entries() -> None:
    assert markdown_of(RSS, selector="h1") == "# Harbour news\n"


@pytest.mark.parametrize(
    "said", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +9999999999", "soon"]
)
def test_date_that_is_none_is_left_out(said: str) -> None:
    found = markdown_of(FULL.replace("Mon, 02 Mar 2026 08:00:00 +0100", said), "text/xml")
    assert "It **came**." in found
    assert "99999" not in found
    assert "soon" not in found


def test_broken_feed_is_read_as_far_as_it_goes() -> None:
    assert "A crane" in markdown_of(RSS.replace("</item></channel></rss>", "<item><title>unfinished &nope;"))


def test_feed_with_too_many_entries_is_cut_and_said() -> None:
    body = RSS.replace("</channel>", "<item><title>x</title></item>" * 1001 + "</channel>")
    assert notices_of(body) == {"truncated"}


@pytest.mark.parametrize(
    "body", ["<rss version='2.0'><channel></channel></rss>", "<feed xmlns='http://www.w3.org/2005/Atom'/>"]
)
def test_empty_feed_has_no_content(body: str) -> None:
    with pytest.raises(NoContent):
        markdown_of(body, "text/xml")


@pytest.mark.parametrize("body", ["[1]", '{"items"', "words"])
def test_what_is_no_json_feed_is_broken(body: str) -> None:
    with pytest.raises(DocumentBroken):
        markdown_of(body, "application/feed+json")


def test_what_is_no_feed_is_broken() -> None:
    with pytest.raises(DocumentBroken):
        markdown_of("<note/>", "application/rss+xml")
