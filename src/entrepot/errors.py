"""Every error that Entrepôt raises on purpose, drawn as one tree.

    AppError
    ├── BadInput              the caller can mend it
    ├── Refused               a rule of ours says no
    ├── NotFound              unknown, or another owner's
    ├── Conflict              the state does not allow it now
    ├── UpstreamFailure       the origin is at fault
    ├── MediaFailure          an extractor or a converter could not do it
    └── OutOfOrder            our own house cannot serve just now

An error carries a stable `code`, the HTTP `status` it ends in, and whether trying again may help. It crosses process
boundaries as a dictionary (`as_dict`, `from_dict`), and becomes `application/problem+json` in `api.problems` alone.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar


class AppError(Exception):
    """Base of all errors raised on purpose; `detail` is safe to show to any caller."""

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False

    _known: ClassVar[dict[str, type["AppError"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            if cls.code in AppError._known:
                raise TypeError(f"error code {cls.code!r} is taken")
            AppError._known[cls.code] = cls

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after_seconds = retry_after_seconds
        self.extra: dict[str, Any] = extra

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON-ready values, for another process or a job's row."""
        return {"code": self.code, "message": self.detail, "retryable": self.retryable,
                "retry_after_seconds": self.retry_after_seconds, "extra": self.extra}  # fmt: skip

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "AppError":
        """The error that `as_dict` described; an unknown code becomes a plain AppError."""
        kind = AppError._known.get(str(data.get("code")), AppError)
        retry_after = data.get("retry_after_seconds")
        return kind(
            str(data.get("message") or ""), retry_after_seconds=retry_after, **dict(data.get("extra") or {})
        )

    @staticmethod
    def kind_of(code: str) -> type["AppError"]:
        """The class that bears `code`; AppError itself for an unknown one."""
        return AppError._known.get(code, AppError)


# --- the caller can mend it -------------------------------------------------------------------------------------------


class BadInput(AppError):
    code, status, title = "bad-request", 400, "The request is not valid"


class InvalidURL(BadInput):
    code, title = "invalid-url", "The URL is not valid"


class MalformedJSON(BadInput):
    code, title = "malformed-json", "The body is not valid JSON"


class HostNotFound(BadInput):
    code, title, retryable = "host-not-found", "The host's name could not be resolved", True


class ValidationFailed(BadInput):
    code, status, title = "validation-failed", 422, "The request does not fit its schema"


class IdempotencyKeyReused(BadInput):
    code, status, title = "idempotency-key-reused", 422, "The idempotency key was used with another body"


class PayloadTooLarge(BadInput):
    code, status, title = "payload-too-large", 413, "The request body is too large"


class UnsupportedMediaType(BadInput):
    code, status, title = "unsupported-media-type", 415, "The body is of a type that is not taken here"


class HeadTooLarge(BadInput):
    code, status, title = "head-too-large", 431, "The request's headers are too large"


class RequestTimeout(BadInput):
    code, status, title, retryable = "request-timeout", 408, "The request took too long to arrive", True


class NotAcceptable(BadInput):
    code, status, title = "not-acceptable", 406, "No format that was asked for can be produced"


class MethodNotAllowed(BadInput):
    code, status, title = "method-not-allowed", 405, "The method is not allowed here"


class PreconditionFailed(BadInput):
    code, status, title = "precondition-failed", 412, "A precondition does not hold"


class RangeNotSatisfiable(BadInput):
    code, status, title = "range-not-satisfiable", 416, "The range lies outside the content"


# --- a rule of ours says no -------------------------------------------------------------------------------------------


class Refused(AppError):
    code, status, title = "refused", 403, "Refused"


class DestinationForbidden(Refused):
    """The guard's answer. Its detail never names the address that was resolved."""

    code, title = "destination-forbidden", "The destination may not be reached"


class TooManyRedirects(Refused):
    code, status, title = "too-many-redirects", 422, "The origin redirects without end"


class ContentTooLarge(Refused):
    code, status, title = "content-too-large", 413, "The content is larger than allowed"


class HostNotServed(Refused):
    code, status, title = "host-not-served", 421, "This host is not served here"


class CrossSiteRequest(Refused):
    code, title = "cross-site-request", "The request comes from another site's page"


class TooManyRequests(Refused):
    code, status, title, retryable = "too-many-requests", 429, "Too many requests", True


# --- unknown, or another owner's --------------------------------------------------------------------------------------


class NotFound(AppError):
    code, status, title = "not-found", 404, "There is nothing here"


class JobNotFound(NotFound):
    code, title = "job-not-found", "There is no such job"


class AssetNotFound(NotFound):
    code, title = "asset-not-found", "There is no such asset"


