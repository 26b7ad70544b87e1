"""curl behind a proxy: it speaks many protocols beside HTTP, parses in its own way, and follows redirects by itself."""

from io import BytesIO

import pycurl

from tests.lab.rows import Outcome

_ALL_BUT_FILES = pycurl.PROTO_ALL & ~pycurl.PROTO_FILE  # which need no network
_CANNOT_SEND = frozenset(
    {
        pycurl.E_URL_MALFORMAT,
        pycurl.E_UNSUPPORTED_PROTOCOL,
        pycurl.E_COULDNT_RESOLVE_HOST,  # a name that it cannot write
        pycurl.E_TOO_MANY_REDIRECTS,
    }
)


def fetch_through(proxy_url: str, text: str) -> Outcome:
    """What becomes of a URL. An origin's own failure, and a broken exchange, end as in the service."""
    body, refusal = BytesIO(), _Refusal()
    handle = pycurl.Curl()
    try:
        _prepare(handle, proxy_url, text)
        handle.setopt(pycurl.WRITEFUNCTION, body.write)
        handle.setopt(pycurl.HEADERFUNCTION, refusal.read)
        handle.perform()
        status = handle.getinfo(pycurl.RESPONSE_CODE)
    except ValueError:  # a zero byte
        return Outcome(400, "refused-by-curl", "")
    except pycurl.error as fault:
        if fault.args[0] in _CANNOT_SEND:
            return Outcome(400, "refused-by-curl", "")
        status = handle.getinfo(pycurl.HTTP_CONNECTCODE) or 502
    finally:
        handle.close()
    code = refusal.code or ("upstream-unavailable" if status >= 500 else "")
    return Outcome(status, code, body.getvalue().decode("utf-8", "replace"))


class _Refusal:
    """The code of the proxy's refusal among the header lines of the last answer; empty without one."""

    def __init__(self) -> None:
        self.code = ""

    def read(self, line: bytes) -> None:
        name, _, value = line.decode("latin-1").partition(":")
        if name.startswith("HTTP/"):
            self.code = ""
        elif name.lower() == "x-entrepot-refusal":
            self.code = value.strip()


def _prepare(handle: pycurl.Curl, proxy_url: str, text: str) -> None:
    settings: dict[int, str | bytes | int] = {
        pycurl.URL: text.encode("utf-8", "surrogatepass"),
        pycurl.PROXY: proxy_url,
        pycurl.PROTOCOLS: _ALL_BUT_FILES,
        pycurl.REDIR_PROTOCOLS: _ALL_BUT_FILES,
        pycurl.FOLLOWLOCATION: 1,
        pycurl.MAXREDIRS: 10,
        pycurl.SSL_VERIFYPEER: 0,
        pycurl.NOSIGNAL: 1,
        pycurl.TIMEOUT: 15,
    }
    for option, value in settings.items():
        handle.setopt(option, value)
