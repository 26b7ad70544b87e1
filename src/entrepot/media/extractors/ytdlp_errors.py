"""yt-dlp's many ways to fail, translated into ours at one seam; what it says is cleaned before anyone reads it."""

import errno
import re
from collections.abc import Iterator

from yt_dlp.networking.exceptions import (
    HTTPError,
    IncompleteRead,
    TransportError,
    UnsupportedRequest,
)
from yt_dlp.utils import (
    ContentTooShortError,
    GeoRestrictedError,
    PostProcessingError,
    UnsupportedError,
    UserNotLive,
    YoutubeDLError,
)

from entrepot.errors import (
    AppError,
    ContentTooLarge,
    ConversionUnsupported,
    DestinationForbidden,
    HostNotFound,
    MediaBroken,
    MediaFailure,
    MediaNotFound,
    MediaUnavailable,
    OutOfOrder,
    QualityUnavailable,
    StorageFull,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailure,
    UpstreamNotFound,
    UpstreamTimeout,
    UpstreamUnreachable,
)

REFUSAL_HEADER = "X-Entrepot-Refusal"
MAX_MESSAGE_CHARS = 300
MAX_CAUSES = 12
STRANGE_PROTOCOL = "The media is served over a protocol that is not supported."

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_CREDENTIALS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@'\"]+@")
_SMUGGLED = re.compile(r"#__youtubedl_smuggle=\S*")  # extractors' notes to each other, inside a URL
_POOL = re.compile(r"\w+Pool\(host=[^)]*\)")  # names the proxy, not the origin
_PREFIX = re.compile(r"^(?:ERROR: *|WARNING: *|\[[^\]\s]{1,60}\] *|\r)+")
_ADVICE = re.compile(
    r"\s*(?:;? *please report this issue on .*|Confirm you are on the latest version.*|\(caused by .*"
    r"|You might want to use a VPN.*|Use --\S.*|See +https://github\.com/yt-dlp.*|Try (?:using|selecting) .*--.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PATHS = re.compile(r"(?<![\w:/.])/(?:[\w.@+ -]+/)+[\w.@+-]*")

_TUNNEL = re.compile(
    r"(?:Tunnel connection failed: |CONNECT tunnel failed, response |Received HTTP code )(\d{3})"
)

# An https address has no answer of its own when the proxy refuses the tunnel to it: the status has to do.
_TUNNEL_STATUSES = {"403": DestinationForbidden.code, "400": HostNotFound.code, "502": UpstreamUnreachable.code,
                    "503": OutOfOrder.code, "504": UpstreamTimeout.code}  # fmt: skip

_GAVE_UP = re.compile(r"^Got error|giving up after|unable to continue", re.IGNORECASE)
_STRANGE_PROTOCOL = re.compile(r"rtmpdump|Unsupported url scheme|download detected but")
_STATUS = re.compile(r"HTTP Error (\d{3})")
_TIMEOUT = re.compile(r"timed? ?out", re.IGNORECASE)
_BROKEN_OFF = re.compile(r"bytes read|reset|IncompleteRead|broken|aborted|without response", re.IGNORECASE)

# What only the text tells, first match first.
_SAYINGS: tuple[tuple[re.Pattern[str], type[AppError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"Requested format is not available", QualityUnavailable),
        (r"\bDRM\b|members.only|private|log ?in|sign ?in|cookies|subscri|premium|paywall|purchase|copyright|geo.?restrict"
         r"|blocked|not available (?:in|from) your|has been (?:removed|deleted|terminated)|(?:video|content) (?:is )?unavailable"
         r"|no longer available|age.restricted|premieres? in|will begin in|account", MediaUnavailable),
        (r"No video formats found|No media found|Unsupported URL|no (?:video|audio|media)|Did not get any|does not exist"
         r"|unable to find", MediaNotFound),
        (r"fragment \d+ not found|file is empty|content too short", MediaBroken),
    )
)  # fmt: skip


def translate_failure(
    error: BaseException, refusal: str | None = None, complaint: str | None = None
) -> AppError:
    """The error that yt-dlp's `error` amounts to.

    `refusal` is the code of what our own proxy last refused, if it did; `complaint` the last error that yt-dlp logged,
    which counts where `error` is only a consequence (its threads trip over each other when one has failed).
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, AppError):
            return cause
    for cause in causes:
        told = _from_type(cause, refusal)
        if told is not None:
            return told
    told_by = next((cause for cause in causes if isinstance(cause, YoutubeDLError)), None)
    if told_by is None and complaint:
        return _from_text(clean_message(complaint), refusal)
    if told_by is None:  # a bug of an extractor, whose text helps nobody
        return MediaFailure(f"The extractor failed unexpectedly ({type(error).__name__}).")
    return _from_text(clean_message(str(told_by)), refusal)


def clean_message(text: str) -> str:
    """One short line of `text`: no colours, no credentials, no paths, no advice meant for yt-dlp's own users."""
    text = _CONTROL.sub(" ", _ANSI.sub("", text))
    text = _POOL.sub("the origin", _SMUGGLED.sub("", text))
    text = _PATHS.sub("…", _CREDENTIALS.sub(r"\1", text))
    text = _ADVICE.sub("", _PREFIX.sub("", text.strip())).strip(" ;:")
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


def refusal_of(error: BaseException) -> str | None:
    """The code that our proxy gave when it refused this request; None: it was not our proxy that said no."""
    for cause in _causes(error):
        if isinstance(cause, HTTPError) and (code := cause.response.headers.get(REFUSAL_HEADER)):
            return str(code)
        if isinstance(cause, TransportError) and (tunnel := _TUNNEL.search(str(cause))):
            return _TUNNEL_STATUSES.get(tunnel[1])
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """`error` and what lies behind it: yt-dlp keeps causes in three places of its own besides Python's."""
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < MAX_CAUSES:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        kept = getattr(one, "exc_info", None)
        waiting += [getattr(one, "cause", None), kept[1] if kept else None, one.__cause__, one.__context__]


def _from_type(error: BaseException, refusal: str | None) -> AppError | None:
    if isinstance(error, HTTPError):
        return _from_status(error, refusal_of(error))
    if isinstance(error, TransportError):
        return _from_transport(error, refusal_of(error) or refusal)
    if isinstance(error, OSError):
        return _from_os(error)
    kinds: tuple[tuple[tuple[type[BaseException], ...], type[AppError], str], ...] = (
        ((GeoRestrictedError,), MediaUnavailable, "The media may not be watched from this server's country."),
        ((UserNotLive,), MediaUnavailable, "The channel is not live."),
        ((UnsupportedError,), MediaNotFound, "No media was found at this address."),
        (
            (UnsupportedRequest,),
            MediaUnavailable,
            "The media is served over a protocol that is not supported.",
        ),
        ((ContentTooShortError,), MediaBroken, "The origin sent less than it had announced."),
    )
    for types, kind, text in kinds:
        if isinstance(error, types):
            return kind(text)
    if isinstance(error, PostProcessingError):
        return _from_conversion(str(error))
    return None


def _from_status(error: HTTPError, refusal: str | None) -> AppError:
    status = error.status
    if refusal is not None:
        return _refused(refusal)
    if error.redirect_loop:
        return TooManyRedirects()
    if status in (404, 410):
        return UpstreamNotFound(upstream_status=status)
    if status == 429 or status >= 500:
        return UpstreamBusy(f"The origin answered with status {status}.", upstream_status=status)
    if status in (401, 402, 403, 451):
        return MediaUnavailable(
            f"The origin does not give this media out (status {status}).", upstream_status=status
        )
    return UpstreamFailure(f"The origin answered with status {status}.", upstream_status=status)


def _from_transport(error: TransportError, refusal: str | None) -> AppError:
    if refusal is not None:
        return _refused(refusal)
    text = str(error)
    if isinstance(error, IncompleteRead):
        return UpstreamBroken("The origin broke off before the end.")
    if _TIMEOUT.search(text):
        return UpstreamTimeout()
    if _BROKEN_OFF.search(text):
        return UpstreamBroken("The origin broke off before the end.")
    return UpstreamUnreachable()


def _from_os(error: OSError) -> AppError | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull()
    return ContentTooLarge() if error.errno == errno.EFBIG else None


def _from_conversion(text: str) -> AppError:
    if "No space left" in text:
        return StorageFull()
    if re.search(
        r"codec not currently supported in container|Only VP8|not supported|Could not write header", text
    ):
        return ConversionUnsupported("The media's codecs do not fit into that container.")
    return MediaBroken("The parts of the media could not be put together.")


def _from_text(text: str, refusal: str | None) -> AppError:
    if _GAVE_UP.search(text):
        return _from_last_try(text, refusal)
    if _STRANGE_PROTOCOL.search(text):
        return MediaUnavailable(STRANGE_PROTOCOL)
    if text.startswith("ffmpeg exited"):
        return MediaBroken("The stream could not be fetched whole.")
    for pattern, kind in _SAYINGS:
        if pattern.search(text):
            return kind(text)
    return MediaFailure(text)


def _from_last_try(text: str, refusal: str | None) -> AppError:
    """What the last of several tries at a file or a fragment failed of; yt-dlp keeps only its text."""
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    if refusal is not None and status in (0, 400, 403):
        return _refused(refusal)
    if status == 429 or status >= 500:
        return UpstreamBusy(f"The origin answered with status {status}.", upstream_status=status)
    if status:
        return MediaBroken(f"A part of the media cannot be had (status {status}).", upstream_status=status)
    if _TIMEOUT.search(text):
        return UpstreamTimeout()
    if _BROKEN_OFF.search(text):
        return UpstreamBroken("The origin broke off before the end.")
    return UpstreamUnreachable()


def _refused(code: str) -> AppError:
    kind = AppError.kind_of(code)
    return kind() if kind is not AppError else DestinationForbidden()