class FilesExpired(NotFound):
    code, status, title = "files-expired", 410, "The job's files have expired"


# --- the state does not allow it now ----------------------------------------------------------------------------------


class Conflict(AppError):
    code, status, title = "conflict", 409, "The present state does not allow this"


class JobNotFinished(Conflict):
    code, title, retryable = "job-not-finished", "The job has not finished", True


class JobFinished(Conflict):
    code, title = "job-finished", "The job has already finished"


class RetryRefused(Conflict):
    code, title = "retry-refused", "The job cannot be retried"


class JobFailed(Conflict):
    code, title = "job-failed", "The job failed, so there is no result"


class JobCanceled(Conflict):
    code, title = "job-canceled", "The job was canceled"


# --- the origin is at fault -------------------------------------------------------------------------------------------


class UpstreamFailure(AppError):
    code, status, title = "upstream-error", 502, "The origin answered with an error"


class UpstreamBusy(UpstreamFailure):
    """429 or 5xx of the origin: worth another try."""

    code, title, retryable = "upstream-unavailable", "The origin is unavailable just now", True


class UpstreamNotFound(UpstreamFailure):
    code, status, title = "upstream-not-found", 404, "The origin has no such resource"


class UpstreamUnreachable(UpstreamFailure):
    code, title, retryable = "upstream-unreachable", "The origin could not be reached", True


class UpstreamBroken(UpstreamFailure):
    """The connection ended early, or the body contradicts its own framing or encoding."""

    code, title, retryable = "upstream-broken", "The origin's answer was broken off or malformed", True


class UpstreamTimeout(UpstreamFailure):
    code, status, title, retryable = "upstream-timeout", 504, "The origin took too long", True


class ChecksumMismatch(UpstreamFailure):
    code, status, title = "checksum-mismatch", 422, "The content does not have the expected checksum"


# --- an extractor or a converter could not do it ----------------------------------------------------------------------


class MediaFailure(AppError):
    code, status, title = "media-failed", 422, "The media could not be downloaded"


class MediaNotFound(MediaFailure):
    code, title = "media-not-found", "There is no media at this address"


class MediaUnavailable(MediaFailure):
    """Private, geo-blocked, removed, needs a log-in."""

    code, title = "media-unavailable", "The media is not available"


class MediaBroken(MediaFailure):
    """What the extractor called a success is not a whole file."""

    code, title, retryable = "media-broken", "The media did not arrive whole", True


class QualityUnavailable(MediaFailure):
    code, title = "quality-unavailable", "The wanted quality is not offered"


class ConversionUnsupported(MediaFailure):
    code, status, title = "conversion-unsupported", 415, "This content cannot be converted to that format"


class NoContent(MediaFailure):
    code, title = "no-content", "The page has no readable content"


# --- our own house cannot serve just now ------------------------------------------------------------------------------


class OutOfOrder(AppError):
    code, status, title, retryable = "service-unavailable", 503, "The service cannot answer just now", True


class StorageFull(OutOfOrder):
    code, status, title = "storage-full", 507, "There is no room left to store this"


class DatabaseUnavailable(OutOfOrder):
    code, title = "database-unavailable", "The database cannot be reached"


class DataFolderInUse(OutOfOrder):
    code, title = "data-folder-in-use", "Another service uses the data folder"


class DataFolderUnusable(OutOfOrder):
    code, title = "data-folder-unusable", "The data folder cannot be used"


class BadSetting(OutOfOrder):
    code, title, retryable = "bad-setting", "A setting has a value that cannot be used", False


class CannotListen(OutOfOrder):
    code, title = "cannot-listen", "The service cannot listen at its address"


class ConversionFailed(OutOfOrder):
    """A converter's child was ended by its limits or crashed."""

    code, status, title, retryable = "conversion-failed", 422, "The content could not be converted", False


class JobTimeout(OutOfOrder):
    code, status, title = "job-timeout", 504, "The job took longer than allowed"


class JobCrashed(OutOfOrder):
    code, status, title = "job-crashed", 500, "The job's process ended unexpectedly"


# --- the disk's errors ------------------------------------------------------------------------------------------------

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_out_of_room(error: OSError) -> bool:
    """Whether a write failed because a disk, a quota or a file is full."""
    return error.errno in _NO_ROOM


def disk_error(error: OSError) -> "OutOfOrder":
    """The error that stands for the disk's: StorageFull where it is full, else OutOfOrder."""
    if is_out_of_room(error):
        return StorageFull("There is no room left on the disk.")
    return OutOfOrder("The disk cannot be used.")


@contextmanager
def translated_disk_errors() -> Iterator[None]:
    """Raises for the disk's errors what `disk_error` makes of them."""
    try:
        yield
    except OSError as error:
        raise disk_error(error) from error
