"""A running Chromium behind the fence: a process tree that can reach the guard's proxy and its own folder, nothing else."""

import asyncio
import os
import signal
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from entrepot.errors import RenderFailed
from entrepot.fetch.browser.chromium import command_of
from entrepot.fetch.browser.protocol import BrowserGone, CommandFailed, DevTools
from entrepot.processes.descendants import adopting_orphans, children_of_self, end_strays
from entrepot.processes.fence import Fence, scrubbed_environment
from entrepot.processes.lifeline import die_with_parent
from entrepot.processes.linux import may_become_others
from entrepot.processes.tent import sweep, tent
from entrepot.telemetry import get_logger

NOBODY = 65534
START_SECONDS = 20.0

_PROFILES = "entrepot-browser-"
_FILE_BYTES = 512 * 1024**2
_OPEN_FILES = 4096
_WATCH_SECONDS = 0.25
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

log = get_logger("entrepot.browser")


@dataclass(frozen=True, slots=True)
class BrowserOutfit:
    """What a browser is started with. `proxy_url` bears the guard proxy's secret; `memory_bytes` is for the whole tree;
    `folder` is where its profile lies.
    """

    program: Path
    proxy_url: str
    proxy_port: int
    memory_bytes: int
    folder: Path


@asynccontextmanager
async def running_chromium(outfit: BrowserOutfit) -> AsyncIterator[DevTools]:
    """A browser, for as long as the block runs; then nothing of it is left. For a process of one thread.

    It has Chromium's own sandbox around its pages where that can be had, and the fence around itself in any case. A process
    of root's becomes nobody. Raises RenderFailed when it does not start.
    """
    known = children_of_self()
    user = _user_for(outfit)
    with adopting_orphans(), _profile(outfit.folder, user) as profile:
        for is_sandboxed in _tries(user):
            process, tools = await _start(outfit, profile, user, is_sandboxed=is_sandboxed)
            try:
                if not await _answers(tools):
                    log.info("chromium did not start", sandboxed=is_sandboxed)
                    continue
                watch = asyncio.create_task(_watch_memory(process.pid, outfit.memory_bytes))
                try:
                    yield tools
                finally:
                    watch.cancel()
                    await asyncio.gather(watch, return_exceptions=True)
                return
            finally:
                await tools.close()
                _end(process, known)
    raise RenderFailed("The browser did not start; the log has the details.")


def _user_for(outfit: BrowserOutfit) -> int | None:
    """The user that root's browser becomes; None: it stays who we are, since it must or may not change."""
    if not may_become_others() or not _is_known_here(NOBODY):
        return None
    is_open = is_open_to_all(outfit.program) and is_open_to_all(outfit.folder)
    return NOBODY if is_open else None


def _is_known_here(user: int) -> bool:
    """Whether this user namespace has such a user and such a group (user_namespaces(7))."""
    maps = (Path(f"/proc/self/{kind}_map").read_text().splitlines() for kind in ("uid", "gid"))
    ranges = ([tuple(map(int, line.split())) for line in lines] for lines in maps)
    return all(any(first <= user < first + count for first, _, count in each) for each in ranges)


def is_open_to_all(path: Path) -> bool:
    """Whether any user may reach and use the file or folder."""
    resolved = path.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (resolved, *resolved.parents))


_PREFERENCES = (
    '{"intl": {"charset_default": "UTF-8"}}'  # for pages that declare no charset: most are in this one by now
)


def _tries(user: int | None) -> list[bool]:
    """Whether to try with Chromium's own sandbox, then without. It refuses to be root's."""
    return [False] if os.geteuid() == 0 and user is None else [True, False]


@contextmanager
def _profile(ground: Path, user: int | None) -> Iterator[Path]:
    """A fresh folder that the browser's user may enter and change; gone afterwards."""
    with tent(ground, _PROFILES, _users()) as folder:
        preferences = folder / "Default" / "Preferences"
        preferences.parent.mkdir()
        preferences.write_text(_PREFERENCES)
        if user is not None:
            for path in (folder, preferences.parent, preferences):
                os.chown(path, user, user)
        yield folder


