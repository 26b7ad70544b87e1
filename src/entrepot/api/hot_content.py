"""The short way to content: words that were understood before need no application, and what lies in memory no waiting."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from entrepot.api.content_answer import answer, answer_with, content_fields, described
from entrepot.api.problems import problem
from entrepot.content.format import Format
from entrepot.errors import AppError
from entrepot.pipelines.reader import Reading, ReadRequest

CONTENT_PATH = "/api/v1/content"

_MAX_PLANS = 10_000
_MAX_KEY_BYTES = 4096
_READING = ("GET", "HEAD")

Words = tuple[bytes, bytes, bytes]
RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Plan:
    """What a request has turned out to mean, and the header fields of its answer while `body` is what it gives."""

    wanted: ReadRequest
    body: bytes | None = None
    headers: RawHeaders = field(default_factory=list)


class Plans:
    """Plans by the very words of their requests: path, query and `Accept`."""

    def __init__(self) -> None:
        self._known: OrderedDict[Words, Plan] = OrderedDict()

    def remember(self, scope: Scope, wanted: ReadRequest) -> None:
        """To be called once the request has been checked and answered."""
        words = _words_of(scope)
        if sum(map(len, words)) > _MAX_KEY_BYTES:
            return
        self._known.setdefault(words, Plan(wanted))
        while len(self._known) > _MAX_PLANS:
            self._known.popitem(last=False)

    def find(self, scope: Scope) -> Plan | None:
        """The plan for a request in words that are known."""
        words = _words_of(scope)
        plan = self._known.get(words)
        if plan is not None:
            self._known.move_to_end(words)
        return plan


class HotContent:
    """Answers from memory where it can, and asks the application where it cannot."""

    def __init__(self, app: ASGIApp, plans: Plans) -> None:
        self._app = app
        self._plans = plans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _READING and scope["path"] == CONTENT_PATH:
            plan = self._plans.find(scope)
            if plan is not None:
                await self._answer(plan, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _answer(self, plan: Plan, scope: Scope, receive: Receive, send: Send) -> None:
        """What the application would answer, which has understood these words before."""
        services, request = scope["app"].state.services, Request(scope, receive)
        reading = services.reader.peek(plan.wanted)
        if reading is not None and _is_plain(scope, plan):
            await _send_plainly(plan, reading, send)
            return
        try:
            if reading is not None:
                response = answer_with(request, services, plan.wanted, reading)
            else:
                response = await answer(request, services, plan.wanted)
        except AppError as error:
            response = problem(error, request)
        await response(scope, receive, send)


def _is_plain(scope: Scope, plan: Plan) -> bool:
    """Whether the answer depends on nothing but the content: no conditions, nothing in it that changes with time."""
    return (
        scope["method"] == "GET"
        and plan.wanted.format is not Format.JSON
        and not any(name.startswith(b"if-") for name, _ in scope["headers"])
    )


async def _send_plainly(plan: Plan, reading: Reading, send: Send) -> None:
    reading.file.close()
    if plan.body is not reading.body:
        plan.body, plan.headers = reading.body, _lasting(reading, plan.wanted)
    passing = [
        (b"age", b"%d" % reading.age_seconds),
        (b"cache-status", reading.cache_status.encode("latin-1")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": plan.headers + passing})
    await send({"type": "http.response.body", "body": plan.body})


def _lasting(reading: Reading, wanted: ReadRequest) -> RawHeaders:
    """The header fields that stay the same from one answer to the next."""
    told = {**described(reading, wanted, datetime.now(UTC)), **content_fields(reading, wanted)}
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in told.items()
        if name not in ("Age", "Cache-Status")
    ]


def _words_of(scope: Scope) -> Words:
    accept = b", ".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["raw_path"], scope["query_string"], accept
