"""An HTTP origin on loopback that gives one large file as fast as the kernel can: `python -m bench.origin FILE`."""

import socket
import sys
from pathlib import Path


def serve(path: Path, listener: socket.socket) -> None:
    """Answers every request on one connection after the other with the whole file, for ever."""
    while True:
        connection, _ = listener.accept()
        with connection, path.open("rb") as file:
            _answer(connection, file.fileno(), path.stat().st_size)


def _answer(connection: socket.socket, descriptor: int, size_bytes: int) -> None:
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            return
        request += piece
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size_bytes}\r\n\r\n"
    )
    connection.sendall(head.encode())
    with open(descriptor, "rb", closefd=False) as body:
        connection.sendfile(body)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as own:
        print(own.getsockname()[1], flush=True)
        serve(Path(sys.argv[1]), own)
