"""PDF out: what is said is printed, what cannot be is told, and nothing of a page becomes an instruction."""

import pypdfium2
import pytest

from entrepot.content.formats.pdf import render
from entrepot.content.typesetting.length import cut_to_length
from tests.content.prints import document, pages_of, picture_count, png, printed, text_of

HOSTILE = [
    '#read("/etc/passwd")', '") #panic("out")', "] } ) #import", "\\u{41} \\\\ \\", "$x$ `y` *z* _w_ @ref <label>", "// no /* comment */",
    "#{let x = 1}", '"; plugin("x"); "', "\x00\x08\x1b\ufffe",
]  # fmt: skip
PICTURE = "https://harbour.example/crane.png"
DRAWING = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'><rect width='9' height='9'/>%s</svg>"
)


def test_pages_name_title_author_day_and_source() -> None:
    text = text_of("<p>Body", title="Second crane", author="Ann Ash", published_at="2026-03-01T08:00:00Z")
    assert text.startswith("Second crane Ann Ash · 2026-03-01 https://harbour.example/crane Body")
    assert text.endswith("https://harbour.example/crane 1 / 1")


def test_title_is_not_said_twice() -> None:
    assert text_of("<h1>Second  crane</h1><p>Body", title="Second crane").count("Second crane") == 1


def test_facts_are_in_the_file() -> None:
    opened = pypdfium2.PdfDocument(printed("<h2>One</h2><p>x", title="Crane", author="Ann").body)
    assert (opened.get_metadata_dict()["Title"], opened.get_metadata_dict()["Author"]) == ("Crane", "Ann")
    assert [entry.get_title() for entry in opened.get_toc()] == ["One"]
    opened.close()


def test_same_document_gives_the_same_bytes() -> None:
    fragment = f"<h2>One</h2><p>Text <img src='{PICTURE}'><pre><code class='language-python'>x = 1"
    assert printed(fragment, {PICTURE: png()}).body == printed(fragment, {PICTURE: png()}).body


@pytest.mark.parametrize("text", HOSTILE)
def test_words_are_never_instructions(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    fragment = f"<p>{escaped}</p><pre>{escaped}</pre><ul><li>{escaped}</ul><p>end"
    said = text_of(fragment, title=text, author=text)
    visible = " ".join(text.translate(dict.fromkeys([0, 8, 0x1B, 0xFFFE])).split())
    assert said.count(visible) >= 4 if visible else "end" in said


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("<p>a <b>b</b><i>c</i> <code>d_e</code> H<sub>2</sub>O <q>f</q> <del>g</del> <mark>h</mark> <kbd>Ctrl</kbd>", "a bc d_e H2O “f” g h Ctrl"),
        ("<ul><li>one<ol start=5><li>five<li>six</ol><li>two</ul>", "• one 5. five 6. six • two"),
        ("<ol><li value=7>seven<li>eight</ol>", "7. seven 8. eight"),
        ("<dl><dt>Term<dd>Meaning</dl>", "Term Meaning"),
        ("<dl>Loose <div><dt>Term<dd>Meaning <dl><dt>inner<dd>one</dl></div></dl>end", "Loose Term Meaning inner one end"),
        ("<p>before<a href='https://a.example/'><div><h2>Headed</h2></div> tail</a> after</p>", "before Headed tail after"),
        ("<p><b><ul><li>item</ul></b><span><table><tr><td>cell</table></span><i><pre>code</pre></i>", "• item cell code"),
        ("<h2><div>One</div> <div>two</div></h2>", "One two"),
        ("<dl><dt><h3>Term</h3><p>more</dl>", "Term more"),
        ("<blockquote><h3>Quoted</h3><table><caption><p>Cap</caption><tr><th><h4>Cell</table></blockquote>", "Quoted Cap Cell"),
        ("<ul><i>Loose</i> text <b>only</b></ul>", "Loose text only"),
        ("<ol><li>one</li>loose<li>two</ol>", "1. one loose 2. two"),
        ("<ol reversed><li>c<li>b<li>a</ol>", "3. c 2. b 1. a"),
        ("<blockquote><p>Outer<blockquote>Inner</blockquote></blockquote>", "Outer Inner"),
        ("<table><caption>Cap</caption><tr><th>A<th>B<tr><td>1<td>2</table>", "Cap A B 1 2"),
        ("<table><tr><td rowspan=9>a<td colspan=99>b<tr><td>c<tr><td>d<td>e<td>f</table>", "d e f"),
        ("<table><tr><td>o<table><tr><td>inner</table></table>", "o inner"),
        ("<details><summary>More</summary><p>Hidden</details>", "More Hidden"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢 (kan)"),
        ("<div>loose <p>para</p> tail</div>", "loose para tail"),
        ("<a href='https://a.example/'><div>block in a link</div></a>", "block in a link"),
        ("<ul><p>stray</p><li></ul>", "stray"),
        ("<h2></h2><p></p><table></table><ul></ul><pre></pre><hr><p>end", "end"),
        ("<figure><img src='https://a.example/a.png' alt='A crane'><figcaption>Lifting</figcaption></figure>", "[A crane] Lifting"),
    ],
)  # fmt: skip
def test_markup_is_printed(fragment: str, said: str) -> None:
    assert said in text_of(fragment)


