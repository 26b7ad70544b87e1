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

from collections.abc import Mapping
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


class NotOffered(BadInput):
    """A client of another service asks for what this one does not do; its detail names it."""

    code, title = "not-offered", "This is not offered here"


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


class RedirectLoop(TooManyRedirects):
    """The very same request has been redirected before: no number of further hops would end it."""

    code, title = "redirect-loop", "The origin redirects in a circle"


class ContentTooLarge(Refused):
    code, status, title = "content-too-large", 413, "The content is larger than allowed"


class DocumentTooLarge(Refused):
    """What a document unpacks to, or what it consists of, is over a limit: a bomb, or nothing that fits into memory."""

    code, status, title = "document-too-large", 413, "The document is larger inside than allowed"


class HostNotServed(Refused):
    code, status, title = "host-not-served", 421, "This host is not served here"


class CrossSiteRequest(Refused):
    code, title = "cross-site-request", "The request comes from another site's page"


class RobotsDisallowed(Refused):
    code, title = "robots-disallowed", "The site's robots.txt does not allow this"


class OutsideCrawl(Refused):
    code, title = "outside-crawl", "The page lies outside of the crawl"


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


class JobTakenOver(Conflict):
    """Whoever works at the job has lost it, and has to leave it alone."""

    code, title = "job-taken-over", "The job is no longer this attempt's"


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


class UpstreamLost(UpstreamBroken):
    """The connection itself broke off: unlike a malformed answer, another try may well do."""


class UpstreamTimeout(UpstreamFailure):
    code, status, title, retryable = "upstream-timeout", 504, "The origin took too long", True


class CircuitOpen(UpstreamFailure):
    """The host has failed so often that it is left alone for a while; nothing was sent."""

    code, status, title, retryable = (
        "circuit-open",
        503,
        "The host is failing and is not asked just now",
        True,
    )


class RenderFailed(UpstreamFailure):
    """The browser could not make a page of what the origin sent."""

    code, title = "render-failed", "The page could not be rendered"


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


class NotComparable(MediaFailure):
    code, title = "not-comparable", "These contents cannot be compared"


class NoContent(MediaFailure):
    code, title = "no-content", "The page has no readable content"


class ScriptedPage(NoContent):
    """A page of HTML that shows nothing without its scripts, or has nothing to show."""


class DocumentEncrypted(MediaFailure):
    code, title = "document-encrypted", "The document can only be opened with its password"


class DocumentBroken(MediaFailure):
    code, title = "document-broken", "The document is damaged, or not of the type that it is said to be"


# --- our own house cannot serve just now ------------------------------------------------------------------------------


class OutOfOrder(AppError):
    code, status, title, retryable = "service-unavailable", 503, "The service cannot answer just now", True


class StorageFull(OutOfOrder):
    code, status, title = "storage-full", 507, "There is no room left to store this"


class HostBusy(OutOfOrder):
    """Our own limit of requests to one host at once; the host has not been asked."""

    code, title = "host-busy", "Too many requests to this host are waiting"


class Busy(OutOfOrder):
    """More is asked for at once than may wait."""

    code, title = "busy", "Too much is asked for at once"


class BrowserMissing(OutOfOrder):
    code, status, retryable = "browser-missing", 501, False
    title = "Pages can be rendered only where Chromium is installed (chromium-headless-shell or chromium)"


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
