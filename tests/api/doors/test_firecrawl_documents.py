"""A page as Firecrawl's clients read it."""

from entrepot.api.doors.firecrawl_documents import document_of

PAGE = {
    "url": "https://a.example/", "final_url": "https://a.example/b", "status": 200, "title": "A", "language": None,
    "content_type": "text/html", "image": "https://a.example/p.png", "cache": {"hit": False, "fetched_at": "2026-01-01T00:00:00Z"},
}  # fmt: skip


def test_only_what_was_asked_for_is_there() -> None:
    assert document_of(PAGE).keys() == {"metadata"}
    assert document_of({**PAGE, "markdown": "m", "raw_html": "r"}).keys() == {
        "markdown",
        "rawHtml",
        "metadata",
    }


def test_facts_have_the_clients_names() -> None:
    assert document_of(PAGE)["metadata"] == {
        "title": "A", "ogImage": "https://a.example/p.png", "contentType": "text/html", "sourceURL": "https://a.example/",
        "url": "https://a.example/b", "statusCode": 200, "cacheState": "miss", "proxyUsed": "basic", "creditsUsed": 1,
    }  # fmt: skip


def test_cached_page_tells_since_when() -> None:
    metadata = document_of({**PAGE, "cache": {"hit": True, "fetched_at": "2026-01-01T00:00:00Z"}})["metadata"]
    assert (metadata["cacheState"], metadata["cachedAt"]) == ("hit", "2026-01-01T00:00:00Z")


def test_links_and_images_are_lists_without_repetition() -> None:
    links = [{"href": "x", "text": "1"}, {"href": "x", "text": "2"}, {"href": "y", "text": ""}]
    document = document_of(
        {**PAGE, "links": links, "images": [{"src": "p", "alt": ""}, {"src": "p", "alt": "a"}]}
    )
    assert (document["links"], document["images"]) == (["x", "y"], ["p"])


def test_warning_is_passed_on() -> None:
    assert document_of({**PAGE, "warning": "A log-in is asked for."})["warning"] == "A log-in is asked for."