def test_code_keeps_its_lines_and_indentation() -> None:
    opened = pypdfium2.PdfDocument(
        printed("<pre><code class='language-python'>def f():\n    return 1\n</code></pre>").body
    )
    lines = opened[0].get_textpage().get_text_range().splitlines()
    opened.close()
    assert "def f():" in [line.strip() for line in lines]
    assert any(line.startswith(" ") and line.strip() == "return 1" for line in lines)


def test_long_code_and_long_tables_go_over_pages() -> None:
    code = "\n".join(f"line {number}" for number in range(150))
    rows = "".join(f"<tr><td>{number}<td>value {number}" for number in range(120))
    pages = pages_of(
        printed(f"<pre>{code}</pre><table><thead><tr><th>No<th>Worth</thead>{rows}</table>").body
    )
    assert "line 149" in " ".join(pages)
    assert "value 119" in " ".join(pages)
    assert sum("No Worth" in page for page in pages) >= 2


@pytest.mark.parametrize(
    "fragment",
    [f"<p>{'x' * 3000}", f"<pre>{'y' * 3000}</pre>", "<table><tr>" + ("<td>" + "z" * 200) * 12 + "</table>"],
)
def test_no_word_leaves_the_page(fragment: str) -> None:
    opened = pypdfium2.PdfDocument(printed(fragment).body)
    width = opened[0].get_width()
    rights = [
        each.get_bounds()[2]
        for page in opened
        for each in page.get_objects()
        if each.type == pypdfium2.raw.FPDF_PAGEOBJ_TEXT
    ]
    opened.close()
    assert rights
    assert max(rights) < width - 30


@pytest.mark.parametrize("tag", ["div", "ul><li", "blockquote", "em", "table><tr><td"])
def test_deep_nesting_is_flattened(tag: str) -> None:
    assert "bottom" in text_of(f"<{tag}>" * 80 + "bottom")


def test_text_without_a_font_is_kept_and_told() -> None:
    made = printed("<p>before \U000e0fff\U00012345 after")
    (notice,) = made.notices
    assert notice.code == "glyphs-missing"
    assert "CUNEIFORM" in notice.message
    assert "before" in pages_of(made.body)[0]


def test_right_to_left_text_stands_right() -> None:
    opened = pypdfium2.PdfDocument(printed("<p>שלום עולם</p>", language="he").body)
    hebrew = [
        each.get_bounds()[0]
        for each in opened[0].get_objects()
        if each.type == pypdfium2.raw.FPDF_PAGEOBJ_TEXT
    ]
    width = opened[0].get_width()
    opened.close()
    assert max(hebrew) > width / 2


@pytest.mark.parametrize("language", ["x", "english", "de-DE", "zh_TW", '"]', "123"])
def test_any_language_will_do(language: str) -> None:
    assert "Wort" in text_of("<p>Wort", language=language)


# --- images -----------------------------------------------------------------------------------------------------------


def test_image_is_drawn() -> None:
    made = printed(f"<p>A <img src='{PICTURE}' alt='crane'>", {PICTURE: png(40, 20)})
    assert (picture_count(made.body), made.notices) == (1, ())


def test_drawing_is_drawn() -> None:
    made = printed(f"<img src='{PICTURE}'>", {PICTURE: DRAWING % b""})
    assert made.notices == ()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html>no", png()[:40], png(claimed=(30000, 30000)), b"\xff\xd8\xff\xe0", b"GIF89a\xff\xff\xff\xff", b"RIFFxxxxWEBPVP8 ",
        b"\x89PNG\r\n\x1a\n" + b"x" * 100, b"<svg>", b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + DRAWING % b"&a;",
        DRAWING % b"<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g><use href='#a'/>",
    ],
)  # fmt: skip
def test_image_that_cannot_be_drawn_is_described(data: bytes) -> None:
    made = printed(f"<p>A <img src='{PICTURE}' alt='tall crane'> B", {PICTURE: data})
    assert "A [tall crane] B" in pages_of(made.body)[0]
    assert [notice.code for notice in made.notices] == ["images-missing"]


def test_too_many_pixels_in_all_are_left_out() -> None:
    addresses = [f"https://a.example/{number}" for number in range(6)]
    big = png(5000, 4900)
    made = printed("".join(f"<img src='{each}'>" for each in addresses), dict.fromkeys(addresses, big))
    assert made.notices[0].message.startswith("2 of 6 images")


def test_without_a_fetcher_images_are_described() -> None:
    made = render(document(f"<img src='{PICTURE}' alt='crane'>"))
    assert "[crane]" in pages_of(made.body)[0]


def test_inline_image_is_drawn() -> None:
    made = printed(
        "<p>A <img src='data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%229%22 height=%229%22/%3E'>"
    )
    assert made.notices == ()


def test_content_too_long_is_printed_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_to_length, "__defaults__", (2000,))
    made = printed("<h2>Start</h2><div><p>Kept." + f"<p>{'word ' * 100}" * 9 + "<p>Never.</div><p>Last.")
    assert [notice.code for notice in made.notices] == ["print-cut"]
    text = " ".join(pages_of(made.body))
    assert "Start Kept. word" in text
    assert "Never." not in text
    assert "Last." not in text
