"""The pages that the model is trained on are split and labelled as they should be."""

import json
from pathlib import Path

import pytest
from bench.extraction import corpus
from bench.extraction.corpus import Sample, hits, word_f1


def sample(url: str) -> Sample:
    return Sample("1", url, "article", "", "", None, None, None)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.harbour.example/a", "harbour.example"),
        ("https://news.harbour.co.uk/a", "harbour.co.uk"),
        ("https://harbour.example/", "harbour.example"),
        ("", "1"),
    ],
)
def test_site_is_the_registered_domain(url: str, site: str) -> None:
    assert sample(url).site == site


def test_parts_share_no_page() -> None:
    split = json.loads(Path(corpus.__file__).with_name("split.json").read_text())
    assert not set(split["build"]) & set(split["check"])
    assert len(split["build"]) + len(split["check"]) == 1282


@pytest.mark.parametrize(
    ("lines", "truth", "expected"),
    [
        (["Home", "One two three", "About us"], "one two three", [0, 3, 0]),
        (["One two three", "more"], "One, two. Three!", [3, 0]),
        (
            ["Second goes here first", "First goes here second"],
            "first goes here second. second goes here first",
            [4, 4],
        ),
        (["one two three", "one two three"], "one two three", [3, 0]),
        (["nothing"], "", [0]),
        ([], "one", []),
    ],
)
def test_lines_are_aligned_with_the_truth(lines: list[str], truth: str, expected: list[int]) -> None:
    assert hits(lines, truth)[0] == expected


@pytest.mark.parametrize(
    ("truth", "found", "score"),
    [("a b", "a b", 1), ("a b", "a c", 0.5), ("a", "", 0), ("", "", 1), ("a a b", "a b b", 2 / 3)],
)
def test_word_f1(truth: str, found: str, score: float) -> None:
    assert word_f1(truth, found) == pytest.approx(score)
