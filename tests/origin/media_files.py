"""The real media that the test site serves: made once by ffmpeg, a few seconds long, kept for later test runs."""

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

SECONDS = 6
HEIGHTS = (1080, 720, 480, 360)
HLS_HEIGHTS = (720, 360)
KEY = bytes(range(16))

_VTT = "WEBVTT\n\n00:00:00.500 --> 00:00:02.500\n{first}\n\n00:00:03.000 --> 00:00:05.500\n{second}\n"
_SRT = "1\n00:00:00,500 --> 00:00:02,500\n{first}\n\n2\n00:00:03,000 --> 00:00:05,500\n{second}\n"
_LINES = {"en": ("Hello from the harbour.", "Good bye."), "de": ("Grüße aus dem Hafen.", "Auf Wiedersehen.")}


@dataclass(frozen=True, slots=True)
class MediaFiles:
    """Where the made files lie. Paths below `folder` are the paths that the site serves under `/files/`."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.path(name).read_bytes()).hexdigest()


def make_media() -> MediaFiles:
    """The media files, made on the first call on this machine; a changed recipe makes them anew."""
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    home = Path(tempfile.gettempdir()) / f"entrepot-origin-{recipe}"
    if not home.exists():
        draft = Path(tempfile.mkdtemp(prefix="entrepot-origin-draft-"))
        _make_all(draft)
        try:
            draft.rename(home)
        except OSError:  # another run was quicker
            shutil.rmtree(draft)
    return MediaFiles(home)


def _make_all(folder: Path) -> None:
    _make_videos(folder)
    _make_audio(folder)
    _make_images(folder)
    _make_hls(folder)
    _make_dash(folder)
    for language, (first, second) in _LINES.items():
        (folder / f"subtitles.{language}.vtt").write_text(_VTT.format(first=first, second=second), "utf-8")
        (folder / f"subtitles.{language}.srt").write_text(_SRT.format(first=first, second=second), "utf-8")


def _ffmpeg(*arguments: str | Path) -> None:
    command = [get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)


def _make_videos(folder: Path) -> None:
    inputs = ("-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=25:duration={SECONDS}",
              "-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}")  # fmt: skip
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-keyint_min", "50",
            "-sc_threshold", "0", "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart")  # fmt: skip
    _ffmpeg(*inputs, *x264, folder / "1080p.mp4")
    for height in HEIGHTS[1:]:
        _ffmpeg("-i", folder / "1080p.mp4", "-vf", f"scale=-2:{height}", *x264, folder / f"{height}p.mp4")
    _ffmpeg("-i", folder / "360p.mp4", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
            "-b:v", "200k", "-c:a", "libopus", "-b:a", "48k", folder / "360p.webm")  # fmt: skip
    (folder / "truncated.mp4").write_bytes((folder / "720p.mp4").read_bytes()[:-40_000])


def _make_audio(folder: Path) -> None:
    _ffmpeg("-i", folder / "360p.mp4", "-vn", "-c:a", "copy", folder / "audio.m4a")
    _ffmpeg("-i", folder / "360p.mp4", "-vn", "-c:a", "libmp3lame", "-b:a", "64k", folder / "audio.mp3")


def _make_images(folder: Path) -> None:
    _ffmpeg("-ss", "1", "-i", folder / "720p.mp4", "-frames:v", "1", "-update", "1", folder / "thumbnail.jpg")


def _make_hls(folder: Path) -> None:
    """`hls/master.m3u8` over two heights, `hls/encrypted.m3u8` under AES-128, `hls/broken.m3u8` with a segment missing,
    `hls/split.m3u8` with picture and sound apart in fragments of MP4, `hls/ranges.m3u8` over ranges of one file."""
    hls = folder / "hls"
    hls.mkdir()
    common = ("-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod")
    for height in HLS_HEIGHTS:
        _ffmpeg("-i", folder / f"{height}p.mp4", *common, "-hls_segment_filename", hls / f"{height}-%02d.ts",
                hls / f"{height}.m3u8")  # fmt: skip
    master = ["#EXTM3U", "#EXT-X-VERSION:3"]
    for height in HLS_HEIGHTS:
        width = height * 16 // 9
        master += [f'#EXT-X-STREAM-INF:BANDWIDTH={height * 2000},RESOLUTION={width}x{height},CODECS="avc1.42c01f,mp4a.40.2"',
                   f"{height}.m3u8"]  # fmt: skip
    (hls / "master.m3u8").write_text("\n".join([*master, ""]))
    (hls / "broken.m3u8").write_text((hls / "360.m3u8").read_text().replace("360-01.ts", "gone-01.ts"))
    (hls / "live.m3u8").write_text(
        (hls / "360.m3u8").read_text().replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD\n", "")
    )
    (hls / "secret.key").write_bytes(KEY)
    (hls / "key_info").write_text(f"secret.key\n{hls / 'secret.key'}\n")
    _ffmpeg("-i", folder / "360p.mp4", *common, "-hls_key_info_file", hls / "key_info",
            "-hls_segment_filename", hls / "encrypted-%02d.ts", hls / "encrypted.m3u8")  # fmt: skip
    _ffmpeg("-i", folder / "360p.mp4", *common, "-hls_flags", "single_file",
            "-hls_segment_filename", hls / "ranges.ts", hls / "ranges.m3u8")  # fmt: skip
    _ffmpeg("-i", folder / "360p.mp4", "-map", "0:v", "-map", "0:a", *common, "-hls_segment_type", "fmp4",
            "-hls_fmp4_init_filename", "split-%v-init.mp4", "-hls_segment_filename", hls / "split-%v-%02d.m4s",
            "-master_pl_name", "split.m3u8", "-var_stream_map", "v:0,agroup:sound a:0,agroup:sound,default:yes",
            hls / "split-%v.m3u8")  # fmt: skip


def _make_dash(folder: Path) -> None:
    """`dash/manifest.mpd`: two heights of video and one of sound, so that what comes out has to be merged."""
    dash = folder / "dash"
    dash.mkdir()
    _ffmpeg("-i", folder / "720p.mp4", "-i", folder / "360p.mp4", "-map", "0:v", "-map", "1:v", "-map", "0:a",
            "-c", "copy", "-f", "dash", "-seg_duration", "2", "-adaptation_sets", "id=0,streams=v id=1,streams=a",
            dash / "manifest.mpd")  # fmt: skip
