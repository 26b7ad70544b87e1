"""`entrepot get`: one URL's content on stdout or in a file, with no service running."""

import asyncio
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from entrepot.cli.console import notes, printable, reported_errors
from entrepot.cli.serve import load_settings
from entrepot.config import Settings
from entrepot.disk import is_out_of_room, translated_disk_errors
from entrepot.errors import BadInput, ContentTooLarge, ConversionUnsupported, OutOfOrder, StorageFull

if TYPE_CHECKING:
    from entrepot.pipelines.conversion import Fetched, Reach

_PIECE_BYTES = 1024 * 1024


class Wanted(StrEnum):
    """What `-f` takes; `auto` is markdown of what can be read, and the bytes as they are of all else."""

    AUTO = "auto"
    MARKDOWN = "markdown"
    TEXT = "text"
    HTML = "html"
    JSON = "json"
    PDF = "pdf"
    RAW = "raw"


def get(
    url: Annotated[str, typer.Argument(help="An http or https address.")],
    wanted: Annotated[Wanted, typer.Option("-f", "--format", help="What to make of it.")] = Wanted.AUTO,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write instead of stdout.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="The whole page, not its main content alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Errors as JSON on stdout.")] = False,
) -> None:
    """Fetch a URL and print its content; needs no service."""
    from entrepot.telemetry import configure_logs

    settings = load_settings()
    configure_logs("WARNING", settings.log_format)
    with reported_errors(as_json=as_json):
        target = None if output is None or _is_stream(output) else _target_of(output)
        with translated_disk_errors():
            # Beside the file that is wanted, so that the finished one takes its name in one step.
            temporary = tempfile.TemporaryDirectory(prefix=".entrepot-", dir=target and target.parent)
        with temporary as folder:
            fetched = _fetch(settings, url, wanted, Path(folder))
            found = _convert(settings, fetched, wanted, Path(folder), full=full)
            if target is not None:
                _place(found, target)
            elif output is not None:
                with translated_disk_errors(), output.open("wb", buffering=0) as stream:
                    _pour(found, stream.fileno())
            else:
                _print(found)


def _is_stream(output: Path) -> bool:
    """Whether it is a device or a pipe: written into, never replaced."""
    return output.exists() and not output.is_file() and not output.is_dir()


def _target_of(output: Path) -> Path:
    """The file that `output` names, links followed. Raises BadInput where there can be no such file."""
    target = output.resolve()
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent}.")
    if target.is_dir():
        raise BadInput(f"{output} is a folder.")
    return target


def _fetch(settings: Settings, url: str, wanted: Wanted, folder: Path) -> "Fetched":
    from entrepot.fetch.client import FetchClient
    from entrepot.fetch.url import parse_url
    from entrepot.pipelines.conversion import fetch_page
    from entrepot.wiring.limits import file_limits, page_limits
    from entrepot.wiring.reach import build_guard

    target = parse_url(url)
    limits = (file_limits if wanted in (Wanted.AUTO, Wanted.RAW) else page_limits)(settings)

    async def fetch() -> "Fetched":
        client = FetchClient(
            build_guard(settings, [(settings.host, settings.port)]),
            user_agent=settings.user_agent,
            ca_file=settings.ca_file,
        )
        try:
            return await fetch_page(client, target, limits, folder / "source")
        finally:
            await client.aclose()

    with notes.status(f"Fetching {target}") if notes.is_terminal else nullcontext():
        return asyncio.run(fetch())


def _convert(settings: Settings, fetched: "Fetched", wanted: Wanted, folder: Path, *, full: bool) -> Path:
    """The file with what is wanted."""
    from entrepot.content.convert import reader_of
    from entrepot.content.format import Format
    from entrepot.content.options import ContentOptions
    from entrepot.pipelines.conversion import convert_fenced

    source = Path(fetched.path)
    if wanted is Wanted.RAW or (wanted is Wanted.AUTO and fetched.media_type.startswith("image/")):
        return source
    try:
        reader_of(fetched.media_type)
    except ConversionUnsupported:
        if wanted is Wanted.AUTO:
            return source
        raise
    if fetched.size_bytes > settings.max_page_bytes:
        raise ContentTooLarge(
            f"Only pages of up to {settings.max_page_bytes} bytes are converted; try -f raw."
        )
    target = folder / "converted"
    target.mkdir()
    format_ = Format.MARKDOWN if wanted is Wanted.AUTO else Format(wanted.value)
    options = ContentOptions(extract="full" if full else "main")
    with _reach_of(settings) if format_ is Format.PDF else nullcontext() as reach:
        converted = convert_fenced(fetched, format_, options, target / "content", reach)
    for notice in converted.notices:
        notes.print(
            Text.assemble(("note ", "yellow"), printable(notice.message), (f" ({notice.code})", "dim"))
        )
    return Path(converted.path)


@contextmanager
def _reach_of(settings: Settings) -> Iterator["Reach"]:
    """How what is printed gets at its pictures, while it is."""
    from entrepot.pipelines.conversion import Reach
    from entrepot.pipelines.gatehouse import running_gatehouse
    from entrepot.wiring.reach import build_guard

    with running_gatehouse(build_guard(settings, [(settings.host, settings.port)])) as proxy_url:
        yield Reach(proxy_url, settings.user_agent)


def _place(found: Path, target: Path) -> None:
    """Puts the finished file in its place, in one step, with the mode of the one before it."""
    with translated_disk_errors():
        found.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
        found.replace(target)
        size_bytes = target.stat().st_size
    notes.print(f"{target}: {size_bytes:,} bytes", markup=False)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _print(found: Path) -> None:
    if sys.stdout.isatty() and _is_binary(found):
        raise BadInput("This is no text for a terminal; name a file with -o.")
    sys.stdout.flush()
    try:
        _pour(found, sys.stdout.fileno())
    except BrokenPipeError:
        raise  # the reader has had enough, which is no failure
    except OSError as error:
        raise (StorageFull if is_out_of_room(error) else OutOfOrder)(
            "The output cannot be written."
        ) from error


def _is_binary(found: Path) -> bool:
    with found.open("rb") as content:
        return b"\x00" in content.read(_PIECE_BYTES)


def _pour(found: Path, descriptor: int) -> None:
    """Writes the file's bytes unbuffered, so that no later flush can fail."""
    with found.open("rb") as content:
        while piece := memoryview(content.read(_PIECE_BYTES)):
            while piece:
                piece = piece[os.write(descriptor, piece) :]
