"""ffmpeg, held on a short lead: which inputs it may open, what it says of a file, and whether the file is whole.

ffmpeg opens whatever an input names, so every input gets whitelists of protocols and formats, and a local one is sniffed
first. The sniffer alone would not do: ffmpeg looks past an ID3 tag, behind which a playlist may hide.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from entrepot.errors import JobTimeout, MediaBroken, MediaUnavailable
from entrepot.media.sniff import HEAD_BYTES, sniff_media

NETWORK_PROTOCOLS = "http,https,tls,tcp,crypto,data,httpproxy"
LOCAL_PROTOCOLS = "file,pipe,fd,crypto,data"
LOCAL_FORMATS = (
    "mov,matroska,mpegts,mpeg,mpegvideo,flv,avi,asf,ogg,mp3,aac,flac,wav,w64,aiff,amr"  # no text among them
)
NETWORK_FORMATS = f"{LOCAL_FORMATS},hls,webvtt,ac3,eac3"
TAIL_SECONDS = 4.0
MAX_SECONDS = 90.0
MAX_OUTPUT_CHARS = 64 * 1024

_DURATION = re.compile(r"^\s*Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_STREAM = re.compile(r"^\s*Stream #\d+:\d+.*?: (Video|Audio): (.*)$", re.MULTILINE)
_SIZE = re.compile(r"\b(\d{2,5})x(\d{2,5})\b")
_OUT_TIME = re.compile(r"^out_time_us=(\d+)", re.MULTILINE)
_BROKEN = re.compile(
    r"partial file|moov atom not found|File ended prematurely|Input/output error|Error during demuxing"
)
_GUESSED_DURATION = "Estimating duration from bitrate"
_NO_DECODER = "no decoder found for"

Starter = Callable[[], None]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What ffmpeg says of a file. `duration_seconds` None: the container does not tell."""

    duration_seconds: float | None
    has_video: bool
    has_audio: bool
    height: int | None


class Ffmpeg:
    """The program at `path`; `before_start` runs in each child before ffmpeg does, and ties its life to ours."""

    def __init__(self, path: Path, before_start: Starter | None = None) -> None:
        self._path = path
        self._before_start = before_start

    def inspect(self, file: Path) -> FileFacts:
        """What is in `file`. Raises MediaBroken when it is no media file, or names others instead of holding media."""
        refuse_unknown(file)
        _, said = self._run(["-i", _local(file)])
        if "Invalid data found" in said or not (streams := _STREAM.findall(said)):
            raise MediaBroken("What was downloaded is not a playable media file.")
        pictures = [text for kind, text in streams if kind == "Video" and "(attached pic)" not in text]
        sizes = [size for text in pictures if (size := _SIZE.search(text))]
        return FileFacts(
            duration_seconds=_read_duration(said),
            has_video=bool(pictures),
            has_audio=any(kind == "Audio" for kind, _ in streams),
            height=int(sizes[0][2]) if sizes else None,
        )

    def check_whole(self, file: Path, facts: FileFacts) -> None:
        """Decodes the head and the tail of `file`. Raises MediaBroken when either is missing or damaged."""
        self._decode(["-t", str(TAIL_SECONDS), "-i", _local(file)], at_least_seconds=0)
        if facts.duration_seconds and facts.duration_seconds > TAIL_SECONDS:
            start = facts.duration_seconds - TAIL_SECONDS
            self._decode(["-ss", f"{start:.3f}", "-i", _local(file)], at_least_seconds=TAIL_SECONDS / 2)

    def _decode(self, source: list[str], *, at_least_seconds: float) -> None:
        done, said = self._run(["-v", "error", "-progress", "pipe:1", "-nostats", *source, "-f", "null", "-"])
        if _NO_DECODER in said:  # a codec that this build cannot judge is no fault of the file
            return
        decoded_seconds = max(map(int, _OUT_TIME.findall(said)), default=0) / 1e6
        if done != 0 or not decoded_seconds or decoded_seconds < at_least_seconds or _BROKEN.search(said):
            raise MediaBroken("The downloaded file is damaged, or breaks off before its end.")

    def _run(self, arguments: Sequence[str]) -> tuple[int, str]:
        command = protect_inputs([str(self._path), "-hide_banner", "-nostdin", *arguments])
        try:
            done = subprocess.run(
                command, check=False, timeout=MAX_SECONDS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, preexec_fn=self._before_start,  # one thread runs here
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise JobTimeout("Checking the downloaded file took too long.") from error
        return done.returncode, done.stdout.decode(errors="replace")[-MAX_OUTPUT_CHARS:]


def protect_inputs(command: Sequence[str]) -> list[str]:
    """`command` with whitelists in front of every input; those that were there before are overruled."""
    protected: list[str] = []
    for index, word in enumerate(command):
        if word == "-i" and index + 1 < len(command):
            is_far = is_remote(command[index + 1])
            protected += ["-protocol_whitelist", NETWORK_PROTOCOLS if is_far else LOCAL_PROTOCOLS]
            protected += ["-format_whitelist", NETWORK_FORMATS if is_far else LOCAL_FORMATS]
        protected.append(word)
    return protected


def check_inputs(command: Sequence[str]) -> None:
    """Raises MediaBroken for a local input that is no media file, MediaUnavailable for one behind a strange protocol."""
    for index, word in enumerate(command[:-1]):
        name = command[index + 1]
        if word != "-i" or is_remote(name):
            continue
        if "://" in name:
            raise MediaUnavailable("The media is served over a protocol that is not supported.")
        refuse_unknown(Path(name.removeprefix("file:")))


def has_remote_input(command: Sequence[str]) -> bool:
    """Whether `command` makes ffmpeg fetch something."""
    return any(word == "-i" and is_remote(name) for word, name in pairwise(command))


def is_remote(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def refuse_unknown(file: Path) -> None:
    """Raises MediaBroken unless `file` begins as one of the containers that we know."""
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise MediaBroken("The downloaded file is empty.")
    if sniff_media(head) is None:
        raise MediaBroken("What was downloaded is not a media file.")


def _local(file: Path) -> str:
    return f"file:{file}"


def _read_duration(said: str) -> float | None:
    match = _DURATION.search(said)
    if match is None or _GUESSED_DURATION in said:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
