"""How a source is to be read and rendered: what a caller may choose."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Extract = Literal["main", "full"]
LinkMode = Literal["inline", "end", "none"]
ImageMode = Literal["keep", "drop"]


@dataclass(frozen=True, slots=True)
class ContentOptions:
    """`selector` and `remove` are CSS: what to take and what to leave out; a selector's choice is taken whole."""

    extract: Extract = "main"
    links: LinkMode = "inline"
    images: ImageMode = "keep"
    selector: str | None = None
    remove: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "ContentOptions":
        return ContentOptions(**data)
