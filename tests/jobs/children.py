"""The child's side of the tests: a pipeline that does what its order's `do` option says."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from imageio_ffmpeg import get_ffmpeg_exe

from entrepot.errors import MediaNotFound, UpstreamBusy
from entrepot.jobs.desk import perform
from entrepot.jobs.work import Desk, Kind, Order, Outcome, Progress, Source, Stage, StoredFile


class Scripted:
    """Leaves `ran.{job_id}` behind, one line for each attempt, then plays its part."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, order: Order, desk: Desk) -> Outcome:
        with (self._folder / f"ran.{order.job_id}").open("a", encoding="ascii") as record:
            record.write(f"{order.fence} {os.getpid()}\n")
        part: Callable[[Order, Desk], None] = getattr(self, "do_" + str(order.options.get("do", "finish")))
        part(order, desk)
        return outcome_of(order)

    def do_finish(self, order: Order, desk: Desk) -> None:
        """Nothing but the end."""

    def do_tell(self, order: Order, desk: Desk) -> None:
        desk.kind(Kind.MEDIA)
        desk.source(Source(url=order.url, title="A title", uploader="Bob", duration_seconds=1.5))
        desk.log("info", "a first line")
        desk.log("warning", "a \x1b[31mred\x00 line")
        desk.progress(Progress(Stage.DOWNLOADING, 25.0, 25, 100, 10.0, 7.5))

    def do_half(self, order: Order, desk: Desk) -> None:
        """Leaves a partial file and waits for ever."""
        (order.folder / "partial").write_bytes(b"half")
        desk.source(Source(url=order.url, title="Half a thing"))
        desk.progress(Progress(Stage.DOWNLOADING, 50.0))
        _wait_for_ever()

    def do_half_with_a_grandchild(self, order: Order, desk: Desk) -> None:
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (self._folder / "grandchild").write_text(str(sleeper.pid))
        self.do_half(order, desk)

    def do_half_and_ignore_signals(self, order: Order, desk: Desk) -> None:
        """Nothing but SIGKILL ends it, nor its grandchild, which has a session of its own."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        script = "trap '' TERM INT HUP; while :; do sleep 60; done"
        sleeper = subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True)
        (self._folder / "grandchild").write_text(str(sleeper.pid))
        self.do_half(order, desk)

    def do_half_with_ffmpeg(self, order: Order, desk: Desk) -> None:
        """Encodes for ever, at the speed of the film."""
        endless = [
            "-re",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x64:rate=5",
            "-f",
            "matroska",
            str(order.folder / "film"),
        ]
        encoder = subprocess.Popen([get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", *endless])
        (self._folder / "grandchild").write_text(str(encoder.pid))
        while not (order.folder / "film").exists():
            time.sleep(0.01)
        self.do_half(order, desk)

    def do_work_for(self, order: Order, desk: Desk) -> None:
        """Takes `seconds`, with a partial file all the while."""
        (order.folder / "partial").write_bytes(b"half")
        ends_at = time.monotonic() + float(order.options["seconds"])
        while time.monotonic() < ends_at:
            desk.progress(Progress(Stage.DOWNLOADING, 10.0))
            time.sleep(0.01)

    def do_be_busy(self, order: Order, _desk: Desk) -> None:
        (order.folder / "partial").write_bytes(b"half")
        raise UpstreamBusy("The origin is busy.", retry_after_seconds=order.options.get("retry_after"))

    def do_find_nothing(self, order: Order, _desk: Desk) -> None:
        (order.folder / "partial").write_bytes(b"half")
        raise MediaNotFound("Nothing here.")

    def do_resume(self, order: Order, desk: Desk) -> None:
        """Fails at first with a partial file; then finds it among the earlier folders."""
        if not order.earlier:
            self.do_be_busy(order, desk)
        desk.log("info", "found " + (order.earlier[-1] / "partial").read_text())

    def do_raise(self, _order: Order, _desk: Desk) -> None:
        raise RuntimeError("a secret of the house")

    def do_fill_the_disk(self, _order: Order, _desk: Desk) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/a/secret/path")

    def do_die(self, _order: Order, _desk: Desk) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def do_leave(self, _order: Order, _desk: Desk) -> None:
        os._exit(3)

    def do_die_at_first(self, order: Order, _desk: Desk) -> None:
        if order.fence == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def do_babble(self, _order: Order, desk: Desk) -> None:
        for number in range(20000):
            desk.log("debug", f"line {number}")


def outcome_of(order: Order) -> Outcome:
    """The result that every scripted job has."""
    content = order.url.encode()
    file = StoredFile(
        role="main",
        name="a.bin",
        content_type="application/octet-stream",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        library_path="files/a.bin",
    )
    return Outcome((file,), Source(url=order.url, title=str(order.options.get("title", "A file"))))


def _wait_for_ever() -> None:
    while True:
        time.sleep(60)


def tasks(settings: str) -> dict[str, Callable[[dict[str, Any], Any], None]]:
    """The nursery's tasks; `settings` is the test's folder."""
    scripted = Scripted(Path(settings))
    pipelines = dict.fromkeys(Kind, scripted)
    return {"job": partial(perform, pipelines=pipelines), "nonsense": _nonsense}


def _nonsense(payload: dict[str, Any], channel: Any) -> None:
    channel.send({"type": "progress", "progress": "far"})
