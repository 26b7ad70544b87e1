"""Logs and ids: structlog set up once, JSON on a pipe, readable on a terminal, secrets struck out last."""

import logging
import re
import sys
import uuid
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_SECRET_NAMES = re.compile(r"(?i)(authorization|cookie|api[-_]?key|token|secret|password|signature)")
_URL_CREDENTIALS = re.compile(r"(?i)\b(https?://)[^/\s@]+@")
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

Logger = structlog.stdlib.BoundLogger


def configure_logs(level: str, log_format: Literal["auto", "json", "console"]) -> None:
    """Sets up structlog and the standard library's logging to write to stderr in one form."""
    readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        strike_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def get_logger(name: str) -> Logger:
    """A logger for one room, named after it."""
    logger: Logger = structlog.stdlib.get_logger(name)
    return logger


def strike_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces the values of secret-looking keys, strips URL credentials and control characters."""
    for key, value in event.items():
        if _SECRET_NAMES.search(key):
            event[key] = "[struck out]"
        elif isinstance(value, str):
            event[key] = (
                _CONTROL.sub("\ufffd", _URL_CREDENTIALS.sub(r"\1", value)) if key != "exception" else value
            )
    return event


def request_id_from(offered: str | None) -> str:
    """The caller's request id when it is a sane token, else a new one."""
    return offered if offered and _SANE_REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex
