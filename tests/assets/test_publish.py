"""What a job's files become: the same bytes once, a new version only when the bytes changed, each owner for itself."""

from pathlib import Path

import pytest

from entrepot.assets.schema import assets, blobs, library_links, versions
from entrepot.errors import AppError, OutOfOrder
from tests.assets.shelf import Shelf, Stored, on_shelf

ABSENT = "0" * 64


def test_a_file_becomes_the_first_version_of_an_asset(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [published] = await shelf.publish(shelf.stored(b"one"))
        asset = await shelf.assets.find(published.asset_id, "ann")
        assert (published.version_number, published.is_new_version) == (1, True)
        assert (asset.filename, asset.content_type, asset.owner) == ("a.txt", "text/plain", "ann")
        assert asset.source_url == "http://example.com/a"
        assert (asset.version.sha256, asset.version.size_bytes) == (published.sha256, 3)
        assert asset.path == published.path == "files/a.txt"
        assert not asset.is_public

    on_shelf(tmp_path, work)


def test_the_same_bytes_again_make_no_new_version(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [first] = await shelf.publish(shelf.stored(b"one"))
        [second] = await shelf.publish(shelf.stored(b"one"))
        assert (second.asset_id, second.version_id) == (first.asset_id, first.version_id)
        assert (second.version_number, second.is_new_version) == (1, False)
        assert await shelf.rows(versions) == 1

    on_shelf(tmp_path, work)


def test_changed_bytes_make_the_next_version(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [first] = await shelf.publish(shelf.stored(b"one"))
        [second] = await shelf.publish(shelf.stored(b"two"))
        assert second.asset_id == first.asset_id
        assert (second.version_number, second.is_new_version) == (2, True)
        assert (await shelf.assets.find(first.asset_id, "ann")).version.sha256 == second.sha256

    on_shelf(tmp_path, work)


def test_bytes_that_come_back_make_a_version_of_their_own(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        numbers = [
            (await shelf.publish(shelf.stored(content)))[0].version_number
            for content in (b"one", b"two", b"one")
        ]
        assert numbers == [1, 2, 3]
        assert await shelf.rows(blobs) == 2

    on_shelf(tmp_path, work)


def test_the_same_bytes_of_two_sources_are_one_blob(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [one] = await shelf.publish(shelf.stored(b"same", "a.txt"), source_key="one")
        [two] = await shelf.publish(shelf.stored(b"same", "b.txt"), source_key="two")
        assert one.asset_id != two.asset_id
        assert await shelf.rows(blobs) == 1

    on_shelf(tmp_path, work)


def test_without_a_source_every_file_is_an_asset_of_its_own(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [one] = await shelf.publish(shelf.stored(b"same"), source_key=None)
        [two] = await shelf.publish(shelf.stored(b"same"), source_key=None)
        assert one.asset_id != two.asset_id
        assert two.file_id > one.file_id

    on_shelf(tmp_path, work)


def test_owners_do_not_share_assets(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [anns] = await shelf.publish(shelf.stored(b"one"), owner="ann")
        [bobs] = await shelf.publish(shelf.stored(b"two"), owner="bob")
        assert anns.asset_id != bobs.asset_id
        assert (await shelf.assets.find(anns.asset_id, "ann")).version.sha256 == anns.sha256

    on_shelf(tmp_path, work)


def test_the_files_of_one_source_are_told_apart_by_role_and_count(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        def files(*contents: bytes) -> list[Stored]:
            names = [("film.mp4", "main"), ("en.vtt", "subtitles"), ("de.vtt", "subtitles")]
            return [
                shelf.stored(content, name, role=role)
                for content, (name, role) in zip(contents, names, strict=True)
            ]

        first = await shelf.publish(*files(b"film", b"hello", b"hallo"))
        second = await shelf.publish(*files(b"film", b"hello", b"guten tag"))
        assert [file.role for file in second] == ["main", "subtitles", "subtitles"]
        assert [file.asset_id for file in first] == [file.asset_id for file in second]
        assert len({file.asset_id for file in first}) == 3
        assert [file.is_new_version for file in second] == [False, False, True]

    on_shelf(tmp_path, work)


def test_an_asset_bears_the_latest_name_and_type_while_the_bytes_stay(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [first] = await shelf.publish(shelf.stored(b"one"))
        before = await shelf.assets.find(first.asset_id, "ann")
        await shelf.publish(shelf.stored(b"one", "better.md", content_type="text/markdown"))
        after = await shelf.assets.find(first.asset_id, "ann")
        assert (after.filename, after.content_type) == ("better.md", "text/markdown")
        assert after.version == before.version

    on_shelf(tmp_path, work)


def test_an_asset_that_did_not_change_keeps_its_date(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [first] = await shelf.publish(shelf.stored(b"one"))
        before = await shelf.assets.find(first.asset_id, "ann")
        await shelf.publish(shelf.stored(b"one"))
        assert await shelf.assets.find(first.asset_id, "ann") == before

    on_shelf(tmp_path, work)


@pytest.mark.parametrize("name", ["../../escape.txt", "a\r\nb.txt", "\u202etxt.exe", "", "x" * 999])
def test_a_hostile_name_is_cleaned_before_it_is_kept(tmp_path: Path, name: str) -> None:
    async def work(shelf: Shelf) -> None:
        [published] = await shelf.publish(shelf.stored(b"one", name))
        asset = await shelf.assets.find(published.asset_id, "ann")
        assert asset.filename == published.name
        assert "/" not in asset.filename
        assert asset.filename.isprintable()
        assert 1 <= len(asset.filename.encode()) <= 255
        assert list(shelf.linked().values()) == [b"one"]

    data = tmp_path / "inner" / "data"
    on_shelf(data, work)
    outside = [path for path in tmp_path.rglob("*") if not path.is_dir() and not path.is_relative_to(data)]
    assert outside == []


def test_places_that_clash_get_numbers(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        for content in (b"one", b"two", b"three"):
            await shelf.put(content)
        assert shelf.linked() == {
            "files/a.txt": b"one",
            "files/a (2).txt": b"two",
            "files/a (3).txt": b"three",
        }

    on_shelf(tmp_path, work)


def test_a_name_with_a_number_of_its_own_is_not_overrun(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        await shelf.put(b"numbered", "a (2).txt")
        await shelf.put(b"one")
        await shelf.put(b"two")
        assert shelf.linked() == {
            "files/a (2).txt": b"numbered",
            "files/a.txt": b"one",
            "files/a (3).txt": b"two",
        }

    on_shelf(tmp_path, work)


def test_a_file_is_not_put_where_a_folder_is(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        await shelf.put(b"inner", library_path="show/one.mp4")
        await shelf.put(b"outer", library_path="show")
        assert shelf.linked() == {"show/one.mp4": b"inner", "show (2)": b"outer"}

    on_shelf(tmp_path, work)


def test_a_freed_place_can_be_taken_again(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.assets.delete(asset.id, "ann")
        await shelf.put(b"two")
        assert shelf.linked() == {"files/a.txt": b"two"}

    on_shelf(tmp_path, work)


def test_an_asset_moves_when_another_place_is_wanted(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        await shelf.publish(shelf.stored(b"one", "old.txt"))
        await shelf.publish(shelf.stored(b"two", "new.txt"))
        assert shelf.linked() == {"files/new.txt": b"two"}

    on_shelf(tmp_path, work)


def test_an_asset_leaves_the_library_when_no_place_is_wanted(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        await shelf.publish(shelf.stored(b"one"))
        [published] = await shelf.publish(shelf.stored(b"one", library_path=None))
        assert published.path is None
        assert shelf.linked() == {}
        assert await shelf.rows(library_links) == 0

    on_shelf(tmp_path, work)


def test_a_file_whose_blob_has_gone_is_not_published(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        kept = shelf.stored(b"one")
        with pytest.raises(OutOfOrder):
            await shelf.record(kept, Stored("gone.txt", ABSENT, 4))
        assert [await shelf.rows(table) for table in (assets, versions, blobs, library_links)] == [0, 0, 0, 0]

    on_shelf(tmp_path, work)


def test_a_job_that_ends_otherwise_takes_its_files_back(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        file = shelf.stored(b"one")

        def publish_then_fail(connection: object) -> None:
            shelf.assets.record(connection, owner="ann", source_key="s", source_url=None, files=[file])  # type: ignore[arg-type]  # it is one
            raise AppError("another worker has the job by now")

        with pytest.raises(AppError):
            await shelf.database.write(publish_then_fail)
        assert [await shelf.rows(table) for table in (assets, versions, blobs, library_links)] == [0, 0, 0, 0]

    on_shelf(tmp_path, work)
