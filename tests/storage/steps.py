"""Run as a program of its own: stores in forked children that are killed, limited or many, and says what was seen as JSON.

A fork is safe here since this process has one thread, which pytest's may not.
"""

import hashlib
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from entrepot.errors import AssetNotFound, StorageFull
from entrepot.storage.local import LocalStore

CONTENT = bytes(range(256)) * 16 * 1024  # 4 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
_GRACE_SECONDS = 0.05
_STEPS = ("open", "write", "fsync", "fchmod", "link", "utime", "unlink", "mkdir", "close")


def in_child(work: Callable[[], int]) -> int:
    """The child's exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(start(work), 0)[1])


def die_at(step: int) -> None:
    """This process kills itself just before its `step`-th call that touches the disk."""
    count = 0

    def trap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    for name in _STEPS:
        setattr(os, name, trap(getattr(os, name)))


def store_once(store: LocalStore, way: str, source: Path) -> int:
    if way == "write":
        return int(store.write(io.BytesIO(CONTENT)).sha256 != SHA256)
    return int(store.adopt(source).sha256 != SHA256)


def kill_at_every_step(root: Path, way: str, *, is_known: bool) -> list[dict[str, Any]]:
    """One entry for each step at which the storing process was killed, the last for the run that went through."""
    seen: list[dict[str, Any]] = []
    for step in range(1, 200):
        folder = root / f"{way}-{is_known}-{step}"
        folder.mkdir()
        store = LocalStore(folder)
        if is_known:
            store.write(io.BytesIO(CONTENT))
        source = folder / "source"
        source.write_bytes(CONTENT)

        def work(step: int = step, store: LocalStore = store, source: Path = source) -> int:
            die_at(step)
            return store_once(store, way, source)

        status = in_child(work)
        seen.append({"status": status, **after_restart(folder, way, source)})
        if status == 0:
            return seen
    raise SystemExit("the operation has no end")


def after_restart(folder: Path, way: str, source: Path) -> dict[str, Any]:
    """What a new process finds, and whether it can do the same again."""
    store = LocalStore(folder)
    visible = [store.path(sha256) for sha256 in store.idle(datetime.now(UTC) + timedelta(days=1))]
    broken = [path.name for path in visible if hashlib.sha256(path.read_bytes()).hexdigest() != path.name]
    is_safe = way == "write" or source.exists() or store.exists(SHA256)
    store.sweep_incoming()
    left = len(list((folder / "blobs" / "incoming").glob("*")))
    if not source.exists():
        source.write_bytes(CONTENT)
    return {"broken": broken, "is_safe": is_safe, "left": left, "again": store_once(store, way, source)}


def limited(folder: Path, way: str) -> dict[str, Any]:
    """What is said and what stays when files may not grow beyond 1 MiB, and whether all is well afterwards."""
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(CONTENT)
    os.link(source, folder / "second name")  # so that adopting copies

    def work() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, 1024 * 1024))
        return told_full(LocalStore(folder), way, source)

    return {
        "status": in_child(work),
        **leftovers(folder, source),
        "again": store_once(LocalStore(folder), way, source),
    }


def full(folder: Path, way: str) -> dict[str, Any]:
    """The same on a disk of 4 MiB that is full, and then is not."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], check=True)
    ballast, source = folder / "ballast", folder / "source"
    source.write_bytes(CONTENT[: 1024 * 1024])
    os.link(source, folder / "second name")
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    store = LocalStore(folder)
    status = told_full(store, way, source)
    result = {"status": status, **leftovers(folder, source)}
    ballast.unlink()
    return {**result, "again": int(store.adopt(source).size_bytes != 1024 * 1024)}


def told_full(store: LocalStore, way: str, source: Path) -> int:
    try:
        store_once(store, way, source)
    except StorageFull:
        return 0
    return 1


def leftovers(folder: Path, source: Path) -> dict[str, Any]:
    blobs = [path for path in (folder / "blobs").rglob("*") if path.is_file() and path.name != "lock"]
    return {"left": len(blobs), "is_safe": source.exists()}


def storm(folder: Path, seconds: float) -> dict[str, Any]:
    """Four processes store the same blobs again and again while a fifth discards whatever is idle for a moment."""
    folder.mkdir()
    contents = [number.to_bytes(2, "big") * 500 for number in range(200)]
    end = time.monotonic() + seconds
    work = [partial(store_many, folder, contents, seed, end) for seed in range(4)]
    children = [start(each) for each in [*work, partial(discard_many, folder, contents, end)]]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    return {"statuses": statuses, "left": len(list((folder / "blobs" / "incoming").glob("*")))}


def start(work: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = work()
        finally:
            os._exit(status)
    return pid


def store_many(folder: Path, contents: list[bytes], seed: int, end: float) -> int:
    """1 as soon as a blob that was stored a moment ago is not there or not itself; 2 when nothing could be judged."""
    chance = random.Random(seed)
    store = LocalStore(folder)
    source = folder / f"source-{seed}"
    judged = 0
    while time.monotonic() < end:
        content = chance.choice(contents)
        source.write_bytes(content)
        begun = time.monotonic()
        blob = store.adopt(source) if chance.random() < 0.5 else store.write(io.BytesIO(content))
        try:
            with store.open(blob.sha256) as stored:
                is_right = stored.read() == content
        except AssetNotFound:
            is_right = False
        if time.monotonic() - begun < 0.8 * _GRACE_SECONDS:  # later, it may have gone by right
            judged += 1
            if not is_right:
                return 1
    return 0 if judged > 20 else 2


def discard_many(folder: Path, contents: list[bytes], end: float) -> int:
    """2 when hardly anything was ever discarded, which would prove nothing."""
    store = LocalStore(folder)
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    discarded = 0
    while time.monotonic() < end:
        for name in names:
            if store.exists(name):
                discarded += store.discard(
                    name, idle_since=datetime.now(UTC) - timedelta(seconds=_GRACE_SECONDS)
                )
    return 0 if discarded > 20 else 2


def main(task: str, folder: Path, *args: str) -> Any:
    match task:
        case "kill":
            return kill_at_every_step(folder, args[0], is_known=args[1] == "known")
        case "limited":
            return limited(folder / "limited", args[0])
        case "full":
            return full(folder / "disk", args[0])
        case "storm":
            return storm(folder / "storm", float(args[0]))
    raise SystemExit(f"no such task: {task}")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])))
