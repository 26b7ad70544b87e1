"""The measurement of fetching runs; what it measures is not judged here."""

import re
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def test_bench_measures_ours_beside_curl(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.fetch", "--mib", "4", "--rounds", "1", "--folder", str(tmp_path)]
    run = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (0, 1), run.stderr
    assert re.search(r"median ratio \d+\.\d\d \(limit 1\.5\)", run.stdout), run.stderr
    assert list(tmp_path.iterdir()) == []


def test_bench_measures_small_pages_beside_httpx() -> None:
    command = [sys.executable, "-m", "bench.small", "--pages", "200", "--rounds", "1"]
    run = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (0, 1), run.stderr
    assert re.search(r"median ratio \d+\.\d \(at least 6\.0\)", run.stdout), run.stderr


def test_bench_measures_several_connections_beside_one() -> None:
    command = [sys.executable, "-m", "bench.segments", "--mib", "1", "--clean-mib", "4", "--rounds", "1"]
    run = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (0, 1), run.stderr
    assert "best against best" in run.stdout, run.stderr
