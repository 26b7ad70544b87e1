"""URLs: one normal form, what other parsers would read otherwise refused, references resolved."""

from urllib.parse import urlsplit

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import DestinationForbidden, InvalidURL
from entrepot.fetch.url import MAX_URL_CHARACTERS, URL, parse_url

NORMAL = {
    "http://example.org": "http://example.org/",
    "HTTP://EXAMPLE.org/A": "http://example.org/A",
    "https://example.org:443/": "https://example.org/",
    "http://example.org:80": "http://example.org/",
    "http://example.org:/": "http://example.org/",
    "http://example.org:0080/": "http://example.org/",
    "https://example.org:80/": "https://example.org:80/",
    "  \thttp://example.org/\r\n ": "http://example.org/",
    "http://example.org?q": "http://example.org/?q",
    "http://example.org/?": "http://example.org/?",
    "http://example.org#part": "http://example.org/",
    "http://example.org/a?b?c#d?e#f": "http://example.org/a?b?c",
    "http://example.org/a b": "http://example.org/a%20b",
    "http://example.org/\xe9?\xe9=\u2603": "http://example.org/%C3%A9?%C3%A9=%E2%98%83",
    "http://example.org/%e9%zz%": "http://example.org/%e9%zz%",
    'http://example.org/"<>^`{}': "http://example.org/%22%3C%3E%5E%60%7B%7D",
    "http://example.org/?\"<>'[\\]^`{|}": "http://example.org/?%22%3C%3E%27[\\]^`{|}",
    "http://example.org/!$%&'()*+,-./:;=@[]_|~": "http://example.org/!$%&'()*+,-./:;=@[]_|~",
    "http://example.org/a/./b/../c": "http://example.org/a/c",
    "http://example.org/a/%2e%2E/b/%2e": "http://example.org/b/",
    "http://example.org/../..": "http://example.org/",
    "http://example.org/a/..": "http://example.org/",
    "http://example.org//a//b": "http://example.org//a//b",
    "http://example.org/..a/.b/c..": "http://example.org/..a/.b/c..",
    "http://[::FFFF:1.2.3.4]:8080/": "http://[::ffff:102:304]:8080/",
    "http://0x7f.1/": "http://127.0.0.1/",
    "http://example.org/@127.0.0.1": "http://example.org/@127.0.0.1",
    "http://example.org?@127.0.0.1": "http://example.org/?@127.0.0.1",
    "http://example.org/http://127.0.0.1/": "http://example.org/http://127.0.0.1/",
}
INVALID = [
    "", " ", "http", "http:", "http:/", "http://", "http:///", "http:///example.org/", "http:example.org",
    "http:/example.org", "//example.org/", "/path", "example.org", "example.org:80", "example.org:80/x",
    "localhost:8080", "127.0.0.1", "http//example.org", ":http://x", "1http://example.org/", "http://?", "http://#",
    "http:\\\\example.org\\", "http://example.org\\@127.0.0.1/", "http://example.org/a\\b", "http:/\\example.org/",
    "http://user@example.org/", "http://user:pw@example.org/", "http://@example.org/", "http://:@example.org/",
    "http://example.org:80@127.0.0.1/", "http://127.0.0.1:80@example.org/", "http://a@b@c/",
    "http://example.org:65536/", "http://example.org:0/", "http://example.org:-1/", "http://example.org:+80/",
    "http://example.org:8 0/", "http://example.org:80:80/", "http://example.org:\uff18\uff10/", "http://example.org:a/",
    "http://example.org:000080/", "http://:80/", "http://[::1", "http://::1/", "http://[::1]a/", "http://[::1]:a/",
    "http://[::1]]/", "http://[[::1]]/", "http://a[::1]/", "http://exa mple.org/", "http://exa\tmple.org/",
    "ht\ntp://example.org/", "http://example.org/a\r\nHost: b", "http://example.org/\0",
    "http://example.org/\x7f", "http://example.org/\x85", "http://example.org/\ud800", "http://exa%0ample.org/",
    "http://.../", "http://[fe80::1%25lo]/", "http://" + "a" * MAX_URL_CHARACTERS,
    "http://example.org/" + "\u2603" * 2000,
]  # fmt: skip
OTHER_SCHEMES = [
    "ftp://example.org/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_", "data:text/plain,x", "javascript:alert(1)",
    "ws://example.org/", "unix:/var/run/docker.sock", "jar:http://example.org!/", "view-source:http://example.org/",
    "about:blank", "blob:http://example.org/x", "dict://127.0.0.1:11211/", "ytsearch5:cats", "C:\\Windows\\win.ini",
    "httpx://example.org/", "http+unix://x/", "feed:http://example.org/",
]  # fmt: skip


@pytest.mark.parametrize(("written", "url"), NORMAL.items())
def test_url_has_one_normal_form(written: str, url: str) -> None:
    assert str(parse_url(written)) == url


@pytest.mark.parametrize("written", INVALID)
def test_ambiguous_url_is_refused(written: str) -> None:
    with pytest.raises(InvalidURL):
        parse_url(written)


