"""What the laboratory's public origins answer: pages, redirects of every kind, documents that point elsewhere."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

SECRET = "canary-secret-4f1c"  # what every forbidden listener answers with

_PROSE = "".join(
    f"<p>Paragraph {number} of an article that is long enough to be taken for the main content of its page, "
    "with sentences, commas, and a full stop at its end.</p>"
    for number in range(1, 7)
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `breaks_off` resets the connection in the middle of the body."""

    status: int = 200
    fields: Mapping[str, str] | None = None
    body: str = ""
    content_type: str = "text/html; charset=utf-8"
    breaks_off: bool = False

    def as_bytes(self) -> bytes:
        body = self.body.encode()
        length = len(body) * 2 if self.breaks_off else len(body)
        fields = {"Content-Type": self.content_type, "Content-Length": str(length), "Connection": "close"}
        lines = [f"{name}: {value}\r\n" for name, value in (fields | dict(self.fields or {})).items()]
        return f"HTTP/1.1 {self.status} Lab\r\n{''.join(lines)}\r\n".encode("latin-1", "replace") + body


def answer_request(target: str) -> Answer:
    """The public origins' answer to a request target."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path.startswith("/so/"):
        return _second_order(parts.path.removeprefix("/so/"), query["to"])
    return _PATHS.get(parts.path, _plain)(query)


def _plain(_query: Mapping[str, str]) -> Answer:
    return Answer(body=_page())


def _break_off(_query: Mapping[str, str]) -> Answer:
    return Answer(body=_page(), breaks_off=True)


def _fail(query: Mapping[str, str]) -> Answer:
    return Answer(int(query["c"]), {"Retry-After": "0"})


def _redirect(query: Mapping[str, str]) -> Answer:
    name = query.get("h", "Location")
    return Answer(int(query["c"]), {name: _field_value(name, query["to"])}, _page())


def _loop(_query: Mapping[str, str]) -> Answer:
    return Answer(302, {"Location": "/loop"})


def _chain(query: Mapping[str, str]) -> Answer:
    left, to = int(query["n"]) - 1, query["to"]
    return Answer(302, {"Location": f"/chain?n={left}&to={quote(to, safe='')}" if left else to})


_PATHS = {"/r": _redirect, "/loop": _loop, "/chain": _chain, "/s": _fail, "/reset": _break_off}


def _field_value(name: str, to: str) -> str:
    return {"Refresh": f"0; url={to}", "Link": f"<{to}>; rel=preload; as=fetch", "Alt-Svc": f'h2="{_host(to)}"; ma=600'}.get(
        name, to
    )  # fmt: skip


def _host(url: str) -> str:
    return f"{urlsplit(url).hostname}:80"


def _page(head: str = "", body: str = "") -> str:
    return f"<!doctype html><html lang=en><head><title>Lab</title>{head}</head><body><article><h1>Lab</h1>{_PROSE}{body}</article></body></html>"


def _second_order(kind: str, to: str) -> Answer:
    url = html.escape(to, quote=True)
    if kind in _DOCUMENTS:
        content_type, text = _DOCUMENTS[kind]
        return Answer(body=text.replace("TO", url), content_type=content_type)
    in_head, text = _SNIPPETS[kind]
    snippet = text.replace("TO", url)
    return Answer(body=_page(head=snippet) if in_head else _page(body=snippet))


_SNIPPETS = {
    "img": (False, '<img src="TO" srcset="TO 2x" alt="">'),
    "css": (True, '<link rel="stylesheet" href="TO">'),
    "cssimport": (True, '<style>@import "TO"; body { background: url("TO") }</style>'),
    "script": (True, '<script src="TO"></script>'),
    "iframe": (False, '<iframe src="TO"></iframe>'),
    "object": (False, '<object data="TO"></object><embed src="TO">'),
    "fetch": (
        False,
        '<script>fetch("TO"); const x = new XMLHttpRequest(); x.open("GET", "TO"); x.send()</script>',
    ),
    "meta": (True, '<meta http-equiv="refresh" content="0; url=TO">'),
    "base": (True, '<base href="TO"><link rel="stylesheet" href="x.css">'),
    "svg": (False, '<svg><image href="TO"/><use href="TO#a"/></svg>'),
    "ogimg": (True, '<meta property="og:image" content="TO"><meta name="twitter:image" content="TO">'),
    "oembed": (True, '<link rel="alternate" type="application/json+oembed" href="TO">'),
    "video": (False, '<video src="TO" poster="TO"><source src="TO"></video>'),
    "ytembed": (False, '<iframe src="TO" allowfullscreen></iframe><meta property="og:video" content="TO">'),
    "ws": (False, '<script>new WebSocket("TO".replace("http", "ws"))</script>'),
    "filelink": (False, '<img src="TO"><iframe src="TO"></iframe><a href="TO">a file</a>'),
    "favicon": (True, '<link rel="icon" href="TO"><link rel="manifest" href="TO">'),
}
_PLAYLIST = (
    '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI="TO"\n#EXTINF:4,\nTO\n#EXT-X-ENDLIST\n'
)
_DOCUMENTS = {
    "xxe": ("application/xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "TO">]><a>&x;</a>'),
    "m3u8": ("application/vnd.apple.mpegurl", _PLAYLIST),
    "m3u8file": ("application/vnd.apple.mpegurl", _PLAYLIST),
    "mpd": (
        "application/dash+xml",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S">'
        '<BaseURL>TO</BaseURL><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        "<BaseURL>TO</BaseURL></Representation></AdaptationSet></Period></MPD>",
    ),
    "rss": (
        "application/rss+xml",
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Lab</title><item><title>One</title>'
        '<enclosure url="TO" type="audio/mpeg" length="1"/><link>TO</link></item></channel></rss>',
    ),
}
