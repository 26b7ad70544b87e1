"""The page's files: their types, how long they are kept, and what is no file of the page."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from entrepot.api import problems
from entrepot.api.page import POLICY, page_router

FILES = {
    "index.html": "text/html; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
    "licenses.md": "text/markdown; charset=utf-8",
    "ui/index-abc_1.css": "text/css; charset=utf-8",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "built"
    (built / "ui").mkdir(parents=True)
    for name in FILES:
        (built / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    return built


@pytest.fixture
def client(folder: Path) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(page_router(folder))
    return TestClient(app)


@pytest.mark.parametrize("name", FILES)
def test_file_has_its_own_type_and_the_policy(name: str, client: TestClient) -> None:
    answer = client.get(f"/{name}")
    assert (answer.text, answer.headers["Content-Type"]) == (name, FILES[name])
    assert answer.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "no-cache"),
        ("/theme.js", "no-cache"),
        ("/ui/index-abc_1.css", "public, max-age=31536000, immutable"),
    ],
)
def test_only_files_with_hashed_names_are_kept_unasked(path: str, kept: str, client: TestClient) -> None:
    assert client.head(path).headers["Cache-Control"] == kept


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js", "/ui", "/ui/", "/ui/nothing.js", "/ui/..%2findex.html", "/..%2fsecret",
        "/%2e%2e%2fsecret", "/%00", "/index.html%00", "/" + "a" * 5000, "/ui/" + "a" * 300,
    ],
)  # fmt: skip
def test_address_of_no_file_is_not_found(path: str, client: TestClient) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_page_that_was_not_built_says_how_to_build_it(client: TestClient, folder: Path) -> None:
    (folder / "index.html").unlink()
    answer = client.get("/")
    assert (answer.status_code, "make ui" in answer.text) == (503, True)
