"""`entrepot get`: content on stdout or in a file, whole or not at all, and an exit code that says which."""

import hashlib
import json
import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.service import wait_until
from tests.content.reading import ARTICLE, PROSE
from tests.content.written import picture
from tests.origin.site import Site, running_site

PAGE = (
    "<!doctype html><html lang='en'><head><title>Second crane</title></head><body><nav><a href='/'>Home</a></nav>"
    f"<main><h1>Second crane</h1>{ARTICLE}</main></body></html>"
)
COMMAND = [sys.executable, "-m", "entrepot", "get"]
REFUSED, FAILED, USAGE = 4, 1, 2


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        site.publish("/page", PAGE)
        site.publish("/bare", "<title>Bare</title><script>show()</script>")
        yield site


@pytest.fixture
def environment(site: Site, tmp_path: Path) -> dict[str, str]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return {
        **os.environ, "COLUMNS": "200", "ENTREPOT_EGRESS_ALLOW": f"127.0.0.1:{site.port}", "TMPDIR": str(temporary),
        "ENTREPOT_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip


class Get:
    """Runs the command beside the site."""

    def __init__(self, site: Site, environment: dict[str, str], folder: Path) -> None:
        self.site, self.environment, self.folder = site, environment, folder

    def __call__(self, path: str, *words: str, **settings: str) -> "subprocess.CompletedProcess[bytes]":
        url = self.site.url(path) if path.startswith("/") else path
        done = subprocess.run(
            [*COMMAND, url, *words], capture_output=True, env=self.environment | settings, cwd=self.folder,
            stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        assert b"Traceback" not in done.stderr + done.stdout
        assert not list(Path(self.environment["TMPDIR"]).iterdir())
        assert not [path.name for path in self.folder.rglob(".entrepot-*")]
        return done

    def start(self, path: str, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*COMMAND, self.site.url(path), *words], env=self.environment, cwd=self.folder, **options
        )


@pytest.fixture
def get(site: Site, environment: dict[str, str], tmp_path: Path) -> Get:
    folder = tmp_path / "here"
    folder.mkdir()
    return Get(site, environment, folder)


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ((), b"# Second crane\n"),
        (("-f", "markdown"), b"# Second crane\n"),
        (("--format", "text"), b"Second crane\n"),
        (("-f", "html"), b"<!DOCTYPE html>\n"),
        (("-f", "json"), b'{"url":"'),
        (("-f", "raw"), b"<!doctype html>"),
    ],
)
def test_content_is_printed_and_nothing_else(words: tuple[str, ...], start: bytes, get: Get) -> None:
    done = get("/page", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(start)
    assert PROSE[0].encode() in done.stdout


def test_main_content_is_meant_unless_the_whole_page_is_asked_for(get: Get) -> None:
    assert b"Home" not in get("/page").stdout
    assert b"Home" in get("/page", "--full").stdout


def test_pdf_has_the_pages_pictures(get: Get, site: Site) -> None:
    site.publish("/crane.png", picture(), "image/png")
    site.publish("/pictured", PAGE.replace("</h1>", "</h1><p><img src='/crane.png' alt='Crane'></p>"))
    done = get("/pictured", "-f", "pdf")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"%PDF-")
    assert b"/Subtype /Image" in done.stdout or b"/Subtype/Image" in done.stdout


def test_picture_that_may_not_be_fetched_is_told(get: Get, site: Site) -> None:
    site.publish("/spy", PAGE.replace("</h1>", "</h1><p><img src='http://127.0.0.2/x.png' alt='Crane'></p>"))
    done = get("/spy", "-f", "pdf", "-o", "spy.pdf")
    assert done.returncode == 0
    assert b"1 of 1 images could not be fetched or drawn. (images-missing)" in done.stderr


def test_what_is_missing_is_told_beside_the_content(get: Get, site: Site) -> None:
    site.publish("/latin", PAGE.replace("Second", "Größe, Maß, Übermut, Gemüse, Brücke").encode("latin-1"))
    done = get("/latin")
    assert done.stdout.startswith("# Größe".encode())
    assert b"(charset-guessed)" in done.stderr


def test_file_is_printed_byte_for_byte(get: Get, site: Site) -> None:
    done = get("/files/360p.webm")
    assert done.returncode == 0
    assert hashlib.sha256(done.stdout).hexdigest() == site.media.sha256("360p.webm")


def test_content_goes_into_the_file(get: Get) -> None:
    done = get("/page", "-o", "crane.md")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"crane.md" in done.stderr
    assert [path.name for path in get.folder.iterdir()] == ["crane.md"]
    assert (get.folder / "crane.md").read_text().startswith("# Second crane\n")
    assert (get.folder / "crane.md").stat().st_mode & 0o777 == 0o644


