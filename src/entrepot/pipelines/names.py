"""File names and content types as origins tell them, made safe to keep, to link and to hand on."""

import mimetypes
import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import unquote

from entrepot.fetch.url import URL

MAX_NAME_BYTES = 240  # of 255 that a folder takes: whoever tells equal names apart adds a few
UNKNOWN_TYPE = "application/octet-stream"

_MAX_SUFFIX_BYTES = 32
_PARAMETER = re.compile(r";\s*(?P<name>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|[^;\"]*)")
_EXTENDED = re.compile(r"(?P<charset>utf-8|iso-8859-1)'[^']*'(?P<value>.*)", re.IGNORECASE)
_TYPE = re.compile(
    r"\s*([a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64})\s*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([a-z0-9_:.+-]{1,40})\"?\s*(?:;|$)", re.IGNORECASE)
_NOT_IN_NAMES = {
    "Cc",
    "Cf",
    "Co",
    "Cs",
    "Cn",
    "Zl",
    "Zp",
}  # control, bidi and other format characters, line ends

_TYPES = mimetypes.MimeTypes()  # Python's own table: not the machine's, so that names are the same everywhere
_PREFERRED_SUFFIXES = {"audio/mpeg": ".mp3", "image/jpeg": ".jpg", "text/html": ".html", "text/markdown": ".md",
                       "video/mp4": ".mp4", "application/xml": ".xml", "application/gzip": ".gz"}  # fmt: skip
_TELLS_NOTHING = {UNKNOWN_TYPE, "binary/octet-stream", "application/x-download", "application/force-download"}


def name_file(disposition: str | None, url: URL, content_type: str) -> str:
    """A name for what `url` gave: its `Content-Disposition`'s, else the last part of its path, else `download`."""
    told = clean_name(_disposition_name(disposition or ""))
    if told:
        return told
    segment = url.target.partition("?")[0].rpartition("/")[2]
    name = clean_name(unquote(segment)) or "download"
    suffix = "" if PurePosixPath(name).suffix else suffix_for(content_type)
    return clean_name(name + suffix) or name


def clean_name(text: str) -> str:
    """`text` as the name of a file: one path component without traps, at most `MAX_NAME_BYTES` long, or "".

    Only what follows the last slash or backslash counts (RFC 6266 section 4.3).
    """
    component = re.split(r"[/\\]", text)[-1]
    shown = "".join(" " if c in "\t\r\n" else c for c in component)
    shown = "".join(c for c in shown if unicodedata.category(c) not in _NOT_IN_NAMES)
    shown = " ".join(unicodedata.normalize("NFC", shown).split()).lstrip(". ").rstrip(". ")
    return _shortened(shown)


def clean_type(header: str | None, name: str) -> str:
    """A content type of the form `type/subtype`, with its charset if it has one; guessed by the name where none is told."""
    match = _TYPE.fullmatch(header or "")
    media_type = match[1].lower() if match else UNKNOWN_TYPE
    if media_type in _TELLS_NOTHING:
        return _TYPES.guess_type(f"file:{name}")[0] or UNKNOWN_TYPE if _is_plain(name) else UNKNOWN_TYPE
    charset = _CHARSET.search(header or "")
    return f"{media_type}; charset={charset[1].lower()}" if charset else media_type


def suffix_for(content_type: str) -> str:
    """The usual ending of names for a type, with its dot; "" where none is sure."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _TELLS_NOTHING or media_type == "text/plain":
        return ""
    return _PREFERRED_SUFFIXES.get(media_type) or _TYPES.guess_extension(media_type) or ""


def _is_plain(name: str) -> bool:
    """Whether the name's ending tells a type by itself: of `a.tar.gz` it tells a coding only."""
    return _TYPES.guess_type(f"file:{name}")[1] is None


def _disposition_name(disposition: str) -> str:
    """The file name that a `Content-Disposition` field gives; `filename*` before `filename` (RFC 6266 section 4.3)."""
    parameters = {
        match["name"].lower(): match["value"].strip() for match in _PARAMETER.finditer(f";{disposition}")
    }
    extended = _EXTENDED.fullmatch(parameters.get("filename*", "").strip('"'))
    if extended:
        decoded = unquote(extended["value"], encoding=extended["charset"], errors="replace")
        if "\ufffd" not in decoded:
            return decoded
    value = parameters.get("filename", "")
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value


def _shortened(name: str) -> str:
    """Cuts the stem, at a character, so that the ending survives."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ""
    stem = name[: len(name) - len(suffix)].encode()[: MAX_NAME_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore").rstrip(". ") + suffix
