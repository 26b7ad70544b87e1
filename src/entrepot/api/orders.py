"""How an order becomes a job, whichever door it came through."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from entrepot.api.schemas import DownloadOptions
from entrepot.fetch.url import parse_url
from entrepot.jobs.records import Once
from entrepot.jobs.state import Draft, Job
from entrepot.jobs.work import Kind
from entrepot.wiring.services import Services

_NOT_FOR_PIPELINES = {"url", "kind", "priority", "retries", "timeout_seconds"}


def once_of(key: str | None, body: BaseModel) -> Once | None:
    """The idempotency key with a hash of what came with it; None without a key."""
    if key is None:
        return None
    canonical = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return Once(key, hashlib.sha256(f"{type(body).__name__}:{canonical}".encode()).hexdigest())


async def order_download(
    services: Services,
    *,
    url: str,
    options: DownloadOptions,
    owner: str,
    user_id: str | None = None,
    once: Once | None,
) -> Job:
    """Makes a job of a URL that the guard admits.

    Raises InvalidURL, DestinationForbidden, HostNotFound, IdempotencyKeyReused. A repeated order is not judged again.
    """
    if (first := await services.control.repeated(owner, once)) is not None:
        return first
    target = parse_url(url)
    await services.guard.admit(target)
    chosen = options.model_dump(mode="json", exclude_defaults=True)
    pipeline_options: dict[str, Any] = {name: chosen[name] for name in chosen.keys() - _NOT_FOR_PIPELINES}
    draft = Draft(
        owner=owner, url=str(target), kind=Kind(options.kind), options=pipeline_options, user_id=user_id,
        **_terms_of(services, options),
    )  # fmt: skip
    return await services.control.initiate(draft, once=once)


async def order_copy(
    services: Services,
    file_ids: Sequence[int],
    *,
    archive: str | None,
    options: DownloadOptions,
    owner: str,
    user_id: str | None,
    once: Once | None,
) -> Job:
    """Makes a job that prepares a fresh artifact of one's own assets; heeds the `options` that are not for fetching.

    Raises AssetNotFound, IdempotencyKeyReused.
    """
    if (first := await services.control.repeated(owner, once)) is not None:
        return first
    assets = [await services.assets.find_by_number(file_id, owner) for file_id in file_ids]
    parts = [
        {
            "sha256": asset.version.sha256,
            "name": asset.filename,
            "content_type": asset.content_type,
            "size_bytes": asset.version.size_bytes,
        }
        for asset in assets
    ]
    draft = Draft(
        owner=owner, url=f"entrepot:asset/{assets[0].id}", kind=Kind.PREPARE, user_id=user_id,
        options={"parts": parts, "archive": archive}, **_terms_of(services, options),
    )  # fmt: skip
    return await services.control.initiate(draft, once=once)


def _terms_of(services: Services, options: DownloadOptions) -> dict[str, Any]:
    """What `options` say of the job itself, whatever it does."""
    retries = services.settings.job_retries if options.retries is None else options.retries
    return {"priority": options.priority, "timeout_seconds": options.timeout_seconds, "retries": retries}
