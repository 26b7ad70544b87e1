"""`entrepot serve` and `entrepot migrate`: the service itself."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from entrepot.cli.console import Exit, notes, reported_errors

if TYPE_CHECKING:
    from entrepot.config import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the database, blobs and library.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser once ready.")] = False,
) -> None:
    """Run the service with its page; nothing else needs to be installed."""
    settings = load_settings(host=host, port=port, data_dir=data_dir)
    from entrepot.api.server import run_server

    with reported_errors():
        run_server(settings, announce=lambda url: _announce(url, settings, open_page=open_page))


def migrate(data_dir: Annotated[Path | None, typer.Option(help="Folder of the database.")] = None) -> None:
    """Bring the database to this version's schema and leave."""
    settings = load_settings(data_dir=data_dir)
    from entrepot.wiring.services import migrate_database

    with reported_errors():
        migrate_database(settings)
    notes.print("The database is at the newest revision.")


def load_settings(**overrides: Any) -> "Settings":
    """Settings from the environment, with the command line's words on top; leaves with a usage error if they are off."""
    from pydantic import ValidationError  # late, as is Settings: half of the time that `--help` would take

    from entrepot.config import Settings

    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        for item in error.errors():
            name = "_".join(str(part) for part in item["loc"])
            label = f"ENTREPOT_{name.upper()}: " if name else ""
            notes.print(f"{label}{item['msg'].removeprefix('Value error, ')}", style="red", markup=False)
        raise typer.Exit(Exit.USAGE) from None


def _announce(url: str, settings: "Settings", *, open_page: bool) -> None:
    places = f"(data in {settings.data_dir.absolute()}, API at {url}/api/docs)"
    notes.print(Text.assemble(("Entrepôt", "bold"), f" is ready: {url}  ", (places, "dim")))
    if open_page and _has_a_screen():
        import webbrowser

        webbrowser.open(url)


def _has_a_screen() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
