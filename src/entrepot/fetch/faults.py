"""What libcurl's results mean, as errors of ours: the one seam where they are translated."""

import pycurl

from entrepot.errors import (
    AppError,
    ContentTooLarge,
    OutOfOrder,
    UpstreamBroken,
    UpstreamFailure,
    UpstreamLost,
    UpstreamTimeout,
    UpstreamUnreachable,
)

_E_HTTP2_STREAM = 92
_E_TOO_LARGE = 100

# By number, since pycurl names not all of them; https://curl.se/libcurl/c/libcurl-errors.html
_MEANINGS: dict[int, tuple[type[AppError], str]] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: (UpstreamBroken, "The origin does not speak HTTP as it should."),
    pycurl.E_COULDNT_RESOLVE_HOST: (UpstreamUnreachable, "The origin could not be reached."),
    pycurl.E_COULDNT_CONNECT: (UpstreamUnreachable, "The origin could not be reached."),
    pycurl.E_OPERATION_TIMEDOUT: (UpstreamTimeout, "The origin took too long to connect or sent too slowly."),
    pycurl.E_SSL_CONNECT_ERROR: (UpstreamUnreachable, "No secure connection to the origin could be made."),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        UpstreamFailure,
        "The origin's certificate is not valid for this host.",
    ),
    pycurl.E_SSL_CACERT_BADFILE: (OutOfOrder, "The certificates to verify origins with cannot be read."),
    pycurl.E_OUT_OF_MEMORY: (OutOfOrder, "There is too little memory just now."),
    pycurl.E_FILESIZE_EXCEEDED: (ContentTooLarge, "The content is larger than allowed."),
    pycurl.E_GOT_NOTHING: (UpstreamLost, "The origin closed the connection without an answer."),
    pycurl.E_PARTIAL_FILE: (UpstreamLost, "The origin's answer is shorter than it says."),
    pycurl.E_RECV_ERROR: (UpstreamLost, "The connection to the origin broke off."),
    pycurl.E_SEND_ERROR: (UpstreamLost, "The connection to the origin broke off."),
    _E_HTTP2_STREAM: (UpstreamLost, "The origin broke the answer's stream off."),
    _E_TOO_LARGE: (UpstreamBroken, "The origin's header is too large."),
}
_MALFORMED = (UpstreamBroken, "The origin's answer is malformed or was broken off.")


def translated(fault: pycurl.error) -> AppError:
    """The error that a failed transfer is. libcurl's own text, which may name addresses, stays with the cause."""
    kind, detail = _MEANINGS.get(fault.args[0], _MALFORMED)
    return kind(detail)
