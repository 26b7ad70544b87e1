"""`entrepot add` and `entrepot jobs`: submit, follow and steer jobs of a running service."""

import sys
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from entrepot.cli.console import (
    Exit,
    console,
    fail,
    notes,
    print_data,
    print_json,
    printable,
    reported_errors,
)
from entrepot.cli.follow import follow
from entrepot.cli.service import DEFAULT_ADDRESS, Service
from entrepot.errors import AppError, JobCanceled

Kind = Literal["auto", "media", "file", "page"]
Quality = Literal["best", "2160p", "1440p", "1080p", "720p", "480p", "360p", "audio"]
Status = Literal["queued", "running", "completed", "failed", "canceled"]

jobs_app = typer.Typer(help="List, watch and steer jobs of a running service.", no_args_is_help=True)

Server = Annotated[str, typer.Option("--server", envvar="ENTREPOT_SERVER", help="Address of the service.")]
AsJSON = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]


def add(
    url: Annotated[str, typer.Argument(help="Address of a video, a file or a web page.")],
    kind: Annotated[Kind, typer.Option(help="What to make of it; auto looks first.")] = "auto",
    quality: Annotated[Quality, typer.Option(help="Media: the height at most, or the sound alone.")] = "best",
    checksum: Annotated[str | None, typer.Option(help="sha256:… that a file must have.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job to its end.")] = False,
    server: Server = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Submit a URL to a running service."""
    options = {"kind": kind, "quality": quality, **({"checksum": checksum} if checksum else {})}
    with reported_errors(as_json=as_json):
        service = Service(server)
        job = service.add(url, options)
        if wait:
            job = follow(service, job["id"])
        _show_result(service, job, as_json=as_json)


@jobs_app.command("ls")
def list_jobs(
    status: Annotated[Status | None, typer.Option(help="Only jobs that stand so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    server: Server = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """List jobs, newest first."""
    with reported_errors(as_json=as_json):
        jobs = Service(server).jobs(status=status, limit=limit)
        if as_json:
            print_json(jobs)
        elif sys.stdout.isatty():
            console.print(_table(jobs), soft_wrap=False)
        else:
            print_data("".join(_row(job) for job in jobs))


@jobs_app.command("watch")
def watch(job_id: JobId, server: Server = DEFAULT_ADDRESS, as_json: AsJSON = False) -> None:
    """Follow a job to its end."""
    with reported_errors(as_json=as_json):
        service = Service(server)
        _show_result(service, follow(service, job_id), as_json=as_json)


@jobs_app.command("cancel")
def cancel(job_id: JobId, server: Server = DEFAULT_ADDRESS, as_json: AsJSON = False) -> None:
    """Cancel a job; its partial files go at once."""
    with reported_errors(as_json=as_json):
        job = Service(server).cancel(job_id)
        print_json(job) if as_json else notes.print(f"canceled {job['id']}", markup=False)


@jobs_app.command("retry")
def retry(job_id: JobId, server: Server = DEFAULT_ADDRESS, as_json: AsJSON = False) -> None:
    """Put a failed or canceled job back into the queue."""
    with reported_errors(as_json=as_json):
        answer = Service(server).retry(job_id)
        print_json(answer) if as_json else notes.print(f"queued {answer['jobId']}", markup=False)


@jobs_app.command("logs")
def logs(job_id: JobId, server: Server = DEFAULT_ADDRESS, as_json: AsJSON = False) -> None:
    """Print a job's log."""
    with reported_errors(as_json=as_json):
        service = Service(server)
        after = 0
        while lines := service.logs(job_id, after=after):
            for line in lines:
                print_json(line) if as_json else print_data(_log_line(line))
            after = lines[-1]["seq"]


def _show_result(service: Service, job: dict[str, Any], *, as_json: bool) -> None:
    """Prints the job or its links, and leaves with a code that tells how it ended."""
    if as_json:
        print_json(job)
    elif job["status"] == "completed":
        print_data("".join(_link(service, file) + "\n" for file in job["files"]))
    elif job["status"] in ("queued", "running"):
        print_data(job["id"] + "\n")
    if job["status"] == "failed":
        if as_json:
            raise typer.Exit(Exit.FAILED)
        _fail(job["error"])
    if job["status"] == "canceled":
        raise typer.Exit(Exit.CANCELED) if as_json else _canceled()


def _link(service: Service, file: dict[str, Any]) -> str:
    link = str(file["download_url"])
    return link if "://" in link else service.address + link


def _fail(error: dict[str, Any]) -> None:
    """Says why the job failed; that is 1 whatever the reason, since the order itself was in order."""
    fail(AppError.from_dict(error), code=Exit.FAILED)


def _canceled() -> typer.Exit:
    notes.print(JobCanceled.title)
    return typer.Exit(Exit.CANCELED)


def _table(jobs: list[dict[str, Any]]) -> Table:
    table = Table("id", "status", "%", "kind", "title", box=None)
    for job in jobs:
        table.add_row(job["id"], job["status"], f"{job['progress']:.0f}", job["kind"], Text(_title(job)))
    return table


def _row(job: dict[str, Any]) -> str:
    return "\t".join((job["id"], job["status"], f"{job['progress']:.0f}", _title(job))) + "\n"


def _title(job: dict[str, Any]) -> str:
    return printable(str((job["source"] or {}).get("title") or job["url"]))


def _log_line(line: dict[str, Any]) -> str:
    at = datetime.fromisoformat(line["at"]).strftime("%H:%M:%S")
    return f"{at} {line['level']:<7} {printable(line['message'])}\n"
