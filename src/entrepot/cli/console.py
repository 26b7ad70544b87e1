"""How the command line speaks: data on stdout, everything else on stderr, exit codes that scripts can rely on."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from entrepot.errors import AppError, BadInput, BadSetting, JobCanceled, NotFound, Refused

console = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """What an exit code means."""

    OK = 0
    FAILED = 1  # the work could not be done: the origin, the media or the service failed
    USAGE = 2  # the command's words are off
    UNREACHABLE = 3  # no service answers at that address
    REFUSED = 4  # the request was refused: bad URL, forbidden destination, unknown job
    CANCELED = 5  # the job was canceled
    INTERRUPTED = 130  # Ctrl-C


class Unreachable(AppError):
    code, status, title, retryable = "service-unreachable", 503, "No service answers", True


def print_data(text: str) -> None:
    """`text` on stdout, at once: whoever reads the pipe sees it now, and a pipe that nobody reads is noticed now."""
    sys.stdout.write(text)
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout."""
    print_data(json.dumps(value, ensure_ascii=False) + "\n")


def printable(text: str) -> str:
    """`text` on one line, with nothing in it that a terminal would obey: titles come from strangers."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def exit_code_of(error: AppError) -> Exit:
    """The exit code that stands for `error`."""
    if isinstance(error, Unreachable):
        return Exit.UNREACHABLE
    if isinstance(error, BadSetting):
        return Exit.USAGE
    if isinstance(error, JobCanceled):
        return Exit.CANCELED
    if isinstance(error, BadInput | Refused | NotFound) or 400 <= error.status < 500:
        return Exit.REFUSED
    return Exit.FAILED


@contextmanager
def reported_errors(*, as_json: bool = False) -> Iterator[None]:
    """Turns an AppError into one line on stderr (or JSON) and its exit code."""
    try:
        yield
    except AppError as error:
        fail(error, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:  # whoever read our data has seen enough; the exit's own flush must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None


def fail(error: AppError, *, as_json: bool = False, code: Exit | None = None) -> NoReturn:
    """Says what went wrong and leaves with `code`, or the one that stands for `error`."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.detail, "retryable": error.retryable}})
    else:
        notes.print(Text.assemble(("error ", "red"), printable(error.detail), (f" ({error.code})", "dim")))
    raise typer.Exit(exit_code_of(error) if code is None else code)
