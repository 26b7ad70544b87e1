"""Names and types that origins tell, made safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.fetch.url import parse_url
from entrepot.pipelines.names import MAX_NAME_BYTES, clean_name, clean_type, name_file, suffix_for

URL = parse_url("http://origin.example/dir/page.bin?name=x.exe")
FALLBACK = "page.bin"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (None, FALLBACK),
        ("", FALLBACK),
        ("inline", FALLBACK),
        ("attachment; filename=a.txt", "a.txt"),
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("ATTACHMENT; FILENAME=a.txt", "a.txt"),
        ('attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ('attachment; filename="semi;colon.txt"', "semi;colon.txt"),
        ("attachment; filename = spaced.txt ; size=3", "spaced.txt"),
        ("attachment; filename=plain.txt; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("attachment; filename*=UTF-8''na%C3%AFve.txt; filename=plain.txt", "naïve.txt"),
        ("attachment; filename*=iso-8859-1'en'%A3%20rates.txt", "£ rates.txt"),
        ("attachment; filename*=UTF-8''%FF%FE.txt; filename=plain.txt", "plain.txt"),
        ("attachment; filename*=utf-16''x; filename=plain.txt", "plain.txt"),
        ("attachment; xfilename=wrong.txt", FALLBACK),
        ('attachment; filename="unclosed.txt', FALLBACK),
    ],
)
def test_disposition_gives_the_name(disposition: str | None, name: str) -> None:
    assert name_file(disposition, URL, "") == name


@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("C:\\autoexec.bat", "autoexec.bat"),
        ("a/..", FALLBACK),
        ("..", FALLBACK),
        (".", FALLBACK),
        ("/", FALLBACK),
        (" ", FALLBACK),
        (".htaccess", "htaccess"),
        ("...hidden", "hidden"),
        ("trailing. . ", "trailing"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("line\nbreak.txt", "line break.txt"),
        ("tab\tstop.txt", "tab stop.txt"),
        ("bell\x07.txt", "bell.txt"),
        ("\x1b[31mred.txt", "[31mred.txt"),
        ("gnp\u202etxt.exe", "gnptxt.exe"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("\ufeffmark.txt", "mark.txt"),
        ("line\u2028end.txt", "lineend.txt"),
        ("e\u0301.txt", "é.txt"),
        ("~root", "~root"),
        ("$HOME", "$HOME"),
        ("%2e%2e%2fx", "%2e%2e%2fx"),
        ("-rf", "-rf"),
        ("\ud800.txt", "txt"),
    ],
)
def test_hostile_name_is_one_harmless_component(hostile: str, name: str) -> None:
    assert (clean_name(hostile) or FALLBACK) == name


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("/a/report.pdf", "application/pdf", "report.pdf"),
        ("/a/report", "application/pdf", "report.pdf"),
        ("/a/song", "audio/mpeg", "song.mp3"),
        ("/a/", "text/html; charset=utf-8", "download.html"),
        ("/", "", "download"),
        ("/a", "application/octet-stream", "a"),
        ("/a", "text/plain", "a"),
        ("/%2e%2e%2fetc%2fpasswd", "", "passwd"),
        ("/..%5C..%5Cboot.ini", "", "boot.ini"),
        ("/Gr%C3%BC%C3%9Fe.txt", "", "Grüße.txt"),
        ("/x.exe?name=y.txt", "", "x.exe"),
    ],
)
def test_address_gives_the_name_where_nobody_tells_it(path: str, content_type: str, name: str) -> None:
    assert name_file(None, parse_url(f"http://origin.example{path}"), content_type) == name


@pytest.mark.parametrize(
    ("long", "ending"), [("a" * 300 + ".txt", ".txt"), ("ü" * 300 + ".tar", ".tar"), ("x." + "y" * 300, "y")]
)
def test_long_name_keeps_its_ending_where_it_is_one(long: str, ending: str) -> None:
    name = clean_name(long)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(ending)


@given(st.text(max_size=400))
def test_no_text_makes_a_dangerous_name(text: str) -> None:
    name = clean_name(text)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert not set(name) & set("/\\\x00\n\r\u202e")
    assert not name.startswith((".", " "))
    assert clean_name(name) == name


@given(st.text(max_size=120))
def test_no_disposition_makes_a_dangerous_name(disposition: str) -> None:
    name = name_file(disposition, URL, "")
    assert name
    assert "/" not in name
    assert name not in (".", "..")


@pytest.mark.parametrize(
    ("header", "name", "expected"),
    [
        ("video/mp4", "x.bin", "video/mp4"),
        ("Text/HTML; Charset=UTF-8", "x", "text/html; charset=utf-8"),
        ('text/plain; charset="iso-8859-1"; x=y', "x", "text/plain; charset=iso-8859-1"),
        ("text/html; charset=<script>", "x", "text/html"),
        (None, "x.pdf", "application/pdf"),
        ("", "x", "application/octet-stream"),
        ("nonsense", "x.mp3", "audio/mpeg"),
        ("application/octet-stream", "x.mp4", "video/mp4"),
        ("application/octet-stream", "x.tar.gz", "application/octet-stream"),
        ("text/html\r\nSet-Cookie: a=b", "x", "application/octet-stream"),
        ("text/" + "x" * 100, "x", "application/octet-stream"),
    ],
)
def test_type_is_plain_and_known(header: str | None, name: str, expected: str) -> None:
    assert clean_type(header, name) == expected


@pytest.mark.parametrize(
    ("content_type", "suffix"),
    [("image/jpeg", ".jpg"), ("text/markdown; charset=utf-8", ".md"), ("text/plain", ""), ("x/unheard-of", ""),
     ("application/octet-stream", ""), ("", "")],
)  # fmt: skip
def test_suffix_is_the_usual_one(content_type: str, suffix: str) -> None:
    assert suffix_for(content_type) == suffix
