"""`keep=true`: an answer turned into an asset, and what has changed into its next version, with the difference."""

from typing import Any

import httpx2
import pytest

from tests.content.reading import ARTICLE
from tests.origin.site import Site


def _read(http: httpx2.Client, url: str, **query: Any) -> httpx2.Response:
    response = http.get("/api/v1/content", params={"url": url, "format": "markdown", "max_age": 0, **query})
    assert response.status_code == 200, response.text
    return response


def _publish(origin: Site, path: str, word: str) -> str:
    return origin.publish(
        path,
        f"<title>Kept</title><main><h1>Kept</h1>{ARTICLE}<p>The word of today is {word}, they said at noon.</p></main>",
    )


def _keep_three(http: httpx2.Client, origin: Site, path: str) -> str:
    """An asset with three versions; gives its id."""
    kept = [_read(http, _publish(origin, path, word), keep="true") for word in ("one", "two", "three")]
    return kept[-1].headers["entrepot-asset"]


def test_answer_is_kept_as_an_asset(http: httpx2.Client, origin: Site) -> None:
    answer = _read(http, _publish(origin, "/keep/once", "crane"), keep="true")
    asset = http.get(f"/assets/{answer.headers['entrepot-asset']}").json()
    assert (asset["filename"], asset["content_type"]) == ("Kept.md", "text/markdown; charset=utf-8")
    assert asset["path"].startswith("pages/Kept")
    assert http.get(asset["download_url"]).content == answer.content
    assert answer.headers["entrepot-version"] == "1"


@pytest.mark.parametrize("format_", ["markdown", "json", "text", "html", "raw"])
def test_same_content_makes_no_new_version(format_: str, http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, f"/keep/same/{format_}", "crane")
    first = _read(http, url, keep="true", format=format_)
    second = _read(http, url, keep="true", format=format_)
    assert first.headers["entrepot-asset"] == second.headers["entrepot-asset"]
    assert second.headers["entrepot-version"] == "1"


def test_changed_page_is_a_new_version_with_a_difference(http: httpx2.Client, origin: Site) -> None:
    first = _read(http, _publish(origin, "/keep/changed", "crane"), keep="true")
    second = _read(http, _publish(origin, "/keep/changed", "rope"), keep="true")
    assert first.headers["entrepot-asset"] == second.headers["entrepot-asset"]
    assert second.headers["entrepot-version"] == "2"
    difference = http.get(second.headers["entrepot-difference"])
    assert difference.headers["content-type"] == "text/x-diff; charset=utf-8"
    changed = [line for line in difference.text.splitlines() if line[:1] in "+-" and "today" in line]
    assert [line[0] for line in changed] == ["-", "+"]
    assert "crane" in changed[0]
    assert "rope" in changed[1]


def test_versions_are_listed_newest_first(http: httpx2.Client, origin: Site) -> None:
    asset_id = _keep_three(http, origin, "/keep/list")
    page = http.get(f"/assets/{asset_id}/versions", params={"limit": 2}).json()
    assert [item["version_number"] for item in page["items"]] == [3, 2]
    rest = http.get(f"/assets/{asset_id}/versions", params={"cursor": page["next_cursor"]}).json()
    assert [item["version_number"] for item in rest["items"]] == [1]
    assert rest["next_cursor"] is None


def test_difference_names_its_versions(http: httpx2.Client, origin: Site) -> None:
    asset_id = _keep_three(http, origin, "/keep/named")
    difference = http.get(f"/assets/{asset_id}/diff", params={"from": 1, "to": 3}).text
    assert difference.startswith("--- version 1\n+++ version 3\n")
    assert http.get(f"/assets/{asset_id}/diff", params={"from": 2, "to": 2}).text == ""


def test_difference_is_not_sent_again(http: httpx2.Client, origin: Site) -> None:
    asset_id = _read(http, _publish(origin, "/keep/tag", "one"), keep="true").headers["entrepot-asset"]
    tag = http.get(f"/assets/{asset_id}/diff").headers["etag"]
    assert http.get(f"/assets/{asset_id}/diff", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"to": "9"}, 404, "asset-not-found"),
        ({"from": "9"}, 404, "asset-not-found"),
        ({"from": "0"}, 422, "validation-failed"),
        ({"to": "x"}, 422, "validation-failed"),
    ],
)
def test_versions_that_are_not_there_are_told(
    query: dict[str, str], status: int, code: str, http: httpx2.Client, origin: Site
) -> None:
    asset_id = _read(http, _publish(origin, "/keep/wrong", "one"), keep="true").headers["entrepot-asset"]
    response = http.get(f"/assets/{asset_id}/diff", params=query)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["versions", "diff"])
def test_unknown_asset_is_told(path: str, http: httpx2.Client) -> None:
    response = http.get(f"/assets/0b7f6f0e-5f0c-4a57-9d0a-0c6a3c1f8f3e/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "asset-not-found")


def test_only_texts_are_compared(http: httpx2.Client, origin: Site) -> None:
    asset_id = _read(http, origin.url("/files/360p.webm"), keep="true", format="raw").headers[
        "entrepot-asset"
    ]
    response = http.get(f"/assets/{asset_id}/diff")
    assert (response.status_code, response.json()["code"]) == (422, "not-comparable")


def test_another_sites_page_keeps_nothing(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/keep/foreign", "one")
    response = http.get(
        "/api/v1/content", params={"url": url, "keep": "true"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (response.status_code, response.json()["code"]) == (403, "cross-site-request")


def test_head_keeps_nothing(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/keep/head", "one")
    response = http.head("/api/v1/content", params={"url": url, "keep": "true", "format": "text"})
    assert response.status_code == 200
    assert "entrepot-asset" not in response.headers
