"""How two versions of a text differ, found out by a child: what is compared was written by strangers."""

import difflib
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entrepot.errors import ContentTooLarge, JobTimeout, NotComparable
from entrepot.processes.channel import Channel
from entrepot.processes.errand import answer, ask
from entrepot.processes.nursery import Nursery

TASK = "compare"

_SECONDS = 20.0
_MEMORY_BYTES = 2 * 1024**3
_MAX_TEXT_BYTES = 8 * 1024**2
_MAX_DIFFERENCE_CHARS = 1_000_000  # each may become six bytes on its way


class Comparer:
    """Compares files of text."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery

    async def compare(self, old: Path, new: Path, *, old_name: str, new_name: str) -> str:
        """The difference in unified form, empty where there is none.

        Raises NotComparable for what is no text in UTF-8 or takes too long, ContentTooLarge.
        """
        payload = {"old": str(old), "new": str(new), "old_name": old_name, "new_name": new_name}
        try:
            found = await ask(self._nursery, TASK, payload, timeout_seconds=_SECONDS)
        except JobTimeout as error:
            raise NotComparable("The two versions are too different to be compared in time.") from error
        return str(found.get("difference", ""))


def child_compare(payload: Mapping[str, Any], channel: Channel) -> None:
    """The child's side."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    answer(channel, lambda: {"difference": _difference(payload)})


def _difference(payload: Mapping[str, Any]) -> str:
    pieces: list[str] = []
    size = 0
    for line in difflib.unified_diff(
        _lines(payload["old"]), _lines(payload["new"]), payload["old_name"], payload["new_name"], lineterm=""
    ):
        pieces.append(line)
        size += len(line) + 1
        if size > _MAX_DIFFERENCE_CHARS:
            raise ContentTooLarge("The difference is too large to be shown.")
    return "".join(f"{piece}\n" for piece in pieces)


def _lines(path: str) -> list[str]:
    content = Path(path).read_bytes()
    if len(content) > _MAX_TEXT_BYTES:
        raise ContentTooLarge("The versions are too large to be compared.")
    try:
        return content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise NotComparable("Only texts can be compared.") from error
