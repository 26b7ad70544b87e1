"""Lines are measured, and the wider and wider pieces around them found."""

import numpy as np
import pytest

from entrepot.content.extraction.measures import ninth_decile, sums
from tests.content.extraction.outlines import measured


def test_levels_are_wider_ranges_whatever_wraps_them() -> None:
    plain = measured("<section><p>a</p><p>b</p></section><p>c</p>")
    wrapped = measured(
        "<div><div><section><div><p>a</p></div><div><p>b</p></div></section></div></div><p>c</p>"
    )
    for found in (plain, wrapped):
        sizes = [int(found.end[level[0]] - found.start[level[0]]) for level in found.levels]
        assert sizes == [2, 3, 3, 3, 3]


def test_kin_stands_in_the_same_names() -> None:
    found = measured(
        "<div class='a'><p>x</p></div><div class='a'><p>y</p></div><div class='b'><p>z</p></div>"
    )
    assert found.kin[0] == found.kin[1]
    assert found.kin[0] != found.kin[2]
    assert found.by_kin(np.array([1, 2, 4], np.float32)).tolist() == [3, 3, 4]


def test_chain_joins_elements_of_the_same_lines() -> None:
    found = measured("<div><p>a</p></div><p>b</p>")
    values = np.arange(len(found.parent), dtype=np.float32)
    joined = found.along_chain(values, np.minimum)
    inner = found.element[0]
    assert joined[inner] == values[inner] - 1
    assert joined[found.element[1]] == values[found.element[1]]


def test_sums_of_ranges() -> None:
    found = measured("<section><p>one two</p><p>three</p></section>")
    assert found.within(sums(found.words), found.levels[0]).tolist() == [3, 3]


def test_lines_of_one_wording_share_what_it_says() -> None:
    found = measured("<p>one, two</p><p>three</p><p>one, two</p>")
    assert found.wordings == ["one, two", "three"]
    assert found.wording.tolist() == [0, 1, 0]
    assert found.commas.tolist() == [1, 0, 1]
    assert found.by_wording([[5, 7]]).tolist() == [[5, 7, 5]]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11, 250])
def test_ninth_decile_is_that_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 40, count).astype(np.float32)
    assert ninth_decile(values) == pytest.approx(float(np.percentile(values, 90)))
