"""Footnotes in the usual shapes of pages are footnotes in every format."""

import pytest

from tests.content.reading import html_content, markdown, text

PANDOC = (
    '<p>One<a href="#fn1" class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a> two.</p>'
    '<section id="footnotes" class="footnotes" role="doc-endnotes"><hr><ol><li id="fn1"><p>The note.'
    '<a href="#fnref1" class="footnote-back" role="doc-backlink">↩︎</a></p></li></ol></section>'
)
GITHUB = (
    '<p>One<sup><a href="#user-content-fn-1" id="user-content-fnref-1" data-footnote-ref>1</a></sup> two.</p>'
    '<section data-footnotes class="footnotes"><ol><li id="user-content-fn-1"><p>The note. '
    '<a href="#user-content-fnref-1" class="data-footnote-backref">↩</a></p></li></ol></section>'
)
KRAMDOWN = (
    '<p>One<sup id="fnref:1"><a href="#fn:1" class="footnote" rel="footnote" role="doc-noteref">1</a></sup> two.</p>'
    '<div class="footnotes" role="doc-endnotes"><ol><li id="fn:1"><p>The note. '
    '<a href="#fnref:1" class="reversefootnote" role="doc-backlink">&#8617;</a></p></li></ol></div>'
)
MEDIAWIKI = (
    '<p>One<sup id="cite_ref-x_1-0" class="reference"><a href="#cite_note-x-1"><span>[</span>1<span>]</span></a></sup> two.</p>'
    '<ol class="references"><li id="cite_note-x-1"><span class="mw-cite-backlink">^ <a href="#cite_ref-x_1-0">Jump up to: <sup>a</sup>'
    '</a> <a href="#cite_ref-x_1-1"><sup>b</sup></a></span> <span class="reference-text">The note.</span></li></ol>'
)
EPUB = (
    '<p>One<a epub:type="noteref" href="#n1">1</a> two.</p>'
    '<aside epub:type="footnote" id="n1"><p>The note.</p></aside>'
)
WORD = (
    '<p>One<a href="#_ftn1" name="_ftnref1"><sup>[1]</sup></a> two.</p>'
    '<p><a href="#_ftnref1" name="_ftn1">[1]</a> The note.</p>'
)
DOCUTILS = (
    '<p>One<a class="footnote-reference brackets" href="#f1" id="id1" role="doc-noteref"><span>[</span>1<span>]</span></a> two.</p>'
    '<aside class="footnote brackets" id="f1" role="doc-footnote"><span class="label"><span>[</span><a role="doc-backlink" href="#id1">1</a>'
    "<span>]</span></span><p>The note.</p></aside>"
)
SHAPES = {
    "pandoc": PANDOC, "github": GITHUB, "kramdown": KRAMDOWN, "epub": EPUB, "word": WORD, "docutils": DOCUTILS,
}  # fmt: skip


def test_citations_of_a_wiki_stay_links_to_its_list() -> None:
    found = markdown(MEDIAWIKI)
    assert "#cite_note-x-1)" in found
    assert "1. ^" in found
    assert "The note." in found


@pytest.mark.parametrize("links", ["inline", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_note_is_one_in_markdown(shape: str, links: str) -> None:
    assert markdown(SHAPES[shape], links=links) == "One[^1] two.\n\n[^1]: The note.\n"


@pytest.mark.parametrize("shape", ["github", "kramdown", "epub", "docutils"])
def test_note_is_told_in_text(shape: str) -> None:
    assert text(SHAPES[shape]) == "One[1] two.\n\n[1] The note.\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_note_has_its_place_in_html(shape: str) -> None:
    found = html_content(SHAPES[shape])
    assert found.count('role="doc-noteref"') == 1
    assert found.count('role="doc-endnotes"') == 1
    assert found.count(" id=") == 1


def test_notes_keep_their_labels() -> None:
    page = (
        '<p>a<sup><a href="#fn-a">*</a></sup> b<sup><a href="#fn-b">n 1</a></sup> c<sup><a href="#fn-c">n 1</a></sup>'
        ' d<sup><a href="#fn-b">n 1</a></sup></p>'
        '<ol class="footnotes"><li id="fn-a">A</li><li id="fn-b">B</li><li id="fn-c">C</li></ol>'
    )
    assert markdown(page) == "a[^1] b[^n-1] c[^3] d[^n-1]\n\n[^1]: A\n\n[^n-1]: B\n\n[^3]: C\n"


def test_note_of_several_blocks_is_indented() -> None:
    page = '<p>a<sup><a href="#fn1">1</a></sup></p><ol class="footnotes"><li id="fn1"><p>A</p><ul><li>x</li></ul></li></ol>'
    assert markdown(page) == "a[^1]\n\n[^1]: A\n\n    - x\n"


def test_note_that_nothing_refers_to_stays_an_item() -> None:
    page = '<p>a<sup><a href="#fn1">1</a></sup></p><ol class="footnotes"><li id="fn1">A</li><li id="fn2">B</li></ol>'
    assert markdown(page) == "a[^1]\n\n1. B\n\n[^1]: A\n"


@pytest.mark.parametrize(
    "page",
    [
        '<p>a<sup><a href="#fn9">1</a></sup></p><p id="x">b</p>',
        '<p><a href="#part">1</a></p><h2 id="part">Part</h2>',
        '<ul><li><a href="#s1">1</a></li></ul><div id="s1">Section</div>',
        '<p><a href="https://other.example/#fn1"><sup>1</sup></a></p><ol class="footnotes"><li id="fn1">A</li></ol>',
    ],
)
def test_link_that_refers_to_no_note_is_a_link(page: str) -> None:
    assert "[^" not in markdown(page)


def test_words_that_look_like_a_note_are_words() -> None:
    assert markdown("<p>x [^1] y</p>") == "x \\[^1] y\n"
