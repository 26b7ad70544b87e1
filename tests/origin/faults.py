"""The origin of faults: every way in which an origin is known to fail, each on a port of its own.

`python -m tests.origin.faults --port 9000` runs it by hand and lists what is where; docs/guide/faults.md bears the table.
"""

import argparse
import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.origin.fault import Fault, Talk, answers, page
from tests.origin.fault_acts import CONNECTION, TIME, TLS
from tests.origin.fault_answers import CODINGS, FRAMING, HEADS, REDIRECTS, STATUSES
from tests.origin.fault_http2 import HTTP2
from tests.origin.hostile import CERTIFICATE

GROUPS = {"Connections": CONNECTION, "Time": TIME, "Framing": FRAMING, "Heads": HEADS, "Content codings": CODINGS,
          "Redirects": REDIRECTS, "Statuses": STATUSES, "TLS": TLS, "HTTP/2": HTTP2}  # fmt: skip
FAULTS = tuple(fault for group in GROUPS.values() for fault in group)
HEALTHY = Fault("healthy", "nothing wrong", "ok", answers(page(b"<p>All is well.</p>")))

_ROOT = Path(__file__).parents[2]
_CERTIFICATES = Path(__file__).with_name("certificates")
_FILES = {
    "good": CERTIFICATE,
    "ancient": CERTIFICATE,
    **{name: _CERTIFICATES / f"{name}.pem" for name in ("expired", "elsewhere", "stranger")},
}


def trust_file(folder: Path) -> Path:
    """A file with all certificates of this origin but the stranger's, as one who trusts it would have."""
    path = folder / "trust.pem"
    names = ("good", "expired", "elsewhere")
    path.write_text("\n".join(_public_part(_FILES[name]) for name in names))
    return path


def _public_part(path: Path) -> str:
    text = path.read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return text[text.index(begin) : text.index(end) + len(end)]


@dataclass(frozen=True, slots=True)
class FaultyOrigin:
    """Running faults, by the URL of each."""

    urls: Mapping[str, str]

    def url(self, fault: Fault) -> str:
        return self.urls[fault.name]


class _Server:
    """Serves all faults. `port` 0: free ports; else the healthy page's, the faults' following it in the table's order."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ports: dict[str, int] = {}
        self._kept: list[socket.socket] = []

    def url(self, fault: Fault) -> str:
        scheme = "https" if fault.tls else "http"
        return f"{scheme}://127.0.0.1:{self._ports[fault.name]}/"

    async def start(self) -> None:
        for index, fault in enumerate((HEALTHY, *FAULTS)):
            port = self._port + index if self._port else 0
            if fault.act is None:
                self._ports[fault.name] = self._reserve(port, is_full=fault.name == "port-full")
                continue
            server = await asyncio.start_server(
                self._serving(fault), "127.0.0.1", port, ssl=_context(fault), limit=1024 * 1024
            )
            self._ports[fault.name] = server.sockets[0].getsockname()[1]

    def _reserve(self, port: int, *, is_full: bool) -> int:
        """A port that is bound, so that nobody else takes it, and not listened on, or whose queue of one is full already."""
        bound = socket.socket()
        bound.bind(("127.0.0.1", port))
        self._kept.append(bound)
        if is_full:
            bound.listen(0)
            waiting = socket.create_connection(bound.getsockname())
            self._kept.append(waiting)
        return int(bound.getsockname()[1])

    def _serving(
        self, fault: Fault
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert fault.act is not None
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.CancelledError):
                await fault.act(Talk(reader, writer))
            writer.close()

        return serve


def _context(fault: Fault) -> ssl.SSLContext | None:
    if fault.tls not in _FILES:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_FILES[fault.tls])
    if fault.is_over_http2:
        context.set_alpn_protocols(["h2"])
    if fault.tls == "ancient":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


@contextmanager
def faulty_origin() -> Iterator[FaultyOrigin]:
    """All faults on free ports, for as long as the block runs, in a process of their own: floods take their own core's time."""
    command = [sys.executable, "-m", "tests.origin.faults"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().split()[:2] for _ in (HEALTHY, *FAULTS)]
            yield FaultyOrigin({name: url for url, name in lines})
        finally:
            process.kill()


def table() -> str:
    """The faults as the guide shows them, in Markdown."""
    lines = []
    for title, faults in GROUPS.items():
        lines += [f"## {title}", "", "| fault | the origin … | the caller gets |", "|---|---|---|"]
        lines += [
            f"| `{fault.name}` | {fault.does} | {' or '.join(f'`{code}`' for code in sorted(fault.codes))} |"
            for fault in faults
        ]
        lines.append("")
    return "\n".join(lines)


async def _serve(port: int) -> None:
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, _context: None
    )  # failing handshakes are its trade
    server = _Server(port)
    await server.start()
    for fault in (HEALTHY, *FAULTS):
        print(f"{server.url(fault):<32} {fault.name:<24} {fault.ends_in:<22} {fault.does}")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """All faults until it is interrupted, with a list of where each is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first of the ports; 0: free ones")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
