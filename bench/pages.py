"""An HTTP origin on loopback that gives one small page as often as it is asked: `python -m bench.pages`."""

import asyncio
from typing import cast

import uvloop

BODY = b"<!doctype html><title>Page</title><p>" + b"Saltmere lies where the river meets the sea. " * 20
_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n'
    % len(BODY)
) + BODY


class _Pages(asyncio.Protocol):
    def __init__(self) -> None:
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        asked = self._rest.count(b"\r\n\r\n")
        if asked:
            self._rest = self._rest.rpartition(b"\r\n\r\n")[2]
            assert self._transport is not None
            self._transport.write(_ANSWER * asked)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(_Pages, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
