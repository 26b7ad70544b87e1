"""Server-sent events as a browser reads them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a stream."""

    id: int
    event: str
    data: dict[str, Any]


def read_messages(lines: Iterable[str]) -> Iterator[Message]:
    """The events in `lines` (WHATWG HTML, section 9.2.6); comments and `retry` are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Message(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}


def follow(http: httpx2.Client, path: str, *, after: int | None = None) -> Iterator[Message]:
    """What `path` streams, after the event `after`, for as long as the service streams it."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        yield from read_messages(response.iter_lines())
