"""The measurement of the cache runs; what it measures is not judged here."""

import re
import subprocess
import sys
from pathlib import Path


def test_bench_measures_hits_beside_a_fetch() -> None:
    command = [sys.executable, "-m", "bench.cache", "--count", "20"]
    run = subprocess.run(
        command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode in (0, 1), run.stderr
    assert re.search(r"form from memory +[\d,]+ +[\d.]+ × ", run.stdout), run.stderr
    assert "1,000 at once: 1 fetched" in run.stdout
