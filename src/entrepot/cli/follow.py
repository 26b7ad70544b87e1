"""A job followed to its end on stderr: a bar on a terminal, a line for each change elsewhere."""

from datetime import timedelta
from typing import Any

from entrepot.cli.console import notes, printable
from entrepot.cli.service import Service


def follow(service: Service, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    return _follow_with_a_bar(service, job_id) if notes.is_terminal else _follow_in_lines(service, job_id)


def _follow_in_lines(service: Service, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = {}
    told = ""
    for job in service.watch(job_id):
        if (label := _label(job)) != told:
            notes.print(label, markup=False)
            told = label
    return job


def _follow_with_a_bar(service: Service, job_id: str) -> dict[str, Any]:
    from rich import progress  # late: other commands need none of it

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[figures]}", markup=False),
    )
    job: dict[str, Any] = {}
    with progress.Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task("queued", total=None, figures="")
        for job in service.watch(job_id):
            is_known = job["progress"] > 0
            bar.update(
                task, description=f"{_label(job):<11}", total=100 if is_known else None, completed=job["progress"],
                figures=figures(job),
            )  # fmt: skip
    return job


def figures(job: dict[str, Any]) -> str:
    """What is known of how far the job is: percent, bytes, speed, remaining time."""
    from rich.filesize import decimal

    parts = [f"{job['progress']:3.0f}%"] if job["progress"] > 0 else []
    if job["downloaded_bytes"]:
        total = f" of {decimal(job['total_bytes'])}" if job["total_bytes"] else ""
        parts.append(decimal(job["downloaded_bytes"]) + total)
    if job["speed_bps"]:
        parts.append(f"{decimal(int(job['speed_bps']))}/s")
    if job["eta_seconds"] is not None:
        parts.append(f"{timedelta(seconds=round(job['eta_seconds']))} left")
    return "  ".join(parts)


def _label(job: dict[str, Any]) -> str:
    is_at_work = job["status"] == "running" and job["stage"]
    return printable(job["stage"] if is_at_work else job["status"])
