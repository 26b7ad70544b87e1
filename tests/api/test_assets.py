"""Assets over real HTTP: seen by their owner alone, listed in pages, thrown away."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.assets.served import Served, serving
from tests.assets.shelf import Shelf

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture
def served(door: Served) -> Served:
    """The application with nothing kept."""

    async def clear(shelf: Shelf) -> None:
        for owner in ("local", "bob"):
            for asset in await shelf.assets.list(owner, limit=200):
                await shelf.assets.delete(asset.id, owner)

    door.on_shelf(clear)
    return door


def listed(served: Served, **query: Any) -> dict[str, Any]:
    response = served.http.get("/assets", params=query)
    assert response.status_code == 200, response.text
    return dict(response.json())


def names(served: Served, **query: Any) -> list[str]:
    return [item["filename"] for item in listed(served, **query)["items"]]


def test_an_asset_tells_what_it_is(served: Served) -> None:
    asset = served.put(b"0123", "talk.mp4", content_type="video/mp4")
    found = served.http.get(f"/assets/{asset.id}").json()
    sha256 = asset.version.sha256
    assert found.pop("created_at") == asset.created_at.isoformat().replace("+00:00", "Z")
    assert found.pop("updated_at").endswith("Z")
    assert found == {
        "id": asset.id,
        "file_id": asset.file_id,
        "filename": "talk.mp4",
        "etag": f'"{sha256}"',
        "sha256": sha256,
        "size": 4,
        "content_type": "video/mp4",
        "is_public": False,
        "version_id": asset.version.id,
        "version_number": 1,
        "source_url": "http://example.com/a",
        "path": "files/talk.mp4",
        "download_url": f"/assets/{asset.id}/download",
    }


def test_what_is_told_is_what_a_download_bears(served: Served) -> None:
    asset = served.put(b"0123")
    told = served.http.get(f"/assets/{asset.id}").json()
    given = served.http.get(told["download_url"])
    assert (given.headers["etag"], int(given.headers["content-length"])) == (told["etag"], told["size"])


def test_a_list_is_of_ones_own_newest_first(served: Served) -> None:
    for name in ("one", "two", "three"):
        served.put(name.encode(), name)
    served.put(b"theirs", "theirs", owner="bob")
    assert names(served) == ["three", "two", "one"]


def test_a_list_comes_in_pages(served: Served) -> None:
    for name in ("one", "two", "three"):
        served.put(name.encode(), name)
    first = listed(served, limit=2)
    second = listed(served, limit=2, cursor=first["next_cursor"])
    pages = [[item["filename"] for item in page["items"]] for page in (first, second)]
    assert pages == [["three", "two"], ["one"]]
    assert second["next_cursor"] is None


def test_the_last_full_page_is_the_last(served: Served) -> None:
    served.put(b"one", "one")
    assert listed(served, limit=1)["next_cursor"] is None


def test_a_page_goes_on_where_its_last_asset_has_gone(served: Served) -> None:
    for name in ("one", "two"):
        served.put(name.encode(), name)
    first = listed(served, limit=1)
    assert served.http.delete(f"/assets/{first['items'][0]['id']}").status_code == 204
    assert names(served, cursor=first["next_cursor"]) == ["one"]


def test_an_empty_list_is_a_list(served: Served) -> None:
    assert listed(served) == {"items": [], "next_cursor": None}


def test_a_list_can_be_searched(served: Served) -> None:
    for name in ("Talk.mp4", "notes.txt"):
        served.put(name.encode(), name)
    assert names(served, q="talk") == ["Talk.mp4"]
    assert names(served, q="%") == []


@pytest.mark.parametrize("cursor", ["x", "-1", "0", "1.5", "", "9" * 19, "1 or 1=1", "١"])
def test_a_cursor_that_no_list_gave_is_refused(served: Served, cursor: str) -> None:
    response = served.http.get("/assets", params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (400, "bad-request")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten"])
def test_a_limit_beyond_its_bounds_is_refused(served: Served, limit: str) -> None:
    response = served.http.get("/assets", params={"limit": limit})
    assert (response.status_code, response.json()["code"]) == (422, "validation-failed")
    assert response.json()["errors"][0]["location"] == "query.limit"


def test_a_deleted_asset_is_gone_at_every_door(served: Served) -> None:
    asset = served.put(b"0123")
    answer = served.http.delete(f"/assets/{asset.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method, path in (("GET", ""), ("GET", "/download"), ("HEAD", "/download"), ("DELETE", "")):
        assert served.http.request(method, f"/assets/{asset.id}{path}").status_code == 404
    assert names(served) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_anothers_asset_is_answered_as_one_that_is_not_there(served: Served, method: str) -> None:
    theirs = served.put(b"secret", owner="bob")
    answers = [served.http.request(method, f"/assets/{asset_id}") for asset_id in (theirs.id, UNKNOWN)]
    assert [answer.status_code for answer in answers] == [404, 404]
    own = ("instance", "correlation_id")
    bodies = [{key: value for key, value in answer.json().items() if key not in own} for answer in answers]
    assert bodies[0] == bodies[1]
    assert served.on_shelf(lambda shelf: shelf.assets.find(theirs.id, "bob")) == theirs


def test_other_methods_are_not_allowed(served: Served) -> None:
    asset = served.put(b"0123")
    response = served.http.put(f"/assets/{asset.id}", json={})
    assert (response.status_code, response.json()["code"]) == (405, "method-not-allowed")
    assert response.headers["allow"]
