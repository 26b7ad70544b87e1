"""The commands of `entrepot`, put together."""

from typing import Annotated

import typer

from entrepot import __version__
from entrepot.cli.doctor import doctor
from entrepot.cli.get import get
from entrepot.cli.jobs import add, jobs_app
from entrepot.cli.serve import migrate, serve

app = typer.Typer(
    help="Any URL in; a durable, cacheable, versioned artifact out.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no service answers, 4 refused, 5 canceled, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(migrate)
app.command()(get)
app.command()(add)
app.add_typer(jobs_app, name="jobs")
app.command()(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"entrepot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The `entrepot` command."""
    app()