@pytest.mark.parametrize("written", OTHER_SCHEMES)
def test_other_scheme_is_forbidden(written: str) -> None:
    with pytest.raises(DestinationForbidden):
        parse_url(written)


def test_surrounding_blanks_are_dropped() -> None:
    assert str(parse_url("http://example.org/a\n")) == "http://example.org/a"


def test_longest_url_is_taken() -> None:
    url = "http://example.org/".ljust(MAX_URL_CHARACTERS, "a")
    assert str(parse_url(url)) == url
    with pytest.raises(InvalidURL):
        parse_url(url + "a")


@pytest.mark.parametrize(
    ("written", "url"),
    [("http://example.org/a", URL("http", "example.org", 80, "/a")),
     ("https://[::1]:8443?b", URL("https", "::1", 8443, "/?b"))],
)  # fmt: skip
def test_parts(written: str, url: URL) -> None:
    assert parse_url(written) == url


@pytest.mark.parametrize(
    ("written", "authority"),
    [("http://example.org:80/", "example.org"), ("http://example.org:81/", "example.org:81"),
     ("https://[::1]/", "[::1]"), ("https://[::1]:80/", "[::1]:80")],
)  # fmt: skip
def test_authority_names_no_default_port(written: str, authority: str) -> None:
    assert parse_url(written).authority == authority


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [("http://a.org/x", "http://A.org:80/y?z", True), ("http://a.org/", "https://a.org/", False),
     ("http://a.org/", "http://a.org:8080/", False), ("http://a.org/", "http://b.a.org/", False),
     ("http://127.0.0.1/", "http://0x7f.1/", True)],
)  # fmt: skip
def test_origin(one: str, other: str, is_same: bool) -> None:
    assert (parse_url(one).origin == parse_url(other).origin) is is_same


BASE = "http://a.org:81/b/c/d?q"
REFERENCES = {  # after RFC 3986, section 5.4
    "http://x.org/": "http://x.org/",
    "HTTPS://x.org": "https://x.org/",
    "//x.org/y": "http://x.org/y",
    "/y": "http://a.org:81/y",
    "y": "http://a.org:81/b/c/y",
    "./y": "http://a.org:81/b/c/y",
    "y/": "http://a.org:81/b/c/y/",
    "?y": "http://a.org:81/b/c/d?y",
    "y?z": "http://a.org:81/b/c/y?z",
    "#s": BASE,
    "": BASE,
    "  ": BASE,
    "y#s": "http://a.org:81/b/c/y",
    ".": "http://a.org:81/b/c/",
    "..": "http://a.org:81/b/",
    "../y": "http://a.org:81/b/y",
    "../../y": "http://a.org:81/y",
    "../../../y": "http://a.org:81/y",
    "/./y": "http://a.org:81/y",
    " y ": "http://a.org:81/b/c/y",
    "@evil.org": "http://a.org:81/b/c/@evil.org",
    ".evil.org": "http://a.org:81/b/c/.evil.org",
}


@pytest.mark.parametrize(("reference", "url"), REFERENCES.items())
def test_reference_is_resolved(reference: str, url: str) -> None:
    assert str(parse_url(BASE).join(reference)) == url


@pytest.mark.parametrize(
    ("reference", "kind"),
    [("\\\\x.org\\", InvalidURL), ("/\\x.org", InvalidURL), ("///x.org/", InvalidURL), ("http:///x", InvalidURL),
     ("http:y", InvalidURL), ("//u@x.org/", InvalidURL), ("/a\r\nb", InvalidURL), ("y" * 9000, InvalidURL),
     ("file:///etc/passwd", DestinationForbidden), ("y:z", DestinationForbidden), ("data:,", DestinationForbidden)],
)  # fmt: skip
def test_unusable_reference_is_refused(reference: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        parse_url(BASE).join(reference)


_HOSTILE = st.text(alphabet="ab1.:/?#@[]%\\ -x0\t\n\uff0e\xe9", max_size=24)


@settings(deadline=None)
@given(st.builds("http://{}".format, _HOSTILE) | st.builds("{}://{}".format, _HOSTILE, _HOSTILE))
def test_other_parsers_read_the_same_of_the_normal_form(text: str) -> None:
    try:
        url = parse_url(text)
    except (InvalidURL, DestinationForbidden):
        return
    written = str(url)
    assert parse_url(written) == url
    of_python, of_node = urlsplit(written), httptools.parse_url(written.encode())
    assert (of_python.scheme, of_python.hostname, of_python.port or 80) == (url.scheme, url.host, url.port)
    assert (of_node.host.decode(), of_node.port or 80) == (url.host, url.port)
    assert written.isascii()


@settings(deadline=None)
@given(_HOSTILE)
def test_reference_leads_to_a_normal_form(reference: str) -> None:
    try:
        url = parse_url(BASE).join(reference)
    except (InvalidURL, DestinationForbidden):
        return
    assert parse_url(str(url)) == url
