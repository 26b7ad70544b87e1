"""Messages between two processes: JSON objects, one to a line, over a stream socket."""

import json
import socket
import threading
from typing import Any

MAX_LINE_BYTES = 4 * 1024 * 1024
_READ_BYTES = 65536


class BrokenMessage(ValueError):
    """The other side sent a line that is too long or is not a JSON object."""


def encode_message(message: dict[str, Any], max_bytes: int = MAX_LINE_BYTES) -> bytes:
    """The message as one line. Raises BrokenMessage when it would be longer than `max_bytes`."""
    line = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > max_bytes:
        raise BrokenMessage(f"a message of {len(line)} bytes is longer than {max_bytes}")
    return line


def decode_message(line: bytes) -> dict[str, Any]:
    """The message in one line. Raises BrokenMessage when it is not a JSON object."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BrokenMessage("a line is not JSON") from error
    if not isinstance(message, dict):
        raise BrokenMessage("a line is not a JSON object")
    return message


class LineBuffer:
    """Cuts a stream of bytes into lines and holds never more than one line and one read."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> None:
        """Adds bytes as they came from the stream."""
        self._held += data

    def next_line(self) -> bytes | None:
        """The next whole line without its end; None: more bytes are needed. Raises BrokenMessage for a line too long."""
        end = self._held.find(b"\n", self._searched)
        if (len(self._held) if end < 0 else end) > self._max_bytes:
            raise BrokenMessage(f"a line is longer than {self._max_bytes} bytes")
        if end < 0:
            self._searched = len(self._held)
            return None
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = 0
        return line


class Channel:
    """A child's end: blocking; `send` may be called from any thread, `receive` from one."""

    def __init__(self, sock: socket.socket, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._socket = sock
        self._max_bytes = max_bytes
        self._lines = LineBuffer(max_bytes)
        self._sending = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message; waits while the other side is slow.

        Raises BrokenMessage for a message too long (nothing is sent), OSError when the other side is gone.
        """
        line = encode_message(message, self._max_bytes)
        with self._sending:
            self._socket.sendall(line)

    def receive(self) -> dict[str, Any] | None:
        """The next message, waited for; None: the other side is gone. Raises BrokenMessage."""
        while (message := self.next_message()) is None:
            if not self.read():
                return None
        return message

    def read(self) -> bool:
        """Takes in what has come, waiting for the first of it; False: the other side is gone."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except ConnectionError:
            return False
        self._lines.feed(data)
        return bool(data)

    def next_message(self) -> dict[str, Any] | None:
        """The next message of those taken in; None: none is whole. Raises BrokenMessage."""
        line = self._lines.next_line()
        return None if line is None else decode_message(line)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes this end."""
        self._socket.close()
