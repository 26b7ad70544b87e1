"""Which browser is taken, and the command line that leaves it nothing but the proxy."""

from pathlib import Path

import pytest

from entrepot.errors import BrowserMissing
from entrepot.fetch.browser import chromium
from entrepot.fetch.browser.chromium import command_of, find_chromium


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH and a place for distributions' programs, both empty."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(chromium, "_PLACES", (tmp_path / "lib",))
    return tmp_path


def put(path: Path, text: str = "\x7fELF") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_lightest_browser_is_taken(programs: Path) -> None:
    put(programs / "bin" / "chromium")
    shell = put(programs / "bin" / "chromium-headless-shell")
    assert find_chromium() == shell


@pytest.mark.parametrize("name", ["chromium", "chromium-headless-shell"])
def test_script_before_the_program_is_skipped(name: str, programs: Path) -> None:
    put(programs / "bin" / name, "#!/bin/sh")
    put(programs / "lib" / "chromium")
    program = put(programs / "lib" / name)
    assert find_chromium() == program


def test_link_is_followed(programs: Path) -> None:
    program = put(programs / "lib" / "chrome")
    (programs / "bin" / "google-chrome").symlink_to(program)
    assert find_chromium() == program


def test_given_browser_is_taken(programs: Path) -> None:
    given = put(programs / "mine")
    assert find_chromium(given) == given


def test_no_browser_is_told_with_what_to_install(programs: Path) -> None:
    with pytest.raises(BrowserMissing, match="chromium-headless-shell"):
        find_chromium()
    with pytest.raises(BrowserMissing, match="no browser at"):
        find_chromium(programs / "none")


def test_command_leaves_the_proxy_alone(programs: Path) -> None:
    command = command_of(Path("/x/chromium"), profile=programs, proxy_port=99, is_sandboxed=True)
    assert command[:2] == ["/x/chromium", "--headless"]
    assert {"--proxy-server=http://127.0.0.1:99", "--proxy-bypass-list=<-loopback>", "--disable-quic"} <= set(
        command
    )
    assert "--no-sandbox" not in command


def test_headless_shell_is_headless_by_itself(programs: Path) -> None:
    command = command_of(Path("/x/chrome-headless-shell"), profile=programs, proxy_port=9, is_sandboxed=False)
    assert "--headless" not in command
    assert "--no-sandbox" in command
