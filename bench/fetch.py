"""`python -m bench.fetch`: a large file from loopback to disk and hashed, as a file job does it, beside curl without a hash.

Ends with 1 where the median of the ratios is above the limit.
"""

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.fetch.client import FetchClient, Limits
from entrepot.fetch.guard import Guard
from entrepot.jobs.work import Kind, Order, Progress, Source, Stage
from entrepot.pipelines.file import FilePipeline
from entrepot.storage.local import LocalStore

MAX_RATIO = 1.5
MAX_GROWTH_BYTES = 64 * 1024**2
_MIB = 1024**2
_CURL = shutil.which("curl")
_LIBCURL = """
import pycurl, sys
curl = pycurl.Curl()
with open(sys.argv[2], "wb") as file:
    curl.setopt(pycurl.URL, sys.argv[1])
    curl.setopt(pycurl.WRITEDATA, file)
    curl.perform()
"""


class Stopwatch:
    """A desk that only notes when the job has received everything and begins to store."""

    def __init__(self) -> None:
        self.received_at = 0.0

    def kind(self, kind: Kind) -> None: ...

    def source(self, source: Source) -> None: ...

    def log(self, level: str, message: str) -> None: ...

    def progress(self, progress: Progress) -> None:
        if progress.stage is Stage.STORING:
            self.received_at = time.perf_counter()


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one round: curl's, ours until all bytes are written and hashed, ours until they are durable."""

    curl: float
    received: float
    stored: float

    @property
    def ratio(self) -> float:
        return self.received / self.curl


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the file (1024)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, after one that does not count (5)")
    parser.add_argument("--folder", type=Path, default=None, help="where to write (the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        return _compare(Path(name), options.mib * _MIB, options.rounds)


def _compare(folder: Path, size_bytes: int, count: int) -> int:
    print(
        f"{size_bytes // _MIB} MiB from loopback to {folder.parent}, {os.cpu_count()} cores, seconds of wall time"
    )
    print(f"{'round':>7} {'curl':>7} {'ours, hashed':>14} {'ratio':>7} {'and durable':>13}")
    rounds: list[Round] = []
    with _origin(folder, size_bytes) as (url, sha256):
        _measure(folder, url, sha256)
        before = _peak_bytes()
        for number in range(1, count + 1):
            rounds.append(_measure(folder, url, sha256))
            last = rounds[-1]
            print(
                f"{number:>7} {last.curl:>7.2f} {last.received:>14.2f} {last.ratio:>7.2f} {last.stored:>13.2f}"
            )
    return _judge(rounds, _peak_bytes() - before)


def _judge(rounds: Sequence[Round], growth_bytes: int) -> int:
    """The median says what a user sees; the best times beside each other what is left of it on a machine at rest."""
    ratio = statistics.median(each.ratio for each in rounds)
    best = min(each.received for each in rounds) / min(each.curl for each in rounds)
    print(f"median ratio {ratio:.2f} (limit {MAX_RATIO}); best against best {best:.2f}")
    print(
        f"memory grew by {growth_bytes / _MIB:.0f} MiB after the first round (limit {MAX_GROWTH_BYTES // _MIB})"
    )
    is_within = ratio <= MAX_RATIO and growth_bytes <= MAX_GROWTH_BYTES
    print("within the limits" if is_within else "BEYOND THE LIMITS")
    return 0 if is_within else 1


def _measure(folder: Path, url: str, sha256: str) -> Round:
    curl = _time_curl(folder, url)
    received, stored = _time_ours(folder, url, sha256)
    return Round(curl, received, stored)


def _time_curl(folder: Path, url: str) -> float:
    target = folder / "by-curl"
    command = (
        [_CURL, "-s", "-o", str(target), url] if _CURL else [sys.executable, "-c", _LIBCURL, url, str(target)]
    )
    began = time.perf_counter()
    subprocess.run(command, check=True)
    took = time.perf_counter() - began
    target.unlink()
    return took


def _time_ours(folder: Path, url: str, sha256: str) -> tuple[float, float]:
    data, work, watch = folder / "data", folder / "work", Stopwatch()
    work.mkdir()
    pipeline = FilePipeline(new_client, LocalStore(data), Limits(max_bytes=1 << 40, total_seconds=600))
    order = Order("bench", 1, Kind.FILE, url, {"checksum": f"sha256:{sha256}"}, work)
    began = time.perf_counter()
    pipeline.run(order, watch)
    ended = time.perf_counter()
    for used in (data, work):
        shutil.rmtree(used)
    return watch.received_at - began, ended - began


def new_client() -> FetchClient:
    return FetchClient(Guard(allow=["127.0.0.1"]), user_agent="entrepot-bench")


@contextmanager
def _origin(folder: Path, size_bytes: int) -> Iterator[tuple[str, str]]:
    """A running origin's URL, and the SHA-256 of what it gives. The file has no blocks on the disk: only zeros."""
    content = folder / "content"
    content.touch()
    os.truncate(content, size_bytes)
    with content.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    command = [sys.executable, "-m", "bench.origin", str(content)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/file", sha256
        finally:
            process.terminate()


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
