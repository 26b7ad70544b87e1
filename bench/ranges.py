"""An HTTP origin on loopback with one file, with and without a limit on each connection: `python -m bench.ranges MIB`.

`/clean` gives it as fast as it can, `/throttled?bps=N` at so many bytes a second on each connection; both serve ranges.
"""

import asyncio
import re
import sys

import uvloop

_MIB = 1024 * 1024
_PIECE = bytes(64 * 1024)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = int(sys.argv[1]) * _MIB
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            await _answer(head, size, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _answer(head: str, size: int, writer: asyncio.StreamWriter) -> None:
    match = re.search(r"\r\nRange: bytes=(\d+)-(\d*)\r\n", head)
    start, end = (int(match[1]), int(match[2] or size - 1) + 1) if match else (0, size)
    status = "206 Partial Content" if match else "200 OK"
    fields = f'ETag: "1"\r\nAccept-Ranges: bytes\r\nContent-Length: {end - start}\r\n'
    if match:
        fields += f"Content-Range: bytes {start}-{end - 1}/{size}\r\n"
    writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n".encode())
    limit = re.search(r"bps=(\d+)", head)
    await _give(writer, end - start, int(limit[1]) if limit else 0)


async def _give(writer: asyncio.StreamWriter, count: int, bps: int) -> None:
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while sent < count:
        piece = _PIECE[: min(len(_PIECE), count - sent)]
        if writer.is_closing():
            raise ConnectionResetError
        writer.write(piece)
        await writer.drain()
        sent += len(piece)
        if bps:
            await asyncio.sleep(max(0.0, began + sent / bps - loop.time()))


async def main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
