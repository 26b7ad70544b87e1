"""A reading's bytes in memory, as far as that is wanted; the reading is let go of in any case."""

from entrepot.errors import ContentTooLarge
from entrepot.pipelines.reader import Reading
from entrepot.threads import in_thread

_MAX_FORM_BYTES = 64 * 1024**2


async def read_whole(reading: Reading, max_bytes: int = _MAX_FORM_BYTES) -> bytes:
    """All of it. Raises ContentTooLarge, and what the origin's last bytes may raise."""
    found = await read_start(reading, max_bytes + 1)
    if len(found) > max_bytes:
        raise ContentTooLarge("This form of the page is too large to be handed over in one piece.")
    return found


async def read_start(reading: Reading, max_bytes: int) -> bytes:
    """Its first bytes."""
    try:
        if reading.rest is None:
            return await in_thread(reading.file.read, max_bytes)
        found = bytearray()
        async for piece in reading.rest:
            found += piece
            if len(found) >= max_bytes:
                break
        return bytes(found[:max_bytes])
    finally:
        await reading.aclose()


def warning_of(reading: Reading) -> str | None:
    """What a reader should know of this content, in one text; None: nothing."""
    return " ".join(notice.message for notice in reading.notices) or None
