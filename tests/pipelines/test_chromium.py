"""Who the browser runs as, and what of its memory is counted."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from entrepot.fetch.browser.wishes import RenderRequest
from entrepot.pipelines.browser_child import outfit_of, render_alone
from entrepot.pipelines.chromium import _sizes, is_open_to_all
from entrepot.processes.linux import keep_capabilities
from tests.origin.children import run_in_child
from tests.origin.guarded import running_proxy
from tests.origin.hostile import HostileOrigin

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("mode_of_folder", "mode_of_file", "is_open"),
    [(0o755, 0o755, True), (0o700, 0o755, False), (0o755, 0o700, False)],
)
def test_program_that_others_cannot_reach_is_not_open(
    mode_of_folder: int, mode_of_file: int, is_open: bool
) -> None:
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        program = folder / "program"
        program.touch()
        program.chmod(mode_of_file)
        folder.chmod(mode_of_folder)
        assert is_open_to_all(program) is is_open


def test_memory_of_a_whole_tree_is_counted() -> None:
    program = "import subprocess, sys; held = bytearray(40_000_000); print(1, flush=True); sys.stdin.read()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        sizes = dict(_sizes(running.pid))
        running.communicate()
    assert len(sizes) == 2
    assert sum(sizes.values()) > 40 * MIB


@pytest.mark.browser
def test_browser_of_a_powerless_user_renders(origin: HostileOrigin) -> None:
    url = origin.raw("/", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Powerless.")
    with running_proxy([f"127.0.0.1:{origin.port}"]) as proxy:
        assert "Powerless." in run_in_child(_render_without_powers, url, proxy.url)


def _render_without_powers(url: str, proxy_url: str) -> str:
    if os.geteuid() == 0:
        keep_capabilities(0)
    outfit = outfit_of({"proxy_url": proxy_url, "memory_bytes": 2048 * MIB})
    with TemporaryDirectory() as folder:
        return Path(render_alone(RenderRequest(url), Path(folder), outfit).html_path).read_text()
