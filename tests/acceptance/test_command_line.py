"""The real command: what it prints where, and how it ends."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import fetch, order, wait_for
from tests.acceptance.service import ServiceProcess, wait_until
from tests.origin.site import Site

UNKNOWN = "00000000-0000-4000-8000-000000000000"
COMMAND = [sys.executable, "-m", "entrepot"]
TIMEOUT_SECONDS = 60


def _environment(**settings: str) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "ENTREPOT_LOG_FORMAT": "json", **settings}


def _run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end; nothing that it prints is ever a traceback."""
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, cwd="/", env=_environment(**settings),
        stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture
def server(service: ServiceProcess) -> dict[str, str]:
    """The setting that leads the command to the running service."""
    return {"ENTREPOT_SERVER": service.url}


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ("serve", "migrate", "get", "add", "jobs", "doctor", "Exit codes")),
        (("jobs",), ("ls", "watch", "cancel", "retry", "logs")),
        (("add",), ("--wait", "--kind", "--quality", "--checksum", "--server", "--json")),
        (("serve",), ("--host", "--port", "--data-dir", "--open")),
        (("get",), ("--format", "--output", "--json")),
    ],
)
def test_help_tells_what_there_is(words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    done = _run(*words, "--help")
    assert done.returncode == 0
    assert [word for word in expected if word not in done.stdout] == []


def test_help_loads_nothing_heavy() -> None:
    heavy = {"fastapi", "sqlalchemy", "httpx2", "yt_dlp", "lxml", "numpy", "pycurl", "uvicorn"}
    script = "import sys, entrepot.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("add",), ("jobs", "ls", "--limit", "0"), ("jobs", "ls", "--status", "asleep"),
     ("add", "http://example.com/", "--kind", "podcast"), ("jobs", "ls", "--server", "nonsense")],
)  # fmt: skip
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    done = _run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


# --- add and jobs -----------------------------------------------------------------------------------------------------


def test_add_prints_the_id_of_the_job(server: dict[str, str], http: httpx2.Client, origin: Site) -> None:
    done = _run("add", origin.url(f"/files/360p.mp4?{uuid4()}"), "--kind", "file", **server)
    assert (done.returncode, done.stderr) == (0, "")
    assert http.get(f"/api/v1/download/{done.stdout.strip()}").status_code == 200


def test_add_and_wait_prints_links_and_tells_progress_elsewhere(
    server: dict[str, str], http: httpx2.Client, origin: Site
) -> None:
    url = origin.url(f"/throttled/360p.mp4?bps=900000&{uuid4()}")
    done = _run("add", url, "--kind", "file", "--wait", **server)
    assert done.returncode == 0
    assert "downloading" in done.stderr
    assert done.stderr.endswith("completed\n")
    (link,) = done.stdout.splitlines()
    assert http.get(link).content == origin.media.path("360p.mp4").read_bytes()


def test_add_and_wait_as_json_prints_the_job(server: dict[str, str], origin: Site) -> None:
    done = _run("add", origin.url("/files/360p.mp4?json"), "--kind", "file", "--wait", "--json", **server)
    job: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, job["status"]) == (0, "completed")
    assert job["files"][0]["sha256"] == origin.media.sha256("360p.mp4")


def test_failed_job_ends_with_1_and_its_reason(server: dict[str, str], origin: Site) -> None:
    done = _run("add", origin.url("/status/404?cli"), "--kind", "file", "--wait", **server)
    assert (done.returncode, done.stdout) == (1, "")
    assert "(upstream-not-found)" in done.stderr


def test_failed_job_as_json_ends_with_1_and_the_job(
    server: dict[str, str], http: httpx2.Client, origin: Site
) -> None:
    job = fetch(http, origin.url("/status/404?cli-json"), kind="file", retries=0)
    done = _run("jobs", "watch", job["id"], "--json", **server)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "upstream-not-found"


@pytest.mark.parametrize("url", ["not a url", "http://127.0.0.1:1/", "file:///etc/passwd"])
def test_refused_url_ends_with_4(url: str, server: dict[str, str]) -> None:
    done = _run("add", url, **server)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error ")


def test_refusal_as_json_is_data(server: dict[str, str]) -> None:
    done = _run("add", "not a url", "--json", **server)
    assert (done.returncode, done.stderr) == (4, "")
    assert json.loads(done.stdout)["error"]["code"] == "invalid-url"


@pytest.mark.parametrize("command", ["watch", "cancel", "retry", "logs"])
@pytest.mark.parametrize("job_id", [UNKNOWN, "../../health"])
def test_unknown_job_ends_with_4(command: str, job_id: str, server: dict[str, str]) -> None:
    done = _run("jobs", command, job_id, **server)
    assert (done.returncode, done.stdout) == (4, "")
    assert "not-found)" in done.stderr


