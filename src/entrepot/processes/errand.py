"""One question to a child, one answer back: both sides of a task that is not a job."""

import asyncio
from collections.abc import Callable
from typing import Any

from entrepot.errors import AppError, ConversionFailed, JobCrashed, JobTimeout
from entrepot.processes.channel import Channel
from entrepot.processes.nursery import Nursery
from entrepot.telemetry import get_logger

_log = get_logger("entrepot.processes")


async def ask(
    nursery: Nursery, task: str, payload: dict[str, Any], *, timeout_seconds: float
) -> dict[str, Any]:
    """Has a child do `task` and gives what it answers; the child is gone when this returns, also when it is cancelled.

    Raises the AppError that the child raised, JobTimeout, JobCrashed when it died without an answer, OutOfOrder.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            child = await nursery.spawn(task, payload)
            try:
                async for message in child.messages():
                    return _result_of(message)
            finally:
                await child.kill()
                child.close()
    except TimeoutError as error:
        raise JobTimeout(f"There was no answer within {timeout_seconds:g} s.") from error
    raise JobCrashed("The process that was asked ended without an answer.")


def answer(channel: Channel, work: Callable[[], dict[str, Any]]) -> None:
    """In the child: does `work` and sends its result, or how it failed."""
    try:
        message = {"result": work()}
    except AppError as error:
        message = {"error": error.as_dict()}
    except MemoryError:
        message = {"error": ConversionFailed("There was not enough memory for this.").as_dict()}
    except Exception as error:
        _log.error("an errand failed", exc_info=error)
        message = {"error": JobCrashed("Something unexpected happened; the log has the details.").as_dict()}
    channel.send(message)


def _result_of(message: dict[str, Any]) -> dict[str, Any]:
    result, error = message.get("result"), message.get("error")
    if isinstance(error, dict):
        raise _error_from(error)
    if isinstance(result, dict):
        return result
    raise JobCrashed("The process that was asked gave no sensible answer.")


def _error_from(data: dict[str, Any]) -> AppError:
    try:
        return AppError.from_dict(data)
    except (TypeError, ValueError):
        return JobCrashed("The process that was asked gave no sensible answer.")
