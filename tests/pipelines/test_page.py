"""A page job keeps a page's main content as markdown, and nothing else."""

from entrepot.jobs.work import Kind, Stage
from tests.content.reading import ARTICLE, PROSE
from tests.origin.pages import ARTICLE_TITLE
from tests.origin.site import Site
from tests.pipelines.tasks import Studio

AUTHORED = (
    "<html><head><title>Second crane</title><meta name='author' content='Ann Ash'><link rel='canonical' href='/c'></head>"
    f"<body><nav><a href='/'>Home</a></nav><main>{ARTICLE}</main></body></html>"
)


def test_page_becomes_a_markdown_file(studio: Studio) -> None:
    report = studio.run("/article", Kind.PAGE)
    (file,) = report.files
    content = studio.bench.store.path(file.sha256).read_text()
    assert content.startswith(f"# {ARTICLE_TITLE}\n")
    assert "Home" not in content
    assert file.size_bytes == len(content.encode())
    assert (file.role, file.content_type) == ("main", "text/markdown; charset=utf-8")
    assert (file.name, file.library_path) == (f"{ARTICLE_TITLE}.md", f"pages/{ARTICLE_TITLE}.md")


def test_source_is_told(studio: Studio, site: Site) -> None:
    url = site.publish("/authored", AUTHORED)
    report = studio.run("/redirect?to=/authored", Kind.PAGE)
    assert report.outcome is not None
    source = report.outcome.source
    assert report.notes.sources == [source]
    assert (source.url, source.title, source.uploader) == (
        site.url("/redirect?to=/authored"),
        "Second crane",
        "Ann Ash",
    )
    assert source.details == {"final_url": url, "canonical_url": site.url("/c")}


def test_stages_follow_each_other(studio: Studio) -> None:
    report = studio.run("/article", Kind.PAGE)
    assert [step.stage for step in report.notes.steps] == [Stage.DOWNLOADING, Stage.CONVERTING, Stage.STORING]
    percents = [step.percent for step in report.notes.steps]
    assert percents == sorted(percents)


def test_page_without_a_title_is_named_after_its_host(studio: Studio, site: Site) -> None:
    site.publish("/untitled", f"<main>{ARTICLE}</main>")
    (file,) = studio.run("/untitled", Kind.PAGE).files
    assert file.name == "127.0.0.1.md"


def test_hostile_title_is_a_plain_name(studio: Studio, site: Site) -> None:
    site.publish("/named", f"<title>../../etc/\u202ecron\x07 {'x' * 400}</title><main>{ARTICLE}</main>")
    (file,) = studio.run("/named", Kind.PAGE).files
    assert "/" not in file.name
    assert ".." not in file.name.removesuffix(".md")
    assert "\u202e" not in file.name
    assert len(file.name.encode()) <= 255


def test_same_page_is_the_same_blob(studio: Studio) -> None:
    (first,) = studio.run("/article", Kind.PAGE).files
    (second,) = studio.run("/article", Kind.PAGE).files
    assert first == second


def test_wished_headers_are_sent(studio: Studio, site: Site) -> None:
    site.publish("/wished", AUTHORED)
    studio.run("/wished", Kind.PAGE, headers={"X-Wish": "rope"}, referer="https://a.example/")
    (headers,) = [told for target, told in site.request_headers if target == "/wished"]
    assert (headers["X-Wish"], headers["Referer"]) == ("rope", "https://a.example/")


def test_page_larger_than_wished_is_refused(studio: Studio) -> None:
    assert studio.run("/article", Kind.PAGE, max_filesize_bytes=100).code == "content-too-large"


def test_page_without_content_fails_and_stores_nothing(studio: Studio, site: Site) -> None:
    site.publish("/bare", "<title>Bare</title><script>show()</script>")
    assert studio.run("/bare", Kind.PAGE).code == "no-content"
    assert not [name for name in studio.bench.leftovers() if name.startswith("data/")]


def test_file_that_is_no_page_is_refused(studio: Studio) -> None:
    assert studio.run("/files/360p.webm", Kind.PAGE).code == "conversion-unsupported"


def test_plain_text_is_kept_as_it_is(studio: Studio, site: Site) -> None:
    site.publish("/notes.txt", "\n".join(PROSE), "text/plain")
    (file,) = studio.run("/notes.txt", Kind.PAGE).files
    assert studio.bench.store.path(file.sha256).read_text() == "\n".join(PROSE)
