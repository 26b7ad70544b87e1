"""yt-dlp's failures in our words."""

import errno
from collections.abc import Mapping
from io import BytesIO

import pytest
from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import HTTPError, IncompleteRead, ProxyError, TransportError
from yt_dlp.utils import (
    ContentTooShortError,
    DownloadError,
    ExtractorError,
    GeoRestrictedError,
    PostProcessingError,
    UnsupportedError,
    UserNotLive,
)

from entrepot.errors import ContentTooLarge
from entrepot.media.extractors.ytdlp_errors import clean_message, refusal_of, translate_failure


def _http(status: int, headers: Mapping[str, str] | None = None) -> HTTPError:
    return HTTPError(Response(BytesIO(b""), "http://x/", headers or {}, status=status))


def _behind(cause: Exception) -> DownloadError:
    """`cause` as yt-dlp hands it over: inside an ExtractorError inside a DownloadError."""
    extraction = ExtractorError("Unable to download webpage", cause=cause)
    return DownloadError("ERROR: Unable to download webpage", exc_info=(type(extraction), extraction, None))  # type: ignore[arg-type]  # as sys.exc_info() gives it


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_behind(_http(404)), "upstream-not-found"),
        (_behind(_http(410)), "upstream-not-found"),
        (_behind(_http(403)), "media-unavailable"),
        (_behind(_http(418)), "upstream-error"),
        (_behind(_http(429)), "upstream-unavailable"),
        (_behind(_http(502)), "upstream-unavailable"),
        (_behind(_http(403, {"X-Entrepot-Refusal": "destination-forbidden"})), "destination-forbidden"),
        (_behind(_http(400, {"X-Entrepot-Refusal": "host-not-found"})), "host-not-found"),
        (_behind(_http(502, {"X-Entrepot-Refusal": "upstream-unreachable"})), "upstream-unreachable"),
        (_behind(ProxyError("Tunnel connection failed: 403 Forbidden")), "destination-forbidden"),
        (_behind(TransportError("CONNECT tunnel failed, response 403")), "destination-forbidden"),
        (_behind(ProxyError("Tunnel connection failed: 502 Bad Gateway")), "upstream-unreachable"),
        (_behind(TransportError("Read timed out. (read timeout=20)")), "upstream-timeout"),
        (_behind(TransportError("Connection refused")), "upstream-unreachable"),
        (_behind(IncompleteRead(1, 2)), "upstream-broken"),
        (_behind(GeoRestrictedError("nope")), "media-unavailable"),
        (_behind(UserNotLive()), "media-unavailable"),
        (_behind(UnsupportedError("http://x/")), "media-not-found"),
        (_behind(ContentTooShortError(1, 2)), "media-broken"),
        (_behind(PostProcessingError("Invalid data found")), "media-broken"),
        (_behind(PostProcessingError("x: No space left on device")), "storage-full"),
        (_behind(PostProcessingError("Only VP8 or VP9 or AV1 video are supported for WebM")), "conversion-unsupported"),
        (_behind(OSError(errno.ENOSPC, "No space left on device")), "storage-full"),
        (_behind(OSError(errno.EFBIG, "File too large")), "content-too-large"),
        (_behind(ContentTooLarge("too large")), "content-too-large"),
        (DownloadError("ERROR: [youtube] x: Requested format is not available. Use --list-formats"), "quality-unavailable"),
        (DownloadError("ERROR: [youtube] x: Private video. Sign in if you've been granted access"), "media-unavailable"),
        (DownloadError("ERROR: [x] y: This video is DRM protected"), "media-unavailable"),
        (DownloadError("ERROR: [x] y: No video formats found!; please report this issue on  https://x"), "media-not-found"),
        (DownloadError("ERROR: [download] Got error: HTTP Error 404: Not Found. Giving up after 3 retries"), "media-broken"),
        (DownloadError("ERROR: \r[download] Got error: HTTP Error 503: x. Giving up after 3 retries"), "upstream-unavailable"),
        (DownloadError("ERROR: fragment 2 not found, unable to continue"), "upstream-unreachable"),
        (DownloadError("ERROR: The downloaded file is empty"), "media-broken"),
        (DownloadError("ERROR: something quite new"), "media-failed"),
        (KeyError("x"), "media-failed"),
    ],
)  # fmt: skip
def test_failure_has_its_code(error: Exception, code: str) -> None:
    assert translate_failure(error).code == code


def test_refusal_of_a_fragment_is_a_refusal() -> None:
    error = DownloadError("ERROR: [download] Got error: HTTP Error 403: Forbidden")
    assert translate_failure(error, "destination-forbidden").code == "destination-forbidden"
    assert translate_failure(error).code == "media-broken"


def test_last_complaint_counts_where_the_error_is_only_its_consequence() -> None:
    complaint = "[download] Got error: HTTP Error 503: x. Giving up after 1 retries"
    assert (
        translate_failure(ValueError("write to closed file"), None, complaint).code == "upstream-unavailable"
    )


def test_origin_cannot_pretend_a_refusal_by_an_ordinary_status() -> None:
    assert refusal_of(_http(403)) is None


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("\x1b[0;31mERROR:\x1b[0m [generic] x: Unable to read", "x: Unable to read"),
        ("ERROR: bad; please report this issue on  https://github.com/yt-dlp , filling out", "bad"),
        ("failed (caused by <HTTPError 403: Forbidden>)", "failed"),
        ("at http://user:secret@127.0.0.1:9/x", "at http://127.0.0.1:9/x"),
        ("unable to open /home/someone/data/work/1.2/media.mp4", "unable to open …"),
        ("HTTPConnectionPool(host='127.0.0.1', port=40805): Read timed out.", "the origin: Read timed out."),
        ("http://x/y#__youtubedl_smuggle=%7B%22a%22%7D", "http://x/y"),
        ("two\nlines\u202e", "two lines"),
        ("see http://example.org/a/b/c", "see http://example.org/a/b/c"),
    ],
)
def test_message_is_cleaned(said: str, heard: str) -> None:
    assert clean_message(said) == heard


def test_message_is_short() -> None:
    assert len(clean_message("x" * 5000)) == 300
