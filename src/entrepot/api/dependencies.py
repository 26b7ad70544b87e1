"""What a route may ask for: the house's objects, the caller, and an idempotency key."""

import re
from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import HTTPConnection

from entrepot.errors import BadInput
from entrepot.wiring.services import Services

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")

LOCAL_OWNER = "local"
"""Who owns everything while authentication is off."""


def services_of(connection: HTTPConnection) -> Services:
    """The objects that wiring built for this process."""
    services: Services = connection.app.state.services
    return services


def owner_of(_connection: HTTPConnection) -> str:
    """The owner on whose behalf the request is made."""
    return LOCAL_OWNER


def idempotency_key_of(
    idempotency_key: Annotated[
        str | None,
        Header(description="Makes a retried request safe: same key and body, same answer, for 24 hours."),
    ] = None,
) -> str | None:
    """The caller's Idempotency-Key. Raises BadInput unless it is 1–255 visible ASCII characters."""
    if idempotency_key is not None and not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise BadInput("Idempotency-Key must be 1–255 visible ASCII characters.")
    return idempotency_key


ServicesDep = Annotated[Services, Depends(services_of)]
OwnerDep = Annotated[str, Depends(owner_of)]
IdempotencyKeyDep = Annotated[str | None, Depends(idempotency_key_of)]
