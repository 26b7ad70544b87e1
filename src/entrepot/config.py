"""Settings: the `ENTREPOT_*` environment variables, read once by wiring and the entry points."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CommaSeparated = Annotated[tuple[str, ...], NoDecode]
GIB = 1024**3
_TTL = re.compile(r"[a-z0-9.+-]+/(?:\*|[a-z0-9.+-]+)=\d{1,9}")


class Settings(BaseSettings):
    """All settings with their defaults; an unknown value fails at start with the variable's name."""

    model_config = SettingsConfigDict(env_prefix="ENTREPOT_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("data"), description="Folder of the database, blobs and library.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    engine: Literal["embedded"] = Field("embedded", description="What runs jobs.")
    workers: int = Field(4, ge=1, le=64, description="Jobs that run at once.")
    storage: Literal["local"] = Field("local", description="Where blobs are kept.")
    auth: Literal["off"] = Field("off", description="Who may call. `off` listens on loopback only.")
    listen_beyond_loopback_without_auth: bool = Field(
        False, description="Say in so many words that anyone who reaches the port may use the service."
    )
    allowed_hosts: CommaSeparated = Field(
        (), description="Names that the service goes by, beside its addresses and localhost; `*`: any."
    )
    public_url: str = Field("", description="Base of links in answers; empty: paths without a host.")

    egress_allow: CommaSeparated = Field(
        (), description="Hosts, *.domains, CIDRs, each optionally with :port."
    )
    egress_block: CommaSeparated = Field((), description="The same, refused.")
    egress_ports: CommaSeparated = Field(
        ("80", "443", "1024-65535"), description="Ports and ranges that may be reached."
    )

    max_file_bytes: int = Field(64 * GIB, gt=0, description="Largest file that a job may fetch.")
    max_page_bytes: int = Field(32 * 1024**2, gt=0, description="Largest page that is read for conversion.")
    fetch_timeout_seconds: float = Field(
        30.0, gt=0, description="Whole time for a page, as /content fetches it."
    )
    idle_timeout_seconds: float = Field(30.0, gt=0, description="Longest silence of an origin.")
    min_bytes_per_second: int = Field(100, ge=0, description="Slower transfers are given up; 0: never.")
    fetch_retries: int = Field(
        2, ge=0, le=10, description="Times that a page is asked for again when that may help."
    )
    host_requests_at_once: int = Field(16, ge=1, le=1000, description="Requests to one host at once.")
    host_interval_seconds: float = Field(
        0.0, ge=0, le=60, description="Least time between two requests to one host."
    )
    breaker_failures: int = Field(
        10, ge=0, description="Failures in a row after which a host is left alone for a while; 0: never."
    )
    breaker_pause_seconds: float = Field(10.0, gt=0, description="How long it is left alone at first.")
    file_connections: int = Field(
        8,
        ge=1,
        le=16,
        description="Connections for one large file where each is slow; 1: never more than one.",
    )
    ca_file: Path | None = Field(None, description="Certificates to trust instead of the well-known ones.")
    user_agent: str = Field(
        "Entrepot/0.1 (+https://github.com/entrepot)", description="User-Agent sent to origins."
    )

    cache_max_bytes: int = Field(2 * GIB, ge=0, description="What the cache of content may hold; 0: nothing.")
    cache_max_entries: int = Field(100_000, ge=1, description="How many contents it may hold.")
    cache_max_entry_bytes: int = Field(64 * 1024**2, ge=0, description="Largest content that is cached.")
    cache_memory_bytes: int = Field(
        64 * 1024**2, ge=0, description="Converted content that lies ready in memory."
    )
    cache_ttl_seconds: int = Field(
        300, ge=0, description="How long content is fresh whose origin says nothing about it."
    )
    cache_ttl_by_type: CommaSeparated = Field(
        (
            "application/pdf=86400",
            "image/*=86400",
            "application/rss+xml=600",
            "application/atom+xml=600",
            "application/json=60",
        ),
        description="The same for types of content, as `type/subtype=seconds`.",
    )
    cache_negative_seconds: int = Field(30, ge=0, description="How long a 404 or 410 is believed.")
    cache_stale_if_error_seconds: int = Field(
        86400, ge=0, description="How much longer content will do while its origin fails."
    )
    cache_shared: bool = Field(
        False,
        description="Let owners find each other's content that was fetched without headers of their own.",
    )
    cache_write: Literal["through", "behind"] = Field(
        "through", description="Whether storing in Redis is waited for."
    )
    redis_url: str = Field("", description="Redis that processes share the cache in; empty: none.")

    browser: Path | None = Field(
        None, description="Chromium that runs pages' scripts; empty: the first in the PATH."
    )
    browser_pages_at_once: int = Field(2, ge=1, le=32, description="Pages that are run at once.")
    browser_idle_seconds: float = Field(60.0, ge=0, description="How long an idle browser is kept.")
    browser_memory_bytes: int = Field(2 * GIB, gt=0, description="Memory that a browser may take.")

    file_timeout_seconds: float = Field(6 * 3600.0, gt=0, description="Longest run of a file job.")
    media_timeout_seconds: float = Field(3 * 3600.0, gt=0, description="Longest run of a media job.")
    page_timeout_seconds: float = Field(300.0, gt=0, description="Longest run of a page job.")
    job_retries: int = Field(3, ge=0, le=20, description="Automatic retries of a job whose failure may pass.")
    job_manual_retries: int = Field(5, ge=0, le=100, description="Times that a person may retry one job.")
    job_memory_bytes: int = Field(4 * GIB, gt=0, description="Address space of a job's child process.")
    idempotency_hours: int = Field(24, ge=1, description="How long idempotency keys are kept.")
    crawls: int = Field(2, ge=1, le=64, description="Crawls and batches that run at once, beside `WORKERS`.")
    crawl_pages_at_once: int = Field(
        8, ge=1, le=64, description="Pages that all crawls and batches together read at once."
    )
    crawl_max_pages: int = Field(10_000, ge=1, description="Pages of one crawl or batch at most.")
    crawl_time_limit_seconds: float = Field(
        6 * 3600.0, gt=0, description="A crawl that takes longer ends with the pages that it has."
    )
    crawl_results_hours: int = Field(24, ge=1, description="How long a crawl's pages are kept after its end.")
    crawl_may_ignore_robots: bool = Field(False, description="Let callers crawl what robots.txt forbids.")
    reader_at_root: bool = Field(
        False, description="Answer `GET /https://…` and `POST /` as Jina Reader does, beside `/r/`."
    )
    blob_grace_seconds: int = Field(3600, ge=0, description="Age at which an unreferenced blob is removed.")

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal.")

    @field_validator(
        "egress_allow", "egress_block", "egress_ports", "allowed_hosts", "cache_ttl_by_type", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _refuse_other_databases(cls, value: str) -> str:
        if value and not value.startswith("sqlite:///"):
            raise ValueError("only sqlite:///… can be used")
        return value

    @field_validator("cache_ttl_by_type")
    @classmethod
    def _require_seconds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            if not _TTL.fullmatch(item):
                raise ValueError(f"{item!r} is not type/subtype=seconds")
        return value

    @field_validator("redis_url")
    @classmethod
    def _require_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("public_url")
    @classmethod
    def _require_a_base(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _refuse_open_service(self) -> "Settings":
        if not self.is_loopback and not self.listen_beyond_loopback_without_auth:
            raise ValueError(
                f"ENTREPOT_HOST={self.host} would let anyone who reaches the port use this service, since "
                "ENTREPOT_AUTH=off. Listen on 127.0.0.1, or set ENTREPOT_LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH=true."
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the service is reachable from this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def served_names(self) -> frozenset[str] | None:
        """The host names that requests may be for, beside addresses and localhost; None: any.

        A service that says in so many words that it listens to all may go by names that it cannot know.
        """
        if "*" in self.allowed_hosts or (self.listen_beyond_loopback_without_auth and not self.allowed_hosts):
            return None
        public = urlsplit(self.public_url).hostname
        return frozenset({self.host, *self.allowed_hosts, *([public] if public else [])})

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'entrepot.db'}"
