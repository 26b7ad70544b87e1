"""A page of very many lines is judged by what its lines stand in."""

from entrepot.content.extraction.coarse import MOST_LINES, by_place
from tests.content.extraction.outlines import measured
from tests.content.reading import text


def test_lines_beside_the_content_are_none() -> None:
    found = by_place(measured("<nav>a</nav><main><p>b</p><li>c</li></main><footer><p>d</p></footer>"))
    assert found.tolist() == [0, 1, 1, 0]


def test_page_of_very_many_lines_keeps_all_of_them() -> None:
    lines = MOST_LINES + 10
    items = "".join(f"<li>{n}" for n in range(lines))
    found = text(f"<html><body><nav>Menu</nav><main><ul>{items}</ul></main></body></html>", extract="main")
    assert found.count("\n") == lines
    assert "Menu" not in found
