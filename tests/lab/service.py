"""The whole service as a subject: started inside the laboratory, and given each URL by every door that takes one."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from entrepot.errors import AppError
from tests.lab.rows import Outcome
from tests.lab.subjects import Fetch, Subject, exchange
from tests.lab.witness import RUNNER_ADDRESS

_READY_SECONDS = 60.0
_ENDED = frozenset({"completed", "failed", "canceled"})

Door = Callable[["Service", str], Awaitable[Outcome]]


class Service:
    """The running service, asked over HTTP from the runner's own address."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def wait_until_ready(self) -> None:
        async with asyncio.timeout(_READY_SECONDS):
            while not await self._is_ready():
                await asyncio.sleep(0.1)

    async def _is_ready(self) -> bool:
        try:
            return (await self.ask("GET", "/health/ready")).status == 200
        except (OSError, EOFError):
            return False

    async def ask(self, method: str, target: str, *, accept: str = "*/*", body: bytes = b"") -> Outcome:
        """One request; the outcome's code is that of the problem, if it is one."""
        fields = {"Host": f"127.0.0.1:{self._port}", "Accept": accept, "Content-Type": "application/json",
                  "Content-Length": str(len(body)), "Connection": "close"}  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = f"{method} {target} HTTP/1.1\r\n{head}\r\n{body.decode()}"
        status, answered, text = await exchange(
            "127.0.0.1", self._port, request, local_address=RUNNER_ADDRESS
        )
        is_problem = answered.get("content-type", "").startswith("application/problem+json")
        return Outcome(status, str(json.loads(text)["code"]) if is_problem else "", text)


async def _read(service: Service, url: str) -> Outcome:
    return await service.ask("GET", f"/api/v1/content?url={quote(url, safe='')}")


async def _read_by_path(service: Service, url: str) -> Outcome:
    return await service.ask("GET", f"/r/{quote(url, safe='')}")


async def _convert(service: Service, url: str) -> Outcome:
    return await service.ask("GET", f"/api/v1/content?url={quote(url, safe='')}", accept="text/markdown")


async def _render(service: Service, url: str) -> Outcome:
    """Through the browser, which reaches out by itself."""
    return await service.ask("GET", f"/api/v1/content?format=text&render=browser&url={quote(url, safe='')}")


async def _batch(service: Service, url: str) -> Outcome:
    """The one item of a batch as if it had been an answer."""
    body = json.dumps({"urls": [url], "format": "raw"}).encode()
    answered = await service.ask("POST", "/api/v1/content/batch", accept="application/x-ndjson", body=body)
    if answered.status != 200:
        return answered
    # The line is a chunk by itself (RFC 9112 §7.1), and the subject's client leaves the framing in.
    item = json.loads(next(line for line in answered.text.splitlines() if line.startswith("{")))
    if item["status"] == "ok":
        return Outcome(200, "", answered.text)
    return Outcome(item["problem"]["status"], item["problem"]["code"], answered.text)


_THEIR_CODES = {"SCRAPE_DNS_RESOLUTION_ERROR": "host-not-found", "SCRAPE_TIMEOUT": "upstream-timeout"}


async def _scrape(service: Service, url: str) -> Outcome:
    """The door of another service's clients; its 500 stands for an origin's failure."""
    body = json.dumps({"url": url, "formats": ["rawHtml"]}).encode()
    answered = await service.ask("POST", "/v2/scrape", body=body)
    told = str(json.loads(answered.text).get("code") or "")
    code = _THEIR_CODES.get(told, told)
    return Outcome(AppError.kind_of(code).status if answered.status != 200 else 200, code, answered.text)


async def _describe(service: Service, url: str) -> Outcome:
    return await service.ask("GET", f"/api/v1/metadata?url={quote(url, safe='')}")


async def _download(service: Service, url: str) -> Outcome:
    """A job's end as if it had been an answer: its error under the status that the contract gives it."""
    ordered = await service.ask("POST", "/api/v1/download", body=json.dumps({"url": url}).encode())
    if ordered.status != 202:
        return ordered
    place = f"/api/v1/download/{json.loads(ordered.text)['id']}"
    job: dict[str, Any] = {"status": "queued"}
    while job["status"] not in _ENDED:
        await asyncio.sleep(0.05)
        job = json.loads((await service.ask("GET", place)).text)
    text = json.dumps(job["error"]) + (await service.ask("GET", f"{place}/logs")).text
    if job["error"] is None:
        return Outcome(200, "", text)
    return Outcome(AppError.kind_of(job["error"]["code"]).status, job["error"]["code"], text)


def _subject(door: Door, egress_allow: str = "") -> Subject:
    @asynccontextmanager
    async def run(own_port: int) -> AsyncIterator[Fetch]:
        with tempfile.TemporaryDirectory() as folder:
            settings = {"ENTREPOT_PORT": str(own_port), "ENTREPOT_DATA_DIR": folder, "ENTREPOT_JOB_RETRIES": "0",
                        "ENTREPOT_LOG_LEVEL": "warning", "ENTREPOT_EGRESS_ALLOW": egress_allow}  # fmt: skip
            command = (sys.executable, "-m", "entrepot", "serve")
            process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **settings})
            service = Service(own_port)
            try:
                await service.wait_until_ready()
                yield lambda text: door(service, text)
            finally:
                process.terminate()
                await process.wait()

    return run


content = _subject(_read)
content_by_path = _subject(_read_by_path)
markdown = _subject(_convert)
rendered = _subject(_render)
batch = _subject(_batch)
scrape = _subject(_scrape)
metadata = _subject(_describe)
download = _subject(_download)
unguarded_download = _subject(_download, egress_allow="0.0.0.0/0,::/0")  # what the laboratory must catch
