"""Which header fields of an answer are kept, and which of a validation's answer replace them. Pure."""

from entrepot.fetch.cache.directives import response_directives
from entrepot.fetch.headers import Headers

# They belong to one connection (RFC 9110 section 7.6.1) or one proxy's client (RFC 9111 section 3.1).
_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
     "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip

# They describe the stored bytes, which a 304 does not bring anew (RFC 9111 section 3.2).
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "content-md5", "content-range", "etag"})

_COOKIES = frozenset({"set-cookie", "set-cookie2"})


def kept_fields(headers: Headers, *, is_shared: bool) -> Headers:
    """The fields to store: none of the connection's, none that `no-cache` or (when shared) `private` name."""
    directives = response_directives(headers)
    left_out = _OF_THE_CONNECTION | set(headers.members("Connection")) | directives.fields("no-cache")
    if is_shared:
        left_out |= directives.fields("private")
    return Headers((name, value) for name, value in headers.lines() if name.lower() not in left_out)


def updated_fields(stored: Headers, received: Headers, *, is_shared: bool) -> Headers:
    """The stored fields after a validation: those of the 304 replace them, but for what describes the body."""
    fresh = [
        (name, value)
        for name, value in kept_fields(received, is_shared=is_shared).lines()
        if name.lower() not in _OF_THE_BODY
    ]
    replaced = {name.lower() for name, _ in fresh} | {"age"}
    return Headers([line for line in stored.lines() if line[0].lower() not in replaced] + fresh)


def without_cookies(headers: Headers) -> Headers:
    """These without the cookies that they set: those are for whoever asked, and may be secrets."""
    return Headers(line for line in headers.lines() if line[0].lower() not in _COOKIES)
