"""URLs that may be fetched: strict parsing of http and https, one normal form, and redirects resolved against it."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from entrepot.errors import DestinationForbidden, InvalidURL
from entrepot.fetch.host import parse_host

MAX_URL_CHARACTERS = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<rest>.*)", re.DOTALL)
_PARTS = re.compile(r"//(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{0,5}))?")
_PORT_AND_PATH = re.compile(r"[0-9]{1,5}(?:[/?#].*)?", re.DOTALL)
_NEVER_SENT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROUNDING = " \t\r\n"
_SINGLE_DOT = re.compile(r"\.|%2e", re.IGNORECASE)
_DOUBLE_DOT = re.compile(r"(?:\.|%2e){2}", re.IGNORECASE)

# What stays as written, beside letters and digits: ASCII less the standard's percent-encode sets of path and query.
_PLAIN_IN_PATH = "!$%&'()*+,-./:;=@[]_|~"
_PLAIN_IN_QUERY = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class URL:
    """One http or https URL in its normal form; made by `parse_url` or `join`, never by hand.

    `host` is lower-case ASCII, IPv6 without brackets; `target` is path and query, percent-encoded, and begins with `/`.
    """

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return self._base + self.target

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what two URLs share when they may share credentials."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host and port as the `Host` field writes them (RFC 9110, section 7.2): no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def join(self, reference: str) -> "URL":
        """The URL that `reference`, say of a `Location` field, means here (RFC 3986, section 5.2).

        Raises InvalidURL or DestinationForbidden, as `parse_url` does.
        """
        reference = _clean(reference)
        if _SCHEME.fullmatch(reference):
            return parse_url(reference)
        path = self.target.partition("?")[0]
        if reference.startswith("//"):
            return parse_url(f"{self.scheme}:{reference}")
        if reference.startswith("/"):
            return parse_url(self._base + reference)
        if reference.startswith("?"):
            return parse_url(self._base + path + reference)
        if not reference or reference.startswith("#"):
            return self
        return parse_url(self._base + path[: path.rindex("/") + 1] + reference)

    @property
    def _base(self) -> str:
        return f"{self.scheme}://{self.authority}"


def parse_url(text: str) -> URL:
    """Reads an absolute URL as the WHATWG standard does, and refuses what other parsers would read in another way.

    So no credentials, no missing or extra slashes, no backslashes before the query, no control characters, at most
    `MAX_URL_CHARACTERS`. The fragment is dropped. Raises InvalidURL; DestinationForbidden for another scheme.
    Source: https://url.spec.whatwg.org/#url-parsing.
    """
    scheme, rest = _split_scheme(_clean(text))
    parts = _PARTS.fullmatch(rest)
    if parts is None:
        raise InvalidURL("A URL begins with http:// or https:// and a host.")
    authority, path, query = parts["authority"], parts["path"], parts["query"] or ""
    if "\\" in authority or "\\" in path:
        raise InvalidURL("A URL has no backslashes.")
    host, port = _parse_authority(authority)
    target = quote(_remove_dots(path), safe=_PLAIN_IN_PATH) + quote(query, safe=_PLAIN_IN_QUERY)
    url = URL(scheme, host, DEFAULT_PORTS[scheme] if port is None else port, target)
    if len(str(url)) > MAX_URL_CHARACTERS:
        raise InvalidURL(f"The URL is longer than {MAX_URL_CHARACTERS} characters.")
    return url


def _clean(text: str) -> str:
    if len(text) > MAX_URL_CHARACTERS:
        raise InvalidURL(f"The URL is longer than {MAX_URL_CHARACTERS} characters.")
    text = text.strip(_SURROUNDING)
    if _NEVER_SENT.search(text):
        raise InvalidURL("The URL holds control characters.")
    return text


def _split_scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.fullmatch(text)
    if match is None or _PORT_AND_PATH.fullmatch(match["rest"]):  # `x.org:80/` names a host, not a scheme
        raise InvalidURL("A URL begins with http:// or https:// and a host.")
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise DestinationForbidden("Only http and https may be fetched.")
    return scheme, match["rest"]


def _parse_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise InvalidURL("A URL with a user name or a password is not accepted.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise InvalidURL("The URL's host or port is not valid.")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= 65535:
        raise InvalidURL("The URL's port is not valid.")
    return parse_host(match["host"]), port


def _remove_dots(path: str) -> str:
    """Resolves `.` and `..`, percent-encoded too; the result begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        if _DOUBLE_DOT.fullmatch(segment):
            del kept[-1:]
        elif not _SINGLE_DOT.fullmatch(segment):
            kept.append(segment)
    if _SINGLE_DOT.fullmatch(segments[-1]) or _DOUBLE_DOT.fullmatch(segments[-1]):
        kept.append("")
    return "/" + "/".join(kept)
