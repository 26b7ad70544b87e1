"""The house rules that a program can see."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
REGISTRY = re.compile("py" + r"pi\.org|python" + r"hosted\.org|registry\.npm" + "js")
FORBIDDEN_NAMES = {
    "utils.py",
    "util.py",
    "helpers.py",
    "common.py",
    "manager.py",
    "service_base.py",
    "misc.py",
}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_the_house_rules(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400, "find the second noun"
    assert path.name not in FORBIDDEN_NAMES
    assert not re.search(r"\bTODO\b|\bFIXME\b|NotImplementedError|except Exception:\s*pass", text)
    assert path.name == "__init__.py" or ast.get_docstring(ast.parse(text)), "say what lives here"
    too_long = [node.name for node in _functions(path) if (node.end_lineno or 0) - node.lineno + 1 > 60]
    assert not too_long


def test_no_file_names_a_package_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    named = [
        name
        for name in listed
        if name and (ROOT / name).is_file() and REGISTRY.search((ROOT / name).read_text(errors="replace"))
    ]
    assert not named
