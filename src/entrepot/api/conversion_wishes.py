"""What a request may wish of a conversion: what of the page, and how its links and images stand."""

from typing import Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from entrepot.content.options import ContentOptions, Extract, ImageMode, LinkMode

_UNCONVERTED = ("raw", "screenshot")


class ConversionWishes(BaseModel):
    """Members that queries and bodies share. What is given unconverted is refused with such wishes, not without them."""

    extract: Extract = Field("main", description="The main content, or the whole page.")
    selector: str | None = Field(None, max_length=1000, description="CSS: take only this.")
    remove: str | None = Field(None, max_length=1000, description="CSS: leave this out.")
    links: LinkMode = Field("inline", description="Links in the text, at its end, or not at all.")
    images: ImageMode = Field("keep", description="Keep images or drop them.")

    @property
    def are_any(self) -> bool:
        """Whether the caller wished for anything, be it what is given anyway."""
        return not self.model_fields_set.isdisjoint(ConversionWishes.model_fields)

    @property
    def content_options(self) -> ContentOptions:
        return ContentOptions(
            extract=self.extract,
            links=self.links,
            images=self.images,
            selector=self.selector,
            remove=self.remove,
        )

    @model_validator(mode="after")
    def _can_be_fulfilled(self) -> Self:
        format_ = getattr(self, "format", None)
        if format_ in _UNCONVERTED and self.are_any:
            raise PydanticCustomError(
                "not_converted", "{format} is not converted: selector, remove and the like need another format",
                {"format": format_},
            )  # fmt: skip
        return self
