"""A pool with a real browser, a nursery and a guard proxy, all on an event loop in a thread of its own."""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from entrepot.fetch.browser.wishes import Rendered, RenderRequest
from entrepot.fetch.guard import Guard
from entrepot.fetch.proxy import GuardProxy
from entrepot.pipelines import browser_child
from entrepot.pipelines.browser import BrowserBounds, BrowserPool
from entrepot.processes.channel import Channel
from entrepot.processes.nursery import Nursery

SECONDS = 60.0


def tasks(_settings: str) -> Mapping[str, Callable[[dict[str, Any], Channel], None]]:
    """All that the nursery's children can be given here."""
    return {browser_child.TASK: browser_child.child_browse}


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page, read; what its scripts say is left out of `html`."""

    html: str
    picture: bytes
    rendered: Rendered


class Lounge:
    """The pool and what it stands on; calls come from the test's thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, nursery: Nursery, proxy: GuardProxy, folder: Path
    ) -> None:
        self.loop = loop
        self.folder = folder
        self.nursery = nursery
        self.proxy = proxy
        self.pool = BrowserPool(nursery, proxy, folder=folder)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What `work` returns, done on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)

    def renew(self, **settings: Any) -> BrowserPool:
        """Another pool in the place of the present one, which ends."""
        self.run(self.pool.close())
        program = settings.pop("program", None)
        bounds = BrowserBounds(**settings)
        self.pool = BrowserPool(self.nursery, self.proxy, program=program, bounds=bounds, folder=self.folder)
        return self.pool

    def render(self, url: str, **wishes: Any) -> Page:
        """One page. Raises what the pool raises."""
        page = self.run(self.visit(url, **wishes))
        assert isinstance(page, Page)
        return page

    async def visit(self, url: str, **wishes: Any) -> Page:
        wanted = RenderRequest(url, **{"timeout_seconds": 15.0, **wishes})
        with TemporaryDirectory() as folder:
            rendered = await self.pool.render(wanted, Path(folder))
            html = re.sub(r"(?s)<script.*?</script>", "", Path(rendered.html_path).read_text())
            shot = rendered.screenshot_path
            return Page(html, Path(shot).read_bytes() if shot else b"", rendered)


@contextmanager
def open_lounge(allow: str) -> Iterator[Lounge]:
    """A lounge whose guard lets `allow` through, for as long as the block runs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)  # a browser of root's becomes somebody else
        with _lounge(allow, folder) as lounge:
            yield lounge


@contextmanager
def _lounge(allow: str, folder: Path) -> Iterator[Lounge]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def build() -> Lounge:
        proxy = GuardProxy(Guard(allow=[allow]))
        await proxy.start()
        nursery = Nursery("tests.pipelines.browsing:tasks", "")
        await nursery.start()
        return Lounge(loop, nursery, proxy, folder)

    async def end(lounge: Lounge) -> None:
        await lounge.pool.close()
        await lounge.nursery.close()
        await lounge.proxy.close()

    lounge: Lounge = asyncio.run_coroutine_threadsafe(build(), loop).result(SECONDS)
    try:
        yield lounge
    finally:
        asyncio.run_coroutine_threadsafe(end(lounge), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def tree_of(root: int) -> list[int]:
    """A process and all its descendants that still run."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        try:
            children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        except OSError:
            continue
        found.append(pid)
        waiting += [int(child) for listed in children for child in listed.split()]
    return found


def chromium_of(root: int) -> list[int]:
    """Those of a tree that are Chromium's, the browser itself first."""
    commands = {pid: _command_of(pid) for pid in tree_of(root)}
    ours = [pid for pid, command in commands.items() if "/chrom" in command[0]]
    return sorted(
        ours, key=lambda pid: any("--type=" in word or "crashpad" in word for word in commands[pid])
    )


def status_of(pid: int) -> dict[str, str]:
    """The fields of a process's status (proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return [""]
