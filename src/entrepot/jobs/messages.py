"""What a job's process says to the service, and how what it said is checked.

The process works on hostile content, so nothing of a message is believed: texts are cut and cleaned of what a database
or a terminal would choke on, numbers are bounded, and whatever does not fit raises ValueError.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from entrepot.errors import AppError
from entrepot.jobs.work import Kind, LogLine, Outcome, Progress, Source, Stage, StoredFile

Message = dict[str, Any]
Said = Kind | Source | Progress | LogLine | Outcome | AppError

MAX_LOG_CHARACTERS = 4000
_LEVELS = ("debug", "info", "warning", "error")
_MAX_TEXT = 8192
_MAX_DETAILS_BYTES = 65536
_LARGEST_INTEGER = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def kind_message(kind: Kind) -> Message:
    return {"type": "kind", "kind": kind.value}


def source_message(source: Source) -> Message:
    return {"type": "source", "source": asdict(source)}


def progress_message(progress: Progress) -> Message:
    return {"type": "progress", "progress": asdict(progress)}


def log_message(level: str, text: str) -> Message:
    return {"type": "log", "level": level, "message": text[:MAX_LOG_CHARACTERS]}


def done_message(outcome: Outcome) -> Message:
    return {"type": "done", "outcome": outcome.as_dict()}


def error_message(error: AppError) -> Message:
    return {"type": "error", "error": error.as_dict()}


def understand(message: Mapping[str, Any], *, at: datetime) -> Said:
    """What `message`, which arrived `at`, says. Raises ValueError when it makes no sense."""
    try:
        return _understand(message, at)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("the message lacks a part, or has one of the wrong type") from error


def _understand(message: Mapping[str, Any], at: datetime) -> Said:
    match message["type"]:
        case "kind":
            return Kind(message["kind"])
        case "source":
            return _source(message["source"])
        case "progress":
            return _progress(message["progress"])
        case "log":
            level = message["level"] if message["level"] in _LEVELS else "info"
            return LogLine(at, level, _text(message["message"], MAX_LOG_CHARACTERS))
        case "done":
            return _outcome(message["outcome"])
        case "error":
            return _error(message["error"])
        case _:
            raise ValueError("the message is of an unknown type")


def _source(data: Mapping[str, Any]) -> Source:
    details = _clean(data["details"])
    is_small = len(json.dumps(details)) <= _MAX_DETAILS_BYTES
    return Source(
        url=_text(data["url"]),
        title=_optional_text(data["title"]),
        uploader=_optional_text(data["uploader"]),
        duration_seconds=_number(data["duration_seconds"]),
        thumbnail_url=_optional_text(data["thumbnail_url"]),
        details=dict(details) if is_small else {},
    )


def _progress(data: Mapping[str, Any]) -> Progress:
    return Progress(
        stage=Stage(data["stage"]),
        percent=min(_number(data["percent"]) or 0.0, 100.0),
        downloaded_bytes=_size(data["downloaded_bytes"]),
        total_bytes=_size(data["total_bytes"]),
        speed_bps=_number(data["speed_bps"]),
        eta_seconds=_number(data["eta_seconds"]),
    )


def _outcome(data: Mapping[str, Any]) -> Outcome:
    return Outcome(tuple(_file(file) for file in data["files"]), _source(data["source"]))


def _file(data: Mapping[str, Any]) -> StoredFile:
    sha256, size_bytes = data["sha256"], _size(data["size_bytes"])
    if size_bytes is None or not _SHA256.fullmatch(sha256):
        raise ValueError("a file lacks its size or its hash")
    return StoredFile(
        role=_text(data["role"], 64),
        name=_text(data["name"], 1024),
        content_type=_text(data["content_type"], 255),
        sha256=sha256,
        size_bytes=size_bytes,
        library_path=_optional_text(data["library_path"]),
    )


def _error(data: Mapping[str, Any]) -> AppError:
    patience = _number(data["retry_after_seconds"])
    return AppError.from_dict(
        {
            "code": data["code"],
            "message": _text(data["message"], MAX_LOG_CHARACTERS),
            "retry_after_seconds": None if patience is None else math.ceil(patience),
        }
    )


def _number(value: object) -> float | None:
    """A finite number from 0, to two places: nobody reads more of a speed or a time."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return float(min(max(value, 0), _LARGEST_INTEGER))
    return round(max(value, 0.0), 2) if math.isfinite(value) else None


def _size(value: object) -> int | None:
    number = _number(value)
    if number is None:
        return None
    return value if isinstance(value, int) and 0 <= value <= _LARGEST_INTEGER else int(min(number, 2.0**62))


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object, longest: int = _MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return _UNSAFE.sub("\ufffd", value[:longest])


def _clean(value: Any) -> Any:
    """`value` with every text in it made safe, and no number that JSON does not know."""
    match value:
        case str():
            return _text(value, _MAX_DETAILS_BYTES)
        case Mapping():
            return {_text(key): _clean(part) for key, part in value.items()}
        case list() | tuple():
            return [_clean(part) for part in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
