"""The page is built when its sources have changed, with whatever node there is, and wheels carry it ready."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import hatch_build
import pytest
from hatch_build import Page

ROOT = Path(__file__).parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of the page's sources with the modules of this one."""
    Page(ROOT).build_if_stale()
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    return tmp_path


@pytest.fixture
def built_tree(tree: Path) -> Path:
    """The same, with the page built of these sources."""
    shutil.copytree(ROOT / "src" / "entrepot" / "ui", tree / "src" / "entrepot" / "ui")
    return tree


@pytest.fixture
def without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path on which there is no node, as on a machine that never had one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "env"):
        (tools / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(tools))


def test_page_that_stands_is_not_built_again(built_tree: Path) -> None:
    assert Page(built_tree).build_if_stale() is False


@pytest.mark.parametrize(
    "changed", ["web/src/app.tsx", "web/public/theme.js", "web/package-lock.json", "web/redoc.html"]
)
def test_page_is_stale_after_a_change_of_its_sources(changed: str, built_tree: Path) -> None:
    with (built_tree / changed).open("a") as file:
        file.write("\n")
    assert not Page(built_tree).is_current()


@pytest.mark.parametrize("changed", ["web/src/format.test.ts", "web/openapi.json"])
def test_page_does_not_depend_on_its_tests_and_documents(changed: str, built_tree: Path) -> None:
    with (built_tree / changed).open("a") as file:
        file.write("\n")
    assert Page(built_tree).is_current()


def test_built_page_without_sources_is_taken_as_it_is(built_tree: Path) -> None:
    shutil.rmtree(built_tree / "web")
    assert Page(built_tree).build_if_stale() is False


def test_neither_page_nor_sources_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Neither the built page nor its sources"):
        Page(tmp_path).build_if_stale()


@pytest.mark.usefixtures("without_node")
def test_page_is_built_by_the_node_of_the_wheel(tree: Path) -> None:
    assert shutil.which("node") is None
    assert Page(tree).build_if_stale() is True
    assert (tree / "src" / "entrepot" / "ui" / "index.html").is_file()
    assert Page(tree).is_current()


@pytest.mark.usefixtures("without_node")
def test_build_without_any_node_says_what_is_needed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "_wheel_npm", lambda: None)
    with pytest.raises(SystemExit, match=r"needs Node\.js 20\.19 or newer"):
        Page(tree).build_if_stale()


def test_failed_build_says_why_and_leaves_the_page_stale(tree: Path) -> None:
    (tree / "web" / "src" / "main.tsx").write_text("this is no program")
    with pytest.raises(SystemExit, match=r"main\.tsx"):
        Page(tree).build_if_stale()
    assert not Page(tree).is_current()


def test_wheel_carries_the_page_and_installs_without_node(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    hatchling = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(hatchling, cwd=ROOT, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    request.getfixturevalue("without_node")
    target = tmp_path / "installed"
    install = ["install", "--no-deps", "--no-index", "--quiet", "--target", str(target), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, env=dict(os.environ))
    names = {path.name for path in (target / "entrepot" / "ui").iterdir()}
    assert {"index.html", "swagger.html", "redoc.html", "licenses.md"} <= names
    assert not any("node_modules" in name for name in zipfile.ZipFile(wheel).namelist())


def test_lock_of_the_modules_names_no_address() -> None:
    assert "://" not in (ROOT / "web" / ".npmrc").read_text()
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text()
