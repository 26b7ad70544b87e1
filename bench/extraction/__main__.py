"""`python -m bench.extraction PAGES`: F1 by kind, facts and speed beside trafilatura's, all in one run.

PAGES holds `truth.jsonl` and `html/`. What is scored is the text that the service gives, so every step from bytes to text.
"""

import argparse
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.extraction.corpus import Sample, load, word_f1, words_of
from entrepot.content.convert import convert
from entrepot.content.document import Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.errors import AppError

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an extractor made of a page."""

    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None


@dataclass
class Score:
    """One extractor's results, page after page; times in seconds."""

    f1: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)

    def add(self, sample: Sample, extract: Callable[[Sample], Answer]) -> None:
        started = time.process_time()
        answer = extract(sample)
        self.seconds.append(time.process_time() - started)
        self.f1[sample.kind].append(word_f1(sample.text, answer.text))
        if sample.title:
            self.facts["title"].append(_is_same_name(sample.title, answer.title))
        if sample.author:
            self.facts["author"].append(_is_same_name(sample.author, answer.author))
        if sample.date and _DAY.match(sample.date):
            self.facts["date"].append((answer.date or "")[:10] == sample.date[:10])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--part", default="check", choices=("build", "check", "all"))
    parser.add_argument("--every", type=int, default=1, help="score every n-th page alone")
    parser.add_argument("--alone", action="store_true", help="leave trafilatura out")
    args = parser.parse_args()
    samples = load(args.pages, args.part)[:: args.every]
    ways: dict[str, Callable[[Sample], Answer]] = {"entrepot": _entrepot}
    if not args.alone:
        ways["trafilatura"] = _trafilatura()
    scores = {name: Score() for name in ways}
    _entrepot(samples[0])
    for sample in samples:
        for name, way in ways.items():
            scores[name].add(sample, way)
    for name, score in scores.items():
        _print(name, score)


def _entrepot(sample: Sample) -> Answer:
    page = Page(sample.html.encode(), "text/html; charset=utf-8", sample.url, sample.url)
    try:
        found = convert(page, Format.TEXT, ContentOptions())
    except AppError:
        return Answer("")
    facts = found.metadata
    return Answer(found.body.decode(), facts.title, facts.author, facts.published_at)


def _trafilatura() -> Callable[[Sample], Answer]:
    from trafilatura import bare_extraction

    def extract(sample: Sample) -> Answer:
        found = bare_extraction(
            sample.html, url=sample.url or None, include_comments=False, with_metadata=True
        )
        if found is None or isinstance(found, dict):
            return Answer("")
        return Answer(found.text or "", found.title, found.author, found.date)

    return extract


def _is_same_name(truth: str, found: str | None) -> bool:
    one, other = set(words_of(truth)), set(words_of(found or ""))
    return bool(one and other and (one <= other or other <= one))


def _print(name: str, score: Score) -> None:
    every = [value for values in score.f1.values() for value in values]
    times = sorted(score.seconds)
    median = statistics.median(times)
    print(f"{name}: F1 {statistics.mean(every):.4f} on {len(every)} pages")
    print(
        "  "
        + "  ".join(
            f"{kind} {statistics.mean(values):.4f} ({len(values)})"
            for kind, values in sorted(score.f1.items())
        )
    )
    print("  " + "  ".join(f"{fact} {statistics.mean(right):.3f}" for fact, right in score.facts.items()))
    print(
        f"  seconds: median {median:.4f} ({1 / median:.0f} pages/s), mean {statistics.mean(times):.4f}, "
        f"p99 {times[int(0.99 * len(times))]:.3f}, most {times[-1]:.3f}"
    )


if __name__ == "__main__":
    main()
