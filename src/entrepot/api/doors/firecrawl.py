"""Firecrawl's v2 at the root, so that its own clients work by changing their base address: pages and maps.

Thin: a body is read into our own words, a pipeline does the work. Any bearer token passes, as everywhere without keys.
"""

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from entrepot.api.departure import gone, while_listening
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.doors.firecrawl_answers import FirecrawlRoute, success
from entrepot.api.doors.firecrawl_bodies import MapBody, ScrapeBody
from entrepot.api.doors.firecrawl_documents import document_of
from entrepot.errors import NotFound, NotOffered
from entrepot.fetch.url import URL, parse_url
from entrepot.pipelines.sitemapper import MapWish

router = APIRouter(prefix="/v2", route_class=FirecrawlRoute, include_in_schema=False)
elsewhere = APIRouter(prefix="/v2", route_class=FirecrawlRoute, include_in_schema=False)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@router.post("/scrape")
async def scrape(body: ScrapeBody, request: Request, services: ServicesDep, owner: OwnerDep) -> Response:
    """One page, now."""
    wish, url = body.wish(), target_of(body.url)
    scraping = services.crawling.scraper.scrape(url, wish, owner=owner)
    page = await while_listening(request.receive, scraping)
    if page is None:
        return gone()
    return success({"data": document_of({**page, "url": body.url})})


@router.post("/map")
async def map_site(body: MapBody, request: Request, services: ServicesDep, owner: OwnerDep) -> Response:
    """The site's addresses, from its sitemaps and the page's links."""
    body.refuse_others()
    if body.location is not None and body.location.country:
        raise NotOffered("location.country is not offered: pages are read from where this service is.")
    wish = MapWish(
        search=body.search, limit=body.limit, sitemap=body.sitemap, may_leave_to_subdomains=body.include_subdomains,
        ignore_query=body.ignore_query_parameters, timeout_seconds=body.timeout / 1000 if body.timeout else None,
    )  # fmt: skip
    mapping = services.crawling.mapper.map(target_of(body.url), wish, owner=owner)
    found = await while_listening(request.receive, mapping)
    if found is None:
        return gone()
    links = [{"url": link.url, **({"title": link.title} if link.title else {})} for link in found]
    return success({"links": links})


@elsewhere.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def not_offered(path: str) -> Response:
    """What else those clients may ask for."""
    raise NotFound(f"/v2/{path[:64]} is not offered by this service.")


def target_of(text: str) -> URL:
    """The address, which may lack its scheme. Raises InvalidURL, DestinationForbidden."""
    is_bare = "://" not in text and not (_SCHEME.match(text) and not re.match(r"[^/?#]*:[0-9]", text))
    return parse_url(f"http://{text}" if is_bare else text)