def sweep_profiles(ground: Path) -> None:
    """Removes the folders of browsers that were killed with the processes that kept them; blocks."""
    sweep(ground, _PROFILES, _users())


def _users() -> tuple[int, ...]:
    """Who else browsers of ours may have been."""
    return (NOBODY,) if may_become_others() else ()


async def _start(
    outfit: BrowserOutfit, profile: Path, user: int | None, *, is_sandboxed: bool
) -> tuple[subprocess.Popen[bytes], DevTools]:
    """Starts the program with the debugging pipes as its descriptors 3 and 4, and nothing else that we have open."""
    their_read, our_write = os.pipe()
    our_read, their_write = os.pipe()
    parent = os.getpid()
    fence = _fence(outfit, profile, user)
    command = command_of(
        outfit.program, profile=profile, proxy_port=outfit.proxy_port, is_sandboxed=is_sandboxed
    )

    def prepare() -> None:
        high_read, high_write = os.dup(their_read), os.dup(their_write)  # 3 and 4 may be among the four
        for wanted, held in ((100, high_read), (101, high_write)):
            os.dup2(held, wanted)
        os.dup2(100, 3)
        os.dup2(101, 4)
        os.closerange(5, _OPEN_FILES)
        die_with_parent(parent)
        fence.apply()

    try:
        process = _spawn(command, prepare, fence, profile)
    except (OSError, subprocess.SubprocessError) as error:
        os.close(our_read)
        os.close(our_write)
        raise RenderFailed("The browser's process could not be started.") from error
    finally:
        os.close(their_read)
        os.close(their_write)
    tools = DevTools()
    await tools.open(our_read, our_write)
    return process, tools


def _spawn(
    command: list[str], prepare: Callable[[], None], fence: Fence, profile: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
        close_fds=False, env=dict(fence.environment or {}), cwd=profile,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _fence(outfit: BrowserOutfit, profile: Path, user: int | None) -> Fence:
    return Fence(
        # A sandbox of its own is set up by writing to /proc, where the kernel keeps the rules.
        writable=(profile, Path("/proc")),
        readable=(outfit.program.parent, Path("/sys/devices"), Path("/etc/chromium")),
        connect_ports=(outfit.proxy_port,),
        file_size_bytes=_FILE_BYTES,
        open_files=_OPEN_FILES,
        user=user,
        own_sandbox=True,
        environment=scrubbed_environment(
            profile, {"DBUS_SESSION_BUS_ADDRESS": "disabled:", "CHROME_HEADLESS": "1"}
        ),
    )


async def _answers(tools: DevTools) -> bool:
    """Whether the browser can open a page: one without a sandbox that it needs can not."""
    try:
        async with asyncio.timeout(START_SECONDS):
            await tools.call("Browser.getVersion")
            opened = await tools.call("Target.createTarget", {"url": "about:blank"})
            await tools.call("Target.closeTarget", {"targetId": opened["targetId"]})
    except (TimeoutError, BrowserGone, CommandFailed):
        return False
    return True


def _end(process: subprocess.Popen[bytes], known: Collection[int]) -> None:
    """Kills the browser and what it leaves behind, which has become ours."""
    process.kill()
    process.wait()
    end_strays(known)


# --- memory -----------------------------------------------------------------------------------------------------------


async def _watch_memory(pid: int, most_bytes: int) -> None:
    """Ends the largest process of the tree, a page's, whenever all together have more than is allowed."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        sizes = dict(_sizes(pid))
        if sum(sizes.values()) > most_bytes:
            largest = max((one for one in sizes if one != pid), key=lambda one: sizes[one], default=pid)
            log.warning("a page needed too much memory", bytes=sizes[largest])
            with suppress(ProcessLookupError):
                os.kill(largest, signal.SIGKILL)


def _sizes(root: int) -> Iterator[tuple[int, int]]:
    """The private memory of each process of a tree (proc_pid_statm(5)), by its pid."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            _, resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
            children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        except OSError:
            continue  # ended meanwhile
        yield pid, (int(resident) - int(shared)) * _PAGE_BYTES
        waiting += [int(child) for listed in children for child in listed.split()]
