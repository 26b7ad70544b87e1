"""The real command, started, watched and killed as an operator would."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_READY = re.compile(r"is ready: (http://\S+)")


class ServiceProcess:
    """`entrepot serve` on a free port with a data folder of its own."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        self._port = "0"
        self.url = ""
        self.log: list[str] = []

    def start(self, *, timeout_seconds: float = 30) -> Self:
        """Starts the command and returns when it says that it is ready; a restart keeps its port."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        environment |= {"ENTREPOT_LOG_FORMAT": "json", "COLUMNS": "500", **self._settings}
        command = [
            sys.executable,
            "-m",
            "entrepot",
            "serve",
            "--port",
            self._port,
            "--data-dir",
            str(self.data_dir),
        ]
        self._ready.clear()
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read_log, args=(self._process,), daemon=True).start()
        if not self._ready.wait(timeout_seconds):
            self.kill()
            raise AssertionError("the service did not become ready:\n" + "".join(self.log[-50:]))
        self._port = self.url.rsplit(":", 1)[1]
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _read_log(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line)
            if match := _READY.search(line):
                self.url = match[1]
                self._ready.set()
        process.stderr.close()

    def tree(self) -> list[int]:
        """The service's process and all its descendants."""
        return descendants(self.pid)

    def kill(self) -> None:
        """`kill -9` of the whole tree, at once."""
        assert self._process is not None
        for pid in self.tree():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self, *, timeout_seconds: float = 15) -> int:
        """SIGTERM, then the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self._process.returncode

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it, as /proc tells now."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting.extend(children.get(current, []))
    return found


def resident_bytes(pids: list[int], field: str = "Pss") -> int:
    """Memory of these processes together; `Pss` counts shared pages once, `Rss` in each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(
                int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith(f"{field}:")
            )
    return total


def wait_until(condition: object, *, timeout_seconds: float = 30, interval_seconds: float = 0.05) -> None:
    """Returns once `condition()` is true; fails after `timeout_seconds`."""
    assert callable(condition)
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(interval_seconds)
