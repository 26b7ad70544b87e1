"""How the command line speaks, and what its exit codes mean."""

import re
from pathlib import Path
from typing import get_args

import pytest
import typer

from entrepot.api.schemas import DownloadOptions
from entrepot.cli import jobs
from entrepot.cli.console import Exit, Unreachable, exit_code_of, fail, printable, reported_errors
from entrepot.errors import (
    AppError,
    BadSetting,
    CannotListen,
    ContentTooLarge,
    DestinationForbidden,
    InvalidURL,
    JobCanceled,
    JobFinished,
    JobNotFound,
    StorageFull,
    UpstreamTimeout,
)
from entrepot.jobs.state import JobState

GUIDE = Path(__file__).parent.parent.parent / "docs" / "guide" / "command-line.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AppError(), Exit.FAILED),
        (UpstreamTimeout(), Exit.FAILED),
        (StorageFull(), Exit.FAILED),
        (CannotListen(), Exit.FAILED),
        (BadSetting(), Exit.USAGE),
        (Unreachable(), Exit.UNREACHABLE),
        (InvalidURL(), Exit.REFUSED),
        (DestinationForbidden(), Exit.REFUSED),
        (ContentTooLarge(), Exit.REFUSED),
        (JobNotFound(), Exit.REFUSED),
        (JobFinished(), Exit.REFUSED),
        (JobCanceled(), Exit.CANCELED),
    ],
)
def test_error_has_its_exit_code(error: AppError, code: Exit) -> None:
    assert exit_code_of(error) is code


def test_error_goes_to_stderr_with_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        fail(InvalidURL("No [red]scheme\x1b[2J."))
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "error No [red]scheme\ufffd[2J. (invalid-url)\n"


def test_error_as_json_is_data(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        fail(InvalidURL("No scheme."), as_json=True)
    out, err = capfd.readouterr()
    assert out == '{"error": {"code": "invalid-url", "message": "No scheme.", "retryable": false}}\n'
    assert err == ""


def test_interrupt_has_its_exit_code() -> None:
    with pytest.raises(typer.Exit) as caught, reported_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == Exit.INTERRUPTED


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "a\rb", "a\nb", "\u202egnp.exe", "\x9b31m"])
def test_nothing_that_a_terminal_obeys_is_printed(hostile: str) -> None:
    assert printable(hostile).isprintable()


def test_choices_are_those_of_the_service() -> None:
    fields = DownloadOptions.model_fields
    assert get_args(jobs.Kind) == get_args(fields["kind"].annotation)
    assert get_args(jobs.Quality) == get_args(fields["quality"].annotation)
    assert set(get_args(jobs.Status)) == {state.value for state in JobState}


def test_every_exit_code_stands_in_the_guide() -> None:
    documented = {int(code) for code in re.findall(r"^\| `(\d+)` \|", GUIDE.read_text(), re.MULTILINE)}
    assert documented == {code.value for code in Exit}
