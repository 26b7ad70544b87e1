"""`entrepot doctor`: whether this machine has what the service can use, and what would mend it."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer
from rich.text import Text

from entrepot import __version__
from entrepot.cli.console import Exit, console, print_json, reported_errors
from entrepot.cli.serve import load_settings
from entrepot.errors import BadSetting

if TYPE_CHECKING:
    from entrepot.config import Settings

Verdict = Literal["ok", "warning", "failing"]
_COLOURS = {"ok": "green", "warning": "yellow", "failing": "red"}
_LOW_DISK_BYTES = 2 * 1024**3


class Finding(NamedTuple):
    """What one look found, and what would mend it."""

    name: str
    verdict: Verdict
    detail: str


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the database, blobs and library.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Look at this machine: Python, yt-dlp, ffmpeg, the kernel's fences, disk, the page. Exits 1 if something fails."""
    settings = load_settings(data_dir=data_dir)
    with reported_errors():
        findings = [look(settings) for look in _LOOKS]
        if as_json:
            print_json([finding._asdict() for finding in findings])
        else:
            for name, verdict, detail in findings:
                console.print(Text.assemble((f"{verdict:<8}", _COLOURS[verdict]), f"{name:<12}", detail))
    if any(finding.verdict == "failing" for finding in findings):
        raise typer.Exit(Exit.FAILED)


def _entrepot(_settings: "Settings") -> Finding:
    return Finding("entrepot", "ok", f"{__version__} on Python {sys.version.split()[0]}")


def _ytdlp(_settings: "Settings") -> Finding:
    from yt_dlp.version import __version__ as version

    return Finding("yt-dlp", "ok", version)


def _ffmpeg(_settings: "Settings") -> Finding:
    from imageio_ffmpeg import get_ffmpeg_version

    try:
        return Finding("ffmpeg", "ok", f"{get_ffmpeg_version()} (in a wheel)")
    except RuntimeError:
        return Finding("ffmpeg", "failing", "not found; install the package imageio-ffmpeg again")


def _fence(_settings: "Settings") -> Finding:
    from entrepot.processes.fence import landlock_abi

    abi = landlock_abi()
    if abi >= 4:
        return Finding(
            "fence", "ok", f"Landlock ABI {abi}: files and TCP of media children are fenced by the kernel"
        )
    return Finding(
        "fence",
        "warning",
        "the kernel has no Landlock with TCP rules (Linux 6.7+): the guard proxy alone holds",
    )


def _data(settings: "Settings") -> Finding:
    folder = settings.data_dir.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        return Finding("data", "failing", f"{existing} is not a folder")
    if not os.access(existing, os.W_OK):
        return Finding("data", "failing", f"{folder} cannot be written")
    free = shutil.disk_usage(existing).free
    verdict: Verdict = "ok" if free > _LOW_DISK_BYTES else "warning"
    return Finding("data", verdict, f"{folder}, {free / 1024**3:.1f} GiB free")


def _database(_settings: "Settings") -> Finding:
    import sqlite3

    return Finding("database", "ok", f"SQLite {sqlite3.sqlite_version}")


def _egress(settings: "Settings") -> Finding:
    from entrepot.wiring.reach import build_guard

    try:
        build_guard(settings, ())
    except BadSetting as error:
        return Finding("egress", "failing", error.detail)
    rules = len(settings.egress_allow) + len(settings.egress_block)
    return Finding("egress", "ok", f"private networks are refused; {rules} rules of your own")


def _resolver(_settings: "Settings") -> Finding:
    async def look_up() -> None:
        async with asyncio.timeout(3):
            await asyncio.get_running_loop().getaddrinfo("example.com", 443)

    try:
        asyncio.run(look_up())
    except (OSError, TimeoutError):
        return Finding(
            "network",
            "warning",
            "names of the outside world do not resolve; only allowed local origins will work",
        )
    return Finding("network", "ok", "names resolve")


def _page(_settings: "Settings") -> Finding:
    import entrepot

    if (Path(entrepot.__file__).parent / "ui" / "index.html").is_file():
        return Finding("page", "ok", "built")
    return Finding("page", "warning", "not built; in a checkout run `make ui`")


_LOOKS: tuple[Callable[["Settings"], Finding], ...] = (
    _entrepot,
    _ytdlp,
    _ffmpeg,
    _fence,
    _data,
    _database,
    _egress,
    _resolver,
    _page,
)