def test_file_that_is_there_is_replaced(get: Get) -> None:
    (get.folder / "page").write_text("old")
    assert get("/page", "-f", "raw", "-o", "page").returncode == 0
    assert (get.folder / "page").read_text() == PAGE


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/404", ()),
        ("/lying/length/360p.webm", ("-f", "raw")),
        ("/bare", ()),
        ("/files/360p.webm", ("-f", "markdown")),
    ],
)
def test_failure_touches_no_file(path: str, words: tuple[str, ...], get: Get) -> None:
    (get.folder / "kept").write_text("old")
    done = get(path, *words, "-o", "kept")
    assert done.returncode in (FAILED, REFUSED)
    assert done.stdout == b""
    assert [path.name for path in get.folder.iterdir()] == ["kept"]
    assert (get.folder / "kept").read_text() == "old"


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("nonsense", REFUSED, "invalid-url"),
        ("http://127.0.0.1:9/", REFUSED, "destination-forbidden"),
        ("file:///etc/passwd", REFUSED, "destination-forbidden"),
        ("/status/404", REFUSED, "upstream-not-found"),
        ("/status/500", FAILED, "upstream-unavailable"),
        ("/redirect?to=http://127.0.0.1:9/", REFUSED, "destination-forbidden"),
        ("/bare", REFUSED, "no-content"),
        ("/lying/length/360p.webm", FAILED, "upstream-broken"),
        ("/bomb?mib=80", REFUSED, "content-too-large"),
    ],
)
def test_failure_has_its_exit_code_and_its_name(url: str, code: int, says: str, get: Get) -> None:
    done = get(url, ENTREPOT_MAX_FILE_BYTES="50000000")
    assert (done.returncode, done.stdout) == (code, b"")
    assert says in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_failure_as_json_is_on_stdout(get: Get) -> None:
    done = get("/status/404", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, done.stderr) == (REFUSED, b"")
    assert (error["code"], error["retryable"]) == ("upstream-not-found", False)


@pytest.mark.parametrize("words", [("-f", "docx"), ("--nonsense",), ("second-url",)])
def test_words_that_are_off_are_a_usage_error(words: tuple[str, ...], get: Get) -> None:
    done = get("/page", *words)
    assert (done.returncode, done.stdout) == (USAGE, b"")


@pytest.mark.parametrize("output", ["missing/crane.md", ".", "/"])
def test_place_that_can_hold_no_file_is_refused(output: str, get: Get, site: Site) -> None:
    before = site.count("/page")
    done = get("/page", "-o", output)
    assert (done.returncode, done.stdout) == (REFUSED, b"")
    assert site.count("/page") == before


def test_page_over_the_limit_is_told_how_to_be_had(get: Get) -> None:
    done = get("/page", ENTREPOT_MAX_PAGE_BYTES="100")
    assert done.returncode == REFUSED
    assert b"content-too-large" in done.stderr
    assert get("/page", "-f", "raw", ENTREPOT_MAX_PAGE_BYTES="100").stdout == PAGE.encode()


def test_full_disk_is_a_failure_and_leaves_nothing(get: Get) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = get.start("/files/360p.webm", "-o", "video", stderr=subprocess.PIPE, preexec_fn=no_room)
    _, told = process.communicate(timeout=60)
    assert process.returncode == FAILED
    assert b"storage-full" in told
    assert not list(get.folder.iterdir())


def test_pipe_is_written_into_and_not_replaced(get: Get) -> None:
    pipe = get.folder / "pipe"
    os.mkfifo(pipe)
    process = get.start("/files/360p.webm", "-o", "pipe", stderr=subprocess.PIPE)
    content = pipe.read_bytes()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert hashlib.sha256(content).hexdigest() == get.site.media.sha256("360p.webm")
    assert pipe.is_fifo()


def test_link_is_followed_and_mode_is_kept(get: Get) -> None:
    (get.folder / "real").write_text("old")
    (get.folder / "real").chmod(0o640)
    (get.folder / "link").symlink_to("real")
    assert get("/page", "-f", "raw", "-o", "link").returncode == 0
    assert (get.folder / "link").is_symlink()
    assert (get.folder / "real").read_text() == PAGE
    assert (get.folder / "real").stat().st_mode & 0o777 == 0o640


def test_full_stdout_is_a_failure(get: Get) -> None:
    with Path("/dev/full").open("wb") as full:
        process = get.start("/files/360p.webm", stdout=full, stderr=subprocess.PIPE)
        _, told = process.communicate(timeout=60)
    assert process.returncode == FAILED
    assert b"Traceback" not in told


def test_reader_that_has_enough_is_no_failure(get: Get) -> None:
    process = get.start("/files/1080p.mp4", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.read(10)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(60) == 0


def test_interrupt_leaves_nothing(get: Get) -> None:
    def heed_interrupts() -> None:  # a shell's background job does not
        signal.signal(signal.SIGINT, signal.default_int_handler)

    process = get.start("/stall/720p.mp4", "-o", "video", stderr=subprocess.PIPE, preexec_fn=heed_interrupts)
    wait_until(lambda: any(path.name == "source" for path in get.folder.rglob("*")))
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in told
    assert not list(get.folder.iterdir())


def test_bytes_that_are_no_text_are_not_thrown_at_a_terminal(get: Get) -> None:
    ours, theirs = pty.openpty()
    process = get.start("/files/360p.webm", stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    _, told = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == REFUSED
    assert b"-o" in told


def test_needs_no_data_folder(get: Get, environment: dict[str, str]) -> None:
    assert get("/page").returncode == 0
    assert not Path(environment["ENTREPOT_DATA_DIR"]).exists()
