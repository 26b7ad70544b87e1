"""`python -m bench.markdown FOLDER`: how much structure of the pages in a folder markdown keeps, and how long it takes.

The pages (`*.html`) hold content alone. Ends with 1 where less than the limit is kept of headings, links, cells or code blocks.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.structure import KINDS, Tally, facts_of_html, facts_of_markdown
from entrepot.content.document import Document, Metadata
from entrepot.content.formats import markdown, text
from entrepot.content.markup.clean import clean
from entrepot.content.markup.tree import parse_html

URL = "http://origin.example/page.html"
MIN_KEPT = 0.97
HELD = ("heading", "link", "cell", "codeblock")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pages are")
    parser.add_argument("--url", default=URL, help="the address that the pages' own addresses refer to")
    options = parser.parse_args(arguments)
    pages = sorted(options.folder.glob("*.html"))
    tally = Tally()
    times: dict[str, list[float]] = {"clean": [], "markdown": [], "text": []}
    for page in pages:
        source = page.read_text("utf-8", "replace")
        tally.add(
            facts_of_html(source, options.url),
            facts_of_markdown(_rendered(source, options.url, times), options.url),
        )
    print(f"{len(pages)} pages")
    for kind in KINDS:
        print(f"{kind:11} {tally.said[kind]:7}  kept {tally.recall(kind):.4f}  F1 {tally.f1(kind):.4f}")
    for step, spent in times.items():
        print(f"{step:11} median {statistics.median(spent):6.2f} ms   longest {max(spent):7.1f} ms")
    return int(any(tally.recall(kind) < MIN_KEPT for kind in HELD))


def _rendered(source: str, url: str, times: dict[str, list[float]]) -> str:
    tree = parse_html(source)
    started = time.process_time()
    document = Document(Metadata(), clean(tree, url))
    cleaned = time.process_time()
    found = markdown.render(document)
    written = time.process_time()
    text.render(document)
    ended = time.process_time()
    for step, spent in zip(times, (cleaned - started, written - cleaned, ended - written), strict=True):
        times[step].append(spent * 1000)
    return found


if __name__ == "__main__":
    sys.exit(main())
