"""A listener that must never be reached: it counts whoever connects."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Canary:
    """Listens on loopback and counts connections. Whoever asks gets a small, valid answer, as a secret service would."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/secret"
        self.connections = 0
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._closed:
                connection.close()
                return
            self.connections += 1
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(4096)
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret"
                    )
                except OSError:
                    continue


@contextmanager
def listening_canary() -> Iterator[Canary]:
    """A canary, for as long as the block runs."""
    canary = Canary()
    try:
        yield canary
    finally:
        canary.close()
