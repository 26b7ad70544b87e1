"""Cookies for the length of one request: what a redirect sets goes to the same site's next hop, and nowhere after. Pure.

RFC 6265 sections 5.1 to 5.4, less what only a kept jar needs: no dates but "already over", no order by age.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.fetch.host import parse_address
from entrepot.fetch.url import URL

MAX_COOKIES = 50
MAX_COOKIE_CHARACTERS = 4096

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[^\x00-\x1f\x7f;]*")
_OVER = re.compile(r"-[0-9]+|0+")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. It goes to `domain`, to what lies below it unless `is_host_only`, under `path`, and only over TLS if `is_secure`."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool

    def __repr__(self) -> str:
        return f"Cookie({self.name})"  # the value may be secret

    def belongs_to(self, url: URL) -> bool:
        """Whether it is to be sent with a request for `url`."""
        return (
            (url.host == self.domain or (not self.is_host_only and url.host.endswith("." + self.domain)))
            and _holds(self.path, url.target.partition("?")[0])
            and (not self.is_secure or url.scheme == "https")
        )


def keep_cookies(cookies: tuple[Cookie, ...], set_cookie: Sequence[str], url: URL) -> tuple[Cookie, ...]:
    """`cookies` with what the `Set-Cookie` lines of an answer from `url` add, replace and take away."""
    kept = {_key(cookie): cookie for cookie in cookies}
    for line in set_cookie:
        cookie = _parsed(line, url)
        if cookie is None:
            continue
        kept.pop(_key(cookie), None)
        if not _is_over(line):
            kept[_key(cookie)] = cookie
    return tuple(kept.values())[-MAX_COOKIES:]


def cookie_field(cookies: tuple[Cookie, ...], url: URL) -> str:
    """The `Cookie` field for a request for `url`, longer paths first; empty when there is none."""
    fitting = [cookie for cookie in cookies if cookie.belongs_to(url)]
    return "; ".join(
        f"{each.name}={each.value}" for each in sorted(fitting, key=lambda each: -len(each.path))
    )


def merged_field(given: str, fresh: str) -> str:
    """A caller's own `Cookie` field with the origin's fresh cookies, which replace those of the same name."""
    names = {pair.partition("=")[0].strip() for pair in fresh.split(";")}
    kept = [pair.strip() for pair in given.split(";") if pair.partition("=")[0].strip() not in names]
    return "; ".join([*filter(None, kept), fresh])


def _parsed(line: str, url: URL) -> Cookie | None:
    pair, _, _ = line.partition(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    is_sane = equals and len(pair) <= MAX_COOKIE_CHARACTERS and value.isascii()
    if not is_sane or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return None
    attributes = _attributes(line)
    domain = attributes.get("domain", "").lower().removeprefix(".")
    if domain and domain != url.host and not _may_set_for(url.host, domain):
        return None
    path = attributes.get("path", "")
    return Cookie(
        name=name,
        value=value,
        domain=domain or url.host,
        path=path if path.startswith("/") else _default_path(url),
        is_host_only=not domain,
        is_secure="secure" in attributes,
    )


def _attributes(line: str) -> dict[str, str]:
    parts = (part.partition("=") for part in line.split(";")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in parts}


def _may_set_for(host: str, domain: str) -> bool:
    """Whether `host` lies below `domain`, which is more than a top-level domain; addresses have nothing above them."""
    return parse_address(host) is None and host.endswith("." + domain) and "." in domain


def _is_over(line: str) -> bool:
    """Whether the cookie is being taken back. A date in the past does so by its year alone: 1970 is what servers write."""
    attributes = _attributes(line)
    if "max-age" in attributes:
        return _OVER.fullmatch(attributes["max-age"]) is not None
    return "1970" in attributes.get("expires", "")


def _default_path(url: URL) -> str:
    path = url.target.partition("?")[0]
    return path[: path.rindex("/")] or "/"


def _holds(cookie_path: str, path: str) -> bool:
    if path == cookie_path:
        return True
    return path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")


def _key(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.name, cookie.domain, cookie.path
