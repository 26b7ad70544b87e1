"""An address that a caller has written into the path of a request."""

import re
from urllib.parse import unquote

from fastapi import Request

_SCHEME = re.compile(r"(https?):/*(?=[^/])", re.IGNORECASE)
_ESCAPED_SCHEME = re.compile(r"https?%3A", re.IGNORECASE)


def address_in(request: Request, prefix: str) -> str:
    """The address as the caller wrote it behind `prefix`: the path before it was decoded, and the query.

    Proxies that make one slash of two, and callers that escape the whole address, are understood.
    """
    raw: bytes = request.scope["raw_path"]
    written = raw.decode("latin-1").partition(prefix)[2]
    if _ESCAPED_SCHEME.match(written):
        written = unquote(written)
    if "://" not in written and not _SCHEME.match(written):
        written = f"https://{written}"
    query = request.scope["query_string"].decode("latin-1")
    return _SCHEME.sub(r"\1://", written, count=1) + (f"?{query}" if query else "")
