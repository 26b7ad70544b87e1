"""A body on its way into a file."""

import hashlib
from collections.abc import Sequence
from typing import BinaryIO, Final

HEAD_BYTES: Final = 4096  # which tell what it is


class Writing:
    """A body that is written, hashed and counted, its first bytes remembered; `file` is unbuffered."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self.head = bytearray()

    def add(self, pieces: Sequence[bytes]) -> None:
        """Appends; blocks. Raises OSError."""
        content = b"".join(pieces)
        if len(self.head) < HEAD_BYTES:
            self.head += content[: HEAD_BYTES - len(self.head)]
        self.digest.update(content)
        self.size_bytes += len(content)
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]
