"""`python -m bench.segments`: a file over several connections against one, where each is throttled and where none is.

Ends with 1 where throttled connections gain less than 3 times, or a clean link loses over 5%.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.fetch import Stopwatch, new_client
from entrepot.fetch.client import Limits
from entrepot.jobs.work import Kind, Order
from entrepot.pipelines.file import FilePipeline
from entrepot.pipelines.segmented import SegmentPolicy
from entrepot.storage.local import LocalStore

MIN_GAIN = 3.0
MAX_LOSS = 1.05
_MIB = 1024**2
_LIMITS = Limits(max_bytes=1 << 40, total_seconds=3600)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=100, help="size of the throttled file (100)")
    parser.add_argument("--clean-mib", type=int, default=1024, help="size of the other (1024)")
    parser.add_argument("--bps", type=int, default=5 * _MIB, help="bytes a second on each connection (5 MiB)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds on the clean link (5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gain = _throttled(folder, options)
        loss = _clean(folder, options)
    is_within = gain >= MIN_GAIN and loss <= MAX_LOSS
    print("within the limits" if is_within else "BEYOND THE LIMITS")
    return 0 if is_within else 1


def _throttled(folder: Path, options: argparse.Namespace) -> float:
    print(f"{options.mib} MiB, {options.bps / _MIB:.0f} MiB/s on each connection: connections, seconds, gain")
    with _origin(options.mib) as base:
        url = f"{base}/throttled?bps={options.bps}"
        alone = _seconds(folder, url, 1)
        print(f"{1:>4} {alone:>7.1f} {1.0:>6.1f}")
        gains = []
        for connections in (4, 8, 16):
            took = _seconds(folder, url, connections)
            gains.append(alone / took)
            print(f"{connections:>4} {took:>7.1f} {gains[-1]:>6.1f}")
    return gains[1]


def _clean(folder: Path, options: argparse.Namespace) -> float:
    print(f"{options.clean_mib} MiB as fast as it comes: one, up to 8, ratio")
    singles, several = [], []
    with _origin(options.clean_mib) as base:
        _seconds(folder, f"{base}/clean", 1)
        for _ in range(options.rounds):
            singles.append(_seconds(folder, f"{base}/clean", 1))
            several.append(_seconds(folder, f"{base}/clean", 8))
            print(f"{singles[-1]:>7.2f} {several[-1]:>7.2f} {several[-1] / singles[-1]:>6.2f}")
    ratio = min(several) / min(singles)  # the best of each: what is left of it on a machine at rest
    print(f"best against best {ratio:.2f}")
    return ratio


def _seconds(folder: Path, url: str, connections: int) -> float:
    """Until everything has been received and hashed."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name, "work")
        work.mkdir()
        policy = SegmentPolicy(connections=connections)
        pipeline = FilePipeline(new_client, LocalStore(Path(name, "data")), _LIMITS, segments=policy)
        watch, began = Stopwatch(), time.perf_counter()
        pipeline.run(Order("bench", 1, Kind.FILE, url, {}, work), watch)
        return watch.received_at - began


@contextmanager
def _origin(mib: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.ranges", str(mib)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
