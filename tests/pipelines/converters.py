"""Conversions that go wrong, done where a real one would be: in a forked child of one thread, behind the fence."""

import ctypes
import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from entrepot.content import convert as room
from entrepot.content.convert import Rendering
from entrepot.content.document import Metadata, Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.pipelines import conversion
from entrepot.pipelines.conversion import Fetched, convert_fenced

SECRET = "kept from converters"
_DIGEST = "0" * 64


def fetched(path: Path, body: str | bytes = "", media_type: str = "text/html") -> Fetched:
    """A source as it lies in `path` after its fetch."""
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    url = "https://harbour.example/crane.html"
    return Fetched(
        path=str(path), url=url, final_url=url, status=200, content_type=media_type, media_type=media_type,
        size_bytes=path.stat().st_size, sha256=_DIGEST, last_modified=None, fetched_at="2026-03-01T08:00:00Z", fetch_ms=1.0,
    )  # fmt: skip


def convert(source: Fetched, format_: Format, options: ContentOptions, target: Path) -> dict[str, Any]:
    """An honest conversion."""
    return convert_fenced(source, format_, options, target).as_dict()


def convert_badly(deed: str, source: Fetched, target: Path) -> dict[str, Any]:
    """A conversion by a converter that a page has taken over, or that fails in the way of `deed`."""
    converters: dict[str, Callable[[Page, Path], Any]] = {
        "abort": lambda _page, _target: os.abort(),
        "segmentation fault": lambda _page, _target: ctypes.string_at(0),
        "kill": lambda _page, _target: os.kill(os.getpid(), signal.SIGKILL),
        "exit": lambda _page, _target: os._exit(0),
        "endless loop": _loop,
        "endless sleep": lambda _page, _target: time.sleep(60),
        "too much memory": lambda _page, _target: bytearray(4 * 1024**3),
        "recursion": _recur,
        "too large": lambda _page, _target: _rendering(b"x" * 2_000_000),
        "full disk": _fill_disk,
        "link to a secret": _link,
        "hard link": _hard_link,
        "pipe": _pipe,
        "folder": lambda _page, target: target.mkdir(),
        "nonsense": lambda _page, _target: _rendering(b"fine", fingerprint="../../etc/passwd"),
        "reads a secret": lambda _page, target: _rendering((target.parent.parent / "secret").read_bytes()),
        "writes elsewhere": lambda _page, target: (target.parent.parent / "planted").write_text("x"),
        "opens a socket": lambda _page, _target: __import__("socket").socket(),
    }
    work = converters[deed]
    room.convert = lambda page, *_, **_more: _outcome(work(page, target))
    conversion.CONVERSION_SECONDS = 1.0
    conversion._RENDERED_BYTES = 1_000_000
    return convert(source, Format.TEXT, ContentOptions(), target)


def _outcome(made: Any) -> Rendering:
    """What the converter gave, or, for those that wrote a file of their own, an answer as if all were well."""
    if isinstance(made, Rendering):
        return made
    return _rendering(b"")


def _rendering(body: bytes, fingerprint: str = _DIGEST) -> Rendering:
    return Rendering(body, Metadata(title="Fine"), fingerprint)


def _loop(_page: Page, _target: Path) -> None:
    while True:
        pass


def _recur(page: Page, target: Path) -> Any:
    return _recur(page, target)


def _fill_disk(_page: Page, _target: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _link(_page: Page, target: Path) -> None:
    target.symlink_to(target.parent.parent / "secret")


def _hard_link(_page: Page, target: Path) -> None:
    other = target.parent / "other"
    other.write_text("x")
    target.hardlink_to(other)


def _pipe(_page: Page, target: Path) -> None:
    os.mkfifo(target)
