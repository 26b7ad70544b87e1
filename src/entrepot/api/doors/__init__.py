"""Doors for clients of other services: thin modules over our own pipelines, where those clients expect them."""

from fastapi import APIRouter

from entrepot.api.doors import firecrawl, firecrawl_jobs, firecrawl_watch, jina


def door_routers(*, is_reader_at_root: bool) -> list[APIRouter]:
    """Every door, to be included before all else: the address in a path looks like many things."""
    routers = [
        jina.router,
        firecrawl.router,
        firecrawl_jobs.router,
        firecrawl_watch.router,
        firecrawl.elsewhere,
    ]
    return [*routers, jina.root_router] if is_reader_at_root else routers