@pytest.mark.parametrize(
    "words", [("add", "http://example.com/"), ("jobs", "ls"), ("jobs", "watch", UNKNOWN)]
)
def test_absent_service_ends_with_3(words: tuple[str, ...], unused_port: int) -> None:
    done = _run(*words, "--server", f"http://127.0.0.1:{unused_port}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "entrepot serve" in done.stderr


def test_list_has_one_line_for_each_job(server: dict[str, str], http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/files/360p.mp4?listed"), kind="file")
    done = _run("jobs", "ls", "--status", "completed", "--limit", "1", **server)
    assert (done.returncode, done.stderr) == (0, "")
    job_id, status, percent, title = done.stdout.rstrip("\n").split("\t")
    assert (job_id, status, percent) == (job["id"], "completed", "100")
    assert title


def test_list_as_json_is_one_array(server: dict[str, str], http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/files/360p.mp4?array"), kind="file")
    done = _run("jobs", "ls", "--limit", "1", "--json", **server)
    assert json.loads(done.stdout) == [http.get(f"/api/v1/download/{job['id']}").json()]


def test_job_is_canceled_and_retried(server: dict[str, str], http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url(f"/stall/360p.mp4?{uuid4()}"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    canceled = _run("jobs", "cancel", job_id, **server)
    assert (canceled.returncode, canceled.stdout, canceled.stderr) == (0, "", f"canceled {job_id}\n")
    assert _run("jobs", "cancel", job_id, **server).returncode == 4
    assert _run("jobs", "watch", job_id, **server).returncode == 5
    retried = _run("jobs", "retry", job_id, "--json", **server)
    assert json.loads(retried.stdout) == {"jobId": job_id, "status": "queued"}
    http.post(f"/v1/download/cancel/{job_id}")


def test_log_of_a_job_is_printed_line_by_line(
    server: dict[str, str], http: httpx2.Client, origin: Site
) -> None:
    job = fetch(http, origin.url("/watch/jsonld"))
    expected = http.get(f"/api/v1/download/{job['id']}/logs").json()["items"]
    as_json = _run("jobs", "logs", job["id"], "--json", **server)
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == expected
    readable = _run("jobs", "logs", job["id"], **server)
    assert len(readable.stdout.splitlines()) == len(expected) > 1


def test_interrupt_ends_with_130_and_leaves_the_job(
    server: dict[str, str], http: httpx2.Client, origin: Site
) -> None:
    job_id = order(http, origin.url(f"/stall/360p.mp4?{uuid4()}"), kind="file")
    watching = subprocess.Popen(
        [*COMMAND, "jobs", "watch", job_id], env=_environment(**server), stderr=subprocess.PIPE, text=True
    )
    with watching:
        assert watching.stderr is not None
        watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(TIMEOUT_SECONDS) == 130
        assert "Traceback" not in watching.stderr.read()
    assert http.delete(f"/api/v1/download/{job_id}").status_code == 200


def test_reader_that_leaves_early_is_no_error(server: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "jobs", "ls", "--json"], stdout=writing, stderr=subprocess.PIPE, env=_environment(**server),
        timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_bar_is_drawn_on_a_terminal(server: dict[str, str], origin: Site) -> None:
    terminal, end = pty.openpty()
    url = origin.url(f"/throttled/360p.mp4?bps=900000&{uuid4()}")
    adding = subprocess.Popen(
        [*COMMAND, "add", url, "--kind", "file", "--wait"], stdout=subprocess.PIPE, stderr=end, text=True,
        env={**_environment(**server), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(end)
    drawn = b"".join(_pieces(terminal)).decode()
    with adding:
        assert adding.stdout is not None
        assert adding.stdout.read().count("\n") == 1
    assert adding.returncode == 0
    assert "downloading" in drawn
    assert all(sign in drawn for sign in ("━", "%", "MB", "/s", "left"))


def _pieces(terminal: int) -> Iterator[bytes]:
    with (
        contextlib.suppress(OSError),
        open(terminal, "rb", buffering=0) as shown,
    ):  # EIO: the other end has closed
        while piece := shown.read(65536):
            yield piece


# --- serve, migrate, doctor -------------------------------------------------------------------------------------------


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_port_in_use_is_named(taken_port: int, tmp_path: Path) -> None:
    done = _run("serve", "--port", str(taken_port), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1
    assert f"port {taken_port}: Address already in use. (cannot-listen)" in done.stderr
    assert not (tmp_path / "data").exists()


def test_data_folder_in_use_is_named(service: ServiceProcess) -> None:
    done = _run("serve", "--port", "0", "--data-dir", str(service.data_dir))
    assert done.returncode == 1
    assert f"Another Entrepôt is using {service.data_dir}. (data-folder-in-use)" in done.stderr


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_data_folder_that_is_none_is_named(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = _run(command, "--data-dir", str(tmp_path / "file"), ENTREPOT_PORT="0")
    assert done.returncode == 1
    assert "(data-folder-unusable)" in done.stderr


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_database_that_is_none_is_named(command: str, tmp_path: Path) -> None:
    (tmp_path / "entrepot.db").write_text("no database, but long enough to look like one" * 100)
    done = _run(command, "--data-dir", str(tmp_path), ENTREPOT_PORT="0")
    assert done.returncode == 1
    assert "file is not a database. (database-unavailable)" in done.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ENTREPOT_WORKERS": "many"}, "ENTREPOT_WORKERS: "),
        ({"ENTREPOT_AUTH": "required"}, "ENTREPOT_AUTH: "),
        ({"ENTREPOT_DATABASE_URL": "postgresql://x"}, "ENTREPOT_DATABASE_URL: "),
        ({"ENTREPOT_EGRESS_ALLOW": "a b"}, "'a b'"),
    ],
)
def test_bad_setting_ends_with_2(settings: dict[str, str], named: str, tmp_path: Path) -> None:
    done = _run("serve", "--port", "0", "--data-dir", str(tmp_path), **settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_service_without_authentication_stays_on_loopback(host: str, tmp_path: Path) -> None:
    done = _run("serve", "--host", host, "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "ENTREPOT_LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH=true" in done.stderr
    assert not (tmp_path / "data").exists()


def test_service_listens_beyond_loopback_when_told_so_in_so_many_words(tmp_path: Path) -> None:
    settings = {"ENTREPOT_HOST": "0.0.0.0", "ENTREPOT_LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH": "true"}
    with ServiceProcess(tmp_path / "data", settings=settings) as service:
        port = service.url.rsplit(":", 1)[1]
        assert httpx2.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
        assert service.stop() == 0


def test_stop_during_the_start_is_quick_and_a_success(tmp_path: Path) -> None:
    serving = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--data-dir", str(tmp_path)], env=_environment(),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with serving:
        wait_until((tmp_path / "entrepot.db").exists)
        started = time.monotonic()
        serving.terminate()
        assert serving.wait(TIMEOUT_SECONDS) == 0
        assert time.monotonic() - started < 3
        assert serving.stderr is not None
        assert "Traceback" not in serving.stderr.read()


def test_migrate_makes_the_database(tmp_path: Path) -> None:
    assert _run("migrate", "--data-dir", str(tmp_path)).returncode == 0
    assert (tmp_path / "entrepot.db").is_file()


def test_doctor_looks_at_everything(tmp_path: Path) -> None:
    done = _run("doctor", "--json", "--data-dir", str(tmp_path))
    findings = {finding["name"]: finding["verdict"] for finding in json.loads(done.stdout)}
    assert findings.keys() == {
        "entrepot", "yt-dlp", "ffmpeg", "fence", "data", "database", "egress", "network", "page",
    }  # fmt: skip
    assert done.returncode == 0
    assert "failing" not in findings.values()


def test_doctor_ends_with_1_when_something_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = _run("doctor", "--data-dir", str(tmp_path / "file"), ENTREPOT_EGRESS_BLOCK="a b")
    assert done.returncode == 1
    assert f"{tmp_path / 'file'} is not a folder" in done.stdout
    assert "'a b'" in done.stdout


def test_running_service_is_sound_in_every_part(http: httpx2.Client) -> None:
    found = http.get("/health/detailed").json()
    assert {name: part["status"] for name, part in found["components"].items()} == dict.fromkeys(
        ("database", "storage", "engine", "nursery", "guard_proxy", "yt_dlp", "ffmpeg"), "ok"
    )
    assert http.get("/health/ready").status_code == 200


def test_service_whose_storage_breaks_is_unready_until_it_is_mended(origin: Site, tmp_path: Path) -> None:
    with (
        ServiceProcess(tmp_path / "data", settings=allowing(origin)) as service,
        httpx2.Client(base_url=service.url, trust_env=False) as http,
    ):
        assert http.get("/health/ready").status_code == 200
        blobs, aside = tmp_path / "data" / "blobs", tmp_path / "aside"
        blobs.rename(aside)
        blobs.write_text("in the way")
        broken = http.get("/health/ready")
        assert (broken.status_code, broken.json()["components"]["storage"]["status"]) == (503, "failing")
        assert http.get("/health").status_code == 200
        blobs.unlink()
        aside.rename(blobs)
        assert http.get("/health/ready").status_code == 200


def test_reference_is_served(http: httpx2.Client) -> None:
    page = http.get("/api/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert http.get("/api/openapi.json").json()["info"]["title"] == "Entrepôt"
