"""From yt-dlp's dictionaries, which hold whatever a site wrote, to one media and our own words for it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from yt_dlp import YoutubeDL

from entrepot.errors import ContentTooLarge, MediaFailure, MediaNotFound, MediaUnavailable, QualityUnavailable
from entrepot.media.contract import MediaFormat, MediaInfo, Quality
from entrepot.media.extractors.ytdlp_errors import clean_message
from entrepot.media.options import side_limit

MAX_FORMATS = 80
MAX_NESTING = 4
MAX_TITLE_CHARS = 300
MAX_URL_CHARS = 4096
PAGE_EXTRACTORS = ("Generic", "HTML5MediaEmbed")  # they read any page, and know no site's ways
MP4_CODECS = frozenset({"avc1", "avc3", "h264", "hvc1", "hev1", "av01", "mp4a"})
LIVE = "Live streams cannot be downloaded while they run."


def resolve_single(session: YoutubeDL, url: str) -> dict[str, Any]:
    """The one media at `url`, with its formats. Of an ordinary page with several, the first.

    Raises MediaNotFound when there is none, and MediaFailure when a site says that the address is a list of many.
    """
    result: Any = session.extract_info(url, download=False)
    for _ in range(MAX_NESTING):
        if not isinstance(result, dict):
            raise MediaNotFound
        kind = result.get("_type", "video")
        if kind == "video":
            return result
        if kind in ("url", "url_transparent"):
            result = session.process_ie_result(result, download=False)  # type: ignore[arg-type]  # a dict like any other
        else:
            result = _single_entry(result)
    raise MediaFailure("The address leads from list to list without coming to a media.")


def _single_entry(listing: Mapping[str, Any]) -> Any:
    entries = [entry for entry in listing.get("entries") or () if entry]
    if not entries:
        raise MediaNotFound
    is_page = listing.get("extractor_key") in PAGE_EXTRACTORS and not _is_feed(listing)
    if len(entries) > 1 and not is_page:
        raise MediaFailure("This address is a list of several media; give the address of one of them.")
    return entries[0]


def _is_feed(listing: Mapping[str, Any]) -> bool:
    """RSS channels are read by the extractor for any page, and are the only listings that bear their URL as an id."""
    return str(listing.get("id")).startswith(("http://", "https://"))


def describe(info: Mapping[str, Any], url: str) -> MediaInfo:
    """What yt-dlp found at `url`, in our words and within bounds."""
    return MediaInfo(
        url=_web_address(info.get("webpage_url")) or url,
        media_id=str(info.get("id") or "")[:128],
        extractor=str(info.get("extractor_key") or "Generic")[:64],
        title=_title(info),
        uploader=_text(info.get("uploader") or info.get("channel") or info.get("creator")),
        duration_seconds=_number(info.get("duration")),
        thumbnail_url=next(iter(thumbnail_urls(info)), None),
        upload_date=_date(info.get("upload_date")),
        is_live=bool(info.get("is_live")) or info.get("live_status") in ("is_live", "is_upcoming"),
        formats=tuple(_describe_format(one) for one in (info.get("formats") or ())[-MAX_FORMATS:]),
    )


def chosen_formats(info: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The formats that yt-dlp chose: several when they are to be merged."""
    return info.get("requested_formats") or [dict(info)]


def prefer_mp4(info: dict[str, Any]) -> None:
    """Has parts put together as MP4 that would become Matroska only since a playlist does not tell a codec of theirs."""
    parts = info.get("requested_formats") or ()
    if not parts or info.get("ext") != "mkv" or any(one.get("ext") not in ("mp4", "m4a") for one in parts):
        return
    told = [
        str(one.get(track)).partition(".")[0]
        for one in parts
        for track in ("vcodec", "acodec")
        if one.get(track)
    ]
    if MP4_CODECS.issuperset(set(told) - {"none"}):
        info["ext"] = "mp4"


def check_choice(info: Mapping[str, Any], quality: Quality, max_bytes: int | None) -> None:
    """Raises what would otherwise come out only after the download: live, too large a picture, too many bytes."""
    formats = chosen_formats(info)
    if describe(info, "").is_live and not _is_guess(info, formats):
        raise MediaUnavailable(LIVE)
    limit = side_limit(quality)
    sides = [min(one["width"], one["height"]) for one in formats if one.get("width") and one.get("height")]
    sides += [one["height"] for one in formats if one.get("height") and not one.get("width")]
    if limit and any(side > limit for side in sides):
        raise QualityUnavailable(
            f"The media is not offered in {quality} or less; its smallest is {max(sides)}p."
        )
    announced = sum(int(one.get("filesize") or 0) for one in formats)
    if max_bytes is not None and announced > max_bytes:
        raise ContentTooLarge(f"The media has {announced} bytes; {max_bytes} are allowed.")


def _is_guess(info: Mapping[str, Any], formats: Sequence[Mapping[str, Any]]) -> bool:
    """Whether `is_live` says only that a page's HLS playlist could not be read to its end; whoever reads it knows better."""
    return info.get("extractor_key") in PAGE_EXTRACTORS and any(is_hls(one) for one in formats)


def is_hls(one: Mapping[str, Any]) -> bool:
    return one.get("protocol") in ("m3u8", "m3u8_native")


def thumbnail_urls(info: Mapping[str, Any]) -> list[str]:
    """Addresses of still pictures, best first."""
    told = [one.get("url") for one in reversed(info.get("thumbnails") or ())]
    return [address for one in (*told, info.get("thumbnail")) if (address := _web_address(one))]


def _describe_format(one: Mapping[str, Any]) -> MediaFormat:
    return MediaFormat(
        format_id=str(one.get("format_id"))[:64],
        container=_text(one.get("ext")),
        width=_whole(one.get("width")),
        height=_whole(one.get("height")),
        fps=_number(one.get("fps")),
        video_codec=_text(one.get("vcodec")),
        audio_codec=_text(one.get("acodec")),
        size_bytes=_whole(one.get("filesize") or one.get("filesize_approx")),
        bitrate_kbps=_number(one.get("tbr")),
    )


def _title(info: Mapping[str, Any]) -> str | None:
    """The title, without the number that yt-dlp adds to a page's `<video>` elements."""
    title = _text(info.get("title"))
    number = str(info.get("id")).rpartition("-")[2]
    if title and info.get("extractor_key") == "HTML5MediaEmbed":
        return title.removesuffix(f" ({number})")
    return title


def _text(value: object) -> str | None:
    """`value` as one line of text within bounds; titles are cleaned of control characters, not shortened to messages."""
    if not isinstance(value, str):
        return None
    return (
        re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", value).strip()[
            :MAX_TITLE_CHARS
        ]
        or None
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e12 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _web_address(value: object) -> str | None:
    if (
        not isinstance(value, str)
        or not value.startswith(("http://", "https://"))
        or len(value) > MAX_URL_CHARS
    ):
        return None
    return value if clean_message(value) else None


def _date(value: object) -> str | None:
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", value) if isinstance(value, str) else None
    return f"{match[1]}-{match[2]}-{match[3]}" if match else None
