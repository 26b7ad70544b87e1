"""The addresses in a sitemap."""

import gzip

import pytest

from entrepot.pipelines.sitemap import MAX_ADDRESSES, read_sitemap

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def test_pages_are_listed_in_order() -> None:
    body = f"{HEAD}<urlset {SPACE}><url><loc> https://a.example/1 </loc><lastmod>2026</lastmod></url><url><loc>https://a.example/?a=1&amp;b=2</loc></url></urlset>"
    assert read_sitemap(body.encode()).pages == ["https://a.example/1", "https://a.example/?a=1&b=2"]


def test_index_lists_further_sitemaps() -> None:
    body = (
        f"{HEAD}<sitemapindex {SPACE}><sitemap><loc>https://a.example/s1.xml</loc></sitemap></sitemapindex>"
    )
    found = read_sitemap(body.encode())
    assert (found.pages, found.sitemaps) == ([], ["https://a.example/s1.xml"])


def test_pictures_of_a_page_are_no_pages() -> None:
    body = f"<urlset {SPACE} xmlns:image='i'><url><loc>https://a.example/1</loc><image:image><image:loc>https://a.example/p.png</image:loc></image:image></url></urlset>"
    assert read_sitemap(body.encode()).pages == ["https://a.example/1"]


def test_compressed_sitemap_is_read() -> None:
    body = gzip.compress(b"<urlset><url><loc>https://a.example/1</loc></url></urlset>")
    assert read_sitemap(body).pages == ["https://a.example/1"]


def test_plain_list_is_read() -> None:
    assert read_sitemap(b"https://a.example/1\r\n\r\nnonsense\nhttp://a.example/2\n").pages == [
        "https://a.example/1",
        "http://a.example/2",
    ]


@pytest.mark.parametrize("end", ["<url><loc>https://a.example/2</loc>", "<url></loc></urlset>", "&nonsense;"])
def test_broken_sitemap_gives_what_could_be_read(end: str) -> None:
    assert (
        read_sitemap(f"<urlset><url><loc>https://a.example/1</loc></url>{end}".encode()).pages[0]
        == "https://a.example/1"
    )


@pytest.mark.parametrize(
    "body", [b"", b"<", b"\x1f\x8bnonsense", b"<html><body>no</body></html>", b"\xff\xfe\x00", b"{}"]
)
def test_what_is_no_sitemap_lists_nothing(body: bytes) -> None:
    found = read_sitemap(body)
    assert (found.pages, found.sitemaps) == ([], [])


def test_entities_are_refused() -> None:
    entities = "".join(
        f'<!ENTITY e{n} "{"&e" + str(n - 1) + ";" if n else "lol"}{"&e" + str(n - 1) + ";" if n else ""}">'
        for n in range(30)
    )
    body = f"<!DOCTYPE u [{entities}]><urlset><url><loc>https://a.example/&e29;</loc></url></urlset>"
    assert read_sitemap(body.encode()).pages == []


def test_bomb_is_unpacked_no_further_than_allowed() -> None:
    bomb = gzip.compress(b"<urlset><url><loc>https://a.example/1</loc></url>" + b" " * (60 * 1024**2))
    assert read_sitemap(bomb).pages == ["https://a.example/1"]


def test_no_more_addresses_are_taken_than_allowed() -> None:
    body = b"<urlset>" + b"<url><loc>https://a.example/</loc></url>" * (MAX_ADDRESSES + 5) + b"</urlset>"
    assert len(read_sitemap(body).pages) == MAX_ADDRESSES
