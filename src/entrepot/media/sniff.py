"""Which container a file really is, told from its first bytes; what is not a known one is refused (pure).

ffmpeg guesses formats by content, and some formats (HLS, DASH, concat, SDP, SMIL) are texts that name other files and
addresses. A positive list keeps every one of those away from it, whatever the file is called.
"""

from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 4096
_TS_PACKET_BYTES = 188
_ISO_BOXES = {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"pnot"}
_QUICKTIME_BOXES = {b"wide", b"pnot"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A container: its usual extension, and its type with moving pictures in it, and without."""

    extension: str
    video_type: str
    audio_type: str
    audio_extension: str | None = None
    also: frozenset[str] = frozenset()

    def extension_for(self, present: str, *, has_video: bool) -> str:
        """The right extension for a file that now bears `present`: that one, if it is usual too."""
        usual = self.extension if has_video else self.audio_extension or self.extension
        return present if present in self.also and has_video == (present not in AUDIO_EXTENSIONS) else usual


AUDIO_EXTENSIONS = frozenset({"m4a", "m4b", "mka", "weba", "ogg", "oga", "opus", "wma"})

MP4 = Kind("mp4", "video/mp4", "audio/mp4", "m4a", frozenset({"m4v", "3gp", "m4b"}))
QUICKTIME = Kind("mov", "video/quicktime", "video/quicktime")
WEBM = Kind("webm", "video/webm", "audio/webm", None, frozenset({"weba"}))
MATROSKA = Kind("mkv", "video/x-matroska", "audio/x-matroska", "mka")
OGG = Kind("ogv", "video/ogg", "audio/ogg", "ogg", frozenset({"opus", "oga"}))
MPEG_TS = Kind("ts", "video/mp2t", "video/mp2t", None, frozenset({"m2ts", "mts"}))
MPEG_PS = Kind("mpg", "video/mpeg", "video/mpeg", None, frozenset({"mpeg", "vob"}))
FLV = Kind("flv", "video/x-flv", "video/x-flv")
AVI = Kind("avi", "video/x-msvideo", "video/x-msvideo")
ASF = Kind("wmv", "video/x-ms-wmv", "audio/x-ms-wma", "wma")
MP3 = Kind("mp3", "audio/mpeg", "audio/mpeg")
AAC = Kind("aac", "audio/aac", "audio/aac")
FLAC = Kind("flac", "audio/flac", "audio/flac")
WAV = Kind("wav", "audio/wav", "audio/wav")
AIFF = Kind("aiff", "audio/aiff", "audio/aiff")
AMR = Kind("amr", "audio/amr", "audio/amr")

_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"OggS", OGG),
    (b"fLaC", FLAC),
    (b"FLV\x01", FLV),
    (b"ID3", MP3),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"\x00\x00\x01\xb3", MPEG_PS),
    (b"#!AMR\n", AMR),
)


def sniff_media(head: bytes) -> Kind | None:
    """The container that a file with these first bytes (at least `HEAD_BYTES` where it has as many) is; None: none we know."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return _sniff_iso(head) or _sniff_matroska(head) or _sniff_riff(head) or _sniff_mpeg(head)


def sniff_image(head: bytes) -> Literal["jpg", "png", "webp"] | None:
    """The image that a file with these first bytes is, of the kinds that every browser shows."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _sniff_iso(head: bytes) -> Kind | None:
    """ISO base media (ISO/IEC 14496-12, 4.2): a box's length, then its type."""
    box = head[4:8]
    if box not in _ISO_BOXES:
        return None
    return QUICKTIME if box in _QUICKTIME_BOXES or head[4:10] == b"ftypqt" else MP4


def _sniff_matroska(head: bytes) -> Kind | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return WEBM if b"\x42\x82\x84webm" in head[:80] else MATROSKA


def _sniff_riff(head: bytes) -> Kind | None:
    kinds = {
        (b"RIFF", b"WAVE"): WAV,
        (b"RIFF", b"AVI "): AVI,
        (b"FORM", b"AIFF"): AIFF,
        (b"FORM", b"AIFC"): AIFF,
    }
    return kinds.get((head[:4], head[8:12]))


def _sniff_mpeg(head: bytes) -> Kind | None:
    """Transport stream packets, or an audio frame: twelve bits of sync, then the layer (0 in AAC's ADTS)."""
    if len(head) > _TS_PACKET_BYTES and head[0] == head[_TS_PACKET_BYTES] == 0x47:
        return MPEG_TS
    if len(head) > 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        if head[1] & 0xF6 == 0xF0:
            return AAC
        return MP3 if _is_audio_frame(head) else None
    return None


def _is_audio_frame(head: bytes) -> bool:
    """Whether the header has no reserved value (ISO/IEC 11172-3, 2.4.2.3). Layer I is left out: it is in use nowhere, and
    its first bytes are UTF-16's byte order mark.
    """
    version, layer, bitrate, rate = head[1] & 0x18, head[1] & 0x06, head[2] & 0xF0, head[2] & 0x0C
    return version != 0x08 and layer in (0x02, 0x04) and bitrate != 0xF0 and rate != 0x0C
