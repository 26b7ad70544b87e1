"""One URL's content, now: in the format that `Accept` or `format=` asks for, or as its origin sends it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from entrepot.api.address import address_in
from entrepot.api.content_answer import answer, answer_with
from entrepot.api.conversion_wishes import ConversionWishes
from entrepot.api.departure import gone, while_listening
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.doorkeeper import is_from_elsewhere
from entrepot.assets.publish import PublishedFile
from entrepot.content.format import Format
from entrepot.content.negotiate import choose_format
from entrepot.errors import ContentTooLarge, CrossSiteRequest
from entrepot.fetch.url import parse_url
from entrepot.pipelines.keeping import keep_reading
from entrepot.pipelines.reader import Reading, ReadRequest, RenderMode

router = APIRouter(tags=["content"])


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The content.",
        "content": {
            "text/markdown": {},
            "text/plain": {},
            "text/html": {},
            "application/json": {},
            "application/pdf": {},
            "*/*": {},
        },
    },
    304: {"description": "The caller has this content already."},
    406: {
        "description": "None of the formats that were asked for can be had; `available` lists those that can."
    },
}


class ContentQuery(ConversionWishes):
    """What to read, and how. An unknown parameter is refused: a URL whose own `&` was not escaped would lose its end."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=8192, description="An http or https address, percent-encoded as a value.")
    format: Literal["markdown", "text", "html", "json", "pdf", "raw", "screenshot"] | None = Field(
        None,
        description="Goes before `Accept`; `raw` is the source as it is, `screenshot` a picture of the page.",
    )
    render: RenderMode = Field(
        "auto",
        description="Whether a browser runs the page's scripts: where there is no content without, never, always.",
    )
    wait_for: str | None = Field(None, max_length=1000, description="CSS: the browser waits for this.")
    settle: float = Field(0.0, ge=0, le=60, description="Seconds that the browser waits at least.")
    scroll: bool = Field(False, description="The browser scrolls to the page's end, for what loads late.")
    max_age: int | None = Field(
        None,
        ge=0,
        description="Oldest content that will do, in seconds; 0 fetches anew. Else the cache decides.",
    )
    timeout: float | None = Field(None, gt=0, le=300, description="Seconds that the origin may take.")
    keep: bool = Field(
        False, description="Keeps the answer as an asset; what has changed since becomes its new version."
    )


@router.head("/api/v1/content", include_in_schema=False)
@router.get("/api/v1/content", response_class=Response, responses=RESPONSES)
async def content(
    request: Request, services: ServicesDep, owner: OwnerDep, query: Annotated[ContentQuery, Query()]
) -> Response:
    """The content of `url` as markdown, text, HTML, JSON or PDF; `*/*` gives the source's own bytes with its own type."""
    wanted = _wanted(request, query, owner)
    if not query.keep or request.method == "HEAD":
        response = await answer(request, services, wanted)
        if not query.keep:
            request.app.state.plans.remember(request.scope, wanted)
        return response
    if is_from_elsewhere(request.headers):
        raise CrossSiteRequest("Another site's page may not keep anything here.")
    reading = await while_listening(request.receive, services.reader.read(wanted), Reading.aclose)
    if reading is None:
        return gone()
    if reading.rest is not None:
        await reading.aclose()
        raise ContentTooLarge(
            "Only content that can be held back may be kept this way; larger things are downloads."
        )
    kept = await keep_reading(services.assets, reading, wanted)
    return answer_with(request, services, wanted, reading, _kept_fields(kept))


@router.head("/r/{target:path}", include_in_schema=False)
@router.get("/r/{target:path}", response_class=Response, responses=RESPONSES)
async def content_of_path(request: Request, services: ServicesDep, owner: OwnerDep, target: str) -> Response:  # noqa: ARG001 - decoded
    """The content of the address in the path, its query included: `/r/https://example.com/?page=2`."""
    chosen = choose_format(accept_of(request))
    return await answer(
        request, services, ReadRequest(parse_url(address_in(request, "/r/")), chosen, owner=owner)
    )


def _wanted(request: Request, query: ContentQuery, owner: str) -> ReadRequest:
    """Raises NotAcceptable, InvalidURL, DestinationForbidden for another scheme."""
    return ReadRequest(
        parse_url(query.url), _chosen(request, query), query.content_options, timeout_seconds=query.timeout, max_age_seconds=query.max_age,
        render=query.render, wait_for=query.wait_for, settle_seconds=query.settle, scroll=query.scroll, owner=owner,
    )  # fmt: skip


def _chosen(request: Request, query: ContentQuery) -> Format | None:
    """The format; None: the source as it is. Who takes anything, but wishes for what only a conversion does, gets HTML."""
    if query.format is None:
        return choose_format(accept_of(request)) or (Format.HTML if query.are_any else None)
    return None if query.format == "raw" else Format(query.format)


def _kept_fields(kept: PublishedFile) -> dict[str, str]:
    """Where the answer is kept from now on, and how it differs from what was kept before (RFC 5829)."""
    place = f"/assets/{kept.asset_id}"
    fields = {
        "Entrepot-Asset": kept.asset_id,
        "Entrepot-Version": str(kept.version_number),
        "Link": f'<{place}/versions>; rel="version-history", <{place}/download>; rel="latest-version"',
    }
    if kept.is_new_version and kept.version_number > 1:
        fields["Entrepot-Difference"] = (
            f"{place}/diff?from={kept.version_number - 1}&to={kept.version_number}"
        )
    return fields


def accept_of(request: Request) -> str | None:
    """All `Accept` lines as one; None where there is none."""
    return ", ".join(request.headers.getlist("accept")) or None
