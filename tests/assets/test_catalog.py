"""Assets as the house sees them: each owner's own, swept when nothing refers to them, mended after any crash."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from entrepot.assets.schema import blobs, library_links, versions
from entrepot.errors import AssetNotFound, FilesExpired
from tests.assets.shelf import Shelf, on_shelf

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def make_old(shelf: Shelf, sha256: str) -> None:
    two_hours_ago = time.time() - 7200
    os.utime(shelf.store.path(sha256), (two_hours_ago, two_hours_ago))


def test_an_owner_finds_its_asset_by_id_and_by_number(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        assert await shelf.assets.find(asset.id, "ann") == asset
        assert await shelf.assets.find_by_number(asset.file_id, "ann") == asset
        assert await shelf.assets.find_readable(asset.id, "ann") == asset

    on_shelf(tmp_path, work)


def test_anothers_asset_is_as_unknown_as_one_that_is_not_there(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        said = []
        for asset_id, number in ((asset.id, asset.file_id), (UNKNOWN, 999)):
            for question in (
                shelf.assets.find(asset_id, "bob"),
                shelf.assets.find_readable(asset_id, "bob"),
                shelf.assets.find_by_number(number, "bob"),
                shelf.assets.delete(asset_id, "bob"),
            ):
                with pytest.raises(AssetNotFound) as caught:
                    await question
                said.append(caught.value.as_dict())
        assert all(one == said[0] for one in said)
        assert await shelf.assets.find(asset.id, "ann") == asset

    on_shelf(tmp_path, work)


def test_a_list_is_of_ones_own_newest_first(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        mine = [await shelf.put(b"%d" % number, f"{number}.txt") for number in range(3)]
        await shelf.put(b"other", owner="bob")
        assert await shelf.assets.list("ann", limit=10) == mine[::-1]

    on_shelf(tmp_path, work)


def test_a_list_goes_on_before_a_number(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        mine = [await shelf.put(b"%d" % number, f"{number}.txt") for number in range(3)]
        first = await shelf.assets.list("ann", limit=2)
        rest = await shelf.assets.list("ann", limit=2, before=first[-1].file_id)
        assert [*first, *rest] == mine[::-1]

    on_shelf(tmp_path, work)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("TALK", ["talk.mp4"]),
        ("example.com", ["100%.txt", "talk.mp4"]),
        ("100%", ["100%.txt"]),
        ("_", []),
        ("nothing like it", []),
    ],
)
def test_a_search_is_for_plain_text_in_name_and_source(tmp_path: Path, q: str, found: list[str]) -> None:
    async def work(shelf: Shelf) -> None:
        await shelf.put(b"one", "talk.mp4")
        await shelf.put(b"two", "100%.txt")
        names = [asset.filename for asset in await shelf.assets.list("ann", limit=10, q=q)]
        assert names == found

    on_shelf(tmp_path, work)


def test_an_asset_is_opened_for_reading(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        with await shelf.assets.open(asset) as file:
            assert file.read() == b"one"

    on_shelf(tmp_path, work)


def test_an_asset_whose_bytes_are_lost_has_expired(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        shelf.store.delete(asset.version.sha256)
        with pytest.raises(FilesExpired):
            await shelf.assets.open(asset)

    on_shelf(tmp_path, work)


def test_a_deleted_asset_leaves_nothing_but_a_blob_for_the_sweep(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.assets.delete(asset.id, "ann")
        with pytest.raises(AssetNotFound):
            await shelf.assets.find(asset.id, "ann")
        assert shelf.linked() == {}
        assert [await shelf.rows(table) for table in (versions, library_links)] == [0, 0]
        assert shelf.store.exists(asset.version.sha256)

    on_shelf(tmp_path, work)


def test_a_number_never_comes_back(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.assets.delete(asset.id, "ann")
        assert (await shelf.put(b"two")).file_id > asset.file_id

    on_shelf(tmp_path, work)


def test_a_sweep_removes_what_nothing_refers_to_after_its_grace(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.assets.delete(asset.id, "ann")
        make_old(shelf, asset.version.sha256)
        assert await shelf.assets.sweep(3600) == 1
        assert not shelf.store.exists(asset.version.sha256)
        assert await shelf.rows(blobs) == 0

    on_shelf(tmp_path, work)


def test_a_sweep_spares_what_is_young(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        fresh = shelf.stored(b"a job has just stored this")
        assert await shelf.assets.sweep(3600) == 0
        assert shelf.store.exists(fresh.sha256)

    on_shelf(tmp_path, work)


def test_a_sweep_spares_every_version(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        hashes = [(await shelf.publish(shelf.stored(content)))[0].sha256 for content in (b"one", b"two")]
        for sha256 in hashes:
            make_old(shelf, sha256)
        assert await shelf.assets.sweep(3600) == 0
        assert all(shelf.store.exists(sha256) for sha256 in hashes)

    on_shelf(tmp_path, work)


def test_a_sweep_spares_what_two_assets_share_until_both_have_gone(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        one, two = await shelf.put(b"same", "a.txt"), await shelf.put(b"same", "b.txt", owner="bob")
        await shelf.assets.delete(one.id, "ann")
        make_old(shelf, one.version.sha256)
        assert await shelf.assets.sweep(3600) == 0
        await shelf.assets.delete(two.id, "bob")
        assert await shelf.assets.sweep(3600) == 1

    on_shelf(tmp_path, work)


def test_a_sweep_takes_blobs_that_no_row_knows(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        orphan = shelf.stored(b"its job was killed before the commit")
        make_old(shelf, orphan.sha256)
        assert await shelf.assets.sweep(3600) == 1
        assert not shelf.store.exists(orphan.sha256)

    on_shelf(tmp_path, work)


def test_publishing_restarts_the_grace_of_an_old_blob(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        file = shelf.stored(b"stored long before its job ended")
        make_old(shelf, file.sha256)
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

        def publish_slowly(connection: Connection) -> None:
            shelf.assets.record(connection, owner="ann", source_key=None, source_url=None, files=[file])
            assert not shelf.store.discard(file.sha256, idle_since=an_hour_ago)  # the commit is still to come

        await shelf.database.write(publish_slowly)

    on_shelf(tmp_path, work)


def test_a_library_path_that_is_still_to_be_removed_keeps_its_blob(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.database.write(
            lambda connection: connection.execute(library_links.update().values(asset_id=None))
        )
        make_old(shelf, asset.version.sha256)
        assert await shelf.assets.sweep(3600) == 0

    on_shelf(tmp_path, work)


def test_a_crash_between_commit_and_link_is_mended_at_start(tmp_path: Path) -> None:
    async def record_only(shelf: Shelf) -> None:
        await shelf.record(shelf.stored(b"one"))
        assert shelf.linked() == {}

    async def repair(shelf: Shelf) -> None:
        await shelf.assets.repair()
        assert shelf.linked() == {"files/a.txt": b"one"}

    on_shelf(tmp_path, record_only)
    on_shelf(tmp_path, repair)


def test_a_crash_before_a_new_version_is_linked_is_mended_at_start(tmp_path: Path) -> None:
    async def record_only(shelf: Shelf) -> None:
        await shelf.publish(shelf.stored(b"one"))
        await shelf.record(shelf.stored(b"two"))
        assert shelf.linked() == {"files/a.txt": b"one"}

    async def repair(shelf: Shelf) -> None:
        await shelf.assets.repair()
        assert shelf.linked() == {"files/a.txt": b"two"}

    on_shelf(tmp_path, record_only)
    on_shelf(tmp_path, repair)


def test_a_crash_before_a_deleted_assets_link_is_removed_is_mended_at_start(tmp_path: Path) -> None:
    async def delete_only(shelf: Shelf) -> None:
        asset = await shelf.put(b"one")
        await shelf.database.write(
            lambda connection: connection.execute(
                library_links.update().where(library_links.c.asset_id == asset.id).values(asset_id=None)
            )
        )

    async def repair(shelf: Shelf) -> None:
        await shelf.assets.repair()
        assert shelf.linked() == {}
        assert await shelf.rows(library_links) == 0

    on_shelf(tmp_path, delete_only)
    on_shelf(tmp_path, repair)


def test_a_version_that_never_reached_the_library_goes_with_its_asset(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        [first] = await shelf.publish(shelf.stored(b"one"))
        await shelf.record(shelf.stored(b"two"))
        assert shelf.linked() == {"files/a.txt": b"one"}
        await shelf.assets.delete(first.asset_id, "ann")
        assert shelf.linked() == {}

    on_shelf(tmp_path, work)


def test_repair_goes_through_more_links_than_one_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(shelf: Shelf) -> None:
        for number in range(7):
            await shelf.record(shelf.stored(b"%d" % number, f"{number}.txt"), source_key=None)
        await shelf.assets.repair()
        assert len(shelf.linked()) == 7

    monkeypatch.setattr("entrepot.assets.catalog._BATCH", 3)
    on_shelf(tmp_path, work)


def test_a_file_that_somebody_put_there_stays_and_the_link_moves(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        (shelf.library / "files").mkdir(parents=True)
        (shelf.library / "files" / "a.txt").write_bytes(b"not ours")
        asset = await shelf.put(b"one")
        assert (await shelf.assets.find(asset.id, "ann")).path == "files/a (2).txt"
        assert shelf.linked() == {"files/a.txt": b"not ours", "files/a (2).txt": b"one"}

    on_shelf(tmp_path, work)


def test_a_library_that_cannot_be_written_holds_up_nothing(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        shelf.library.write_bytes(b"a file where the folder should be")
        asset = await shelf.put(b"one")
        with await shelf.assets.open(asset) as file:
            assert file.read() == b"one"
        shelf.library.unlink()
        await shelf.assets.repair()
        assert shelf.linked() == {"files/a.txt": b"one"}

    on_shelf(tmp_path, work)


def test_a_link_gives_up_when_every_name_is_taken(tmp_path: Path) -> None:
    async def work(shelf: Shelf) -> None:
        folder = shelf.library / "files"
        folder.mkdir(parents=True)
        for number in range(1, 25):
            (folder / ("a.txt" if number == 1 else f"a ({number}).txt")).write_bytes(b"not ours")
        asset = await shelf.put(b"one")
        assert (await shelf.assets.find(asset.id, "ann")).version.size_bytes == 3
        assert len(shelf.linked()) == 24

    on_shelf(tmp_path, work)
