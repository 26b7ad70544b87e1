"""`python -m tests.fetch.cache.busy_store FOLDER`: a store that is always writing, to be killed at any moment."""

import sys
from dataclasses import replace
from pathlib import Path

from entrepot.fetch.cache.contract import StoredForm
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.shelf import Shelf
from tests.fetch.cache.entries import body_file, entry_of


def main() -> None:
    folder = Path(sys.argv[1])
    shelf = Shelf(folder / "store", max_bytes=300_000, max_entries=1000)
    written: list[Entry] = []
    for number in range(1_000_000):
        body = str(number).encode() * (number % 997)
        entry = entry_of(body, key=str(number % 50), url=f"https://example.com/{number}")
        shelf.put(entry, body_file(folder, body))
        shelf.put_form(entry.id, "f", StoredForm({"n": number}, body))
        written.append(entry)
        if number % 3 == 0:
            shelf.update(replace(entry, fresh_until=3000.0))
        if number % 5 == 0:
            shelf.discard(written[number // 2].id)
        print(number, flush=True)


if __name__ == "__main__":
    main()
