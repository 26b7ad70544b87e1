"""What a caller may choose travels to the converter and back unchanged."""

import pytest

from entrepot.content.options import ContentOptions


@pytest.mark.parametrize(
    "options",
    [
        ContentOptions(),
        ContentOptions("full", "end", "drop", "main > p", "#ads, .noise"),
    ],
)
def test_options_survive_the_way_to_another_process(options: ContentOptions) -> None:
    assert ContentOptions.from_dict(options.as_dict()) == options


def test_main_content_with_links_and_pictures_is_the_default() -> None:
    assert ContentOptions().as_dict() == {
        "extract": "main",
        "links": "inline",
        "images": "keep",
        "selector": None,
        "remove": None,
    }


def test_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        ContentOptions.from_dict({"colour": "red"})
