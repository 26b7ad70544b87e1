"""The library's links: to the very blob, never out of the folder, never over what somebody else put there."""

import io
import os
from pathlib import Path

import pytest

from entrepot.assets.library import Library, PlaceTaken
from entrepot.assets.names import clean_path
from entrepot.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "data")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library"


@pytest.fixture
def library(root: Path, store: LocalStore) -> Library:
    return Library(root, store)


@pytest.fixture
def one(store: LocalStore) -> str:
    return store.write(io.BytesIO(b"one")).sha256


@pytest.fixture
def two(store: LocalStore) -> str:
    return store.write(io.BytesIO(b"two")).sha256


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_a_place_is_the_blob_itself_under_another_name(
    library: Library, root: Path, store: LocalStore, one: str
) -> None:
    library.place("videos/2026/talk.mp4", one)
    assert (root / "videos" / "2026" / "talk.mp4").samefile(store.path(one))
    assert not (root / "videos" / "2026" / "talk.mp4").is_symlink()


def test_placing_again_changes_nothing(library: Library, root: Path, one: str) -> None:
    library.place("a.txt", one)
    before = (root / "a.txt").stat()
    library.place("a.txt", one)
    assert (root / "a.txt").stat() == before
    assert files_under(root) == ["a.txt"]


def test_an_earlier_version_is_replaced(library: Library, root: Path, one: str, two: str) -> None:
    library.place("a.txt", one)
    library.place("a.txt", two, replacing=[one])
    assert (root / "a.txt").read_bytes() == b"two"
    assert files_under(root) == ["a.txt"]


def test_what_a_killed_replacement_left_does_not_hinder_the_next(
    library: Library, root: Path, one: str, two: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    library.place("a.txt", one)
    monkeypatch.setattr(os, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        library.place("a.txt", two, replacing=[one])
    monkeypatch.undo()
    assert len(files_under(root)) == 2
    library.place("a.txt", two, replacing=[one])
    assert files_under(root) == ["a.txt"]
    assert (root / "a.txt").read_bytes() == b"two"


def test_another_assets_blob_is_not_replaced(library: Library, root: Path, one: str, two: str) -> None:
    library.place("a.txt", one)
    with pytest.raises(PlaceTaken):
        library.place("a.txt", two)
    assert (root / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize("kind", ["file", "folder", "symlink", "dangling symlink", "pipe"])
def test_what_somebody_put_there_is_neither_replaced_nor_removed(
    library: Library, root: Path, tmp_path: Path, one: str, kind: str
) -> None:
    root.mkdir(parents=True)
    place = root / "a.txt"
    match kind:
        case "file":
            place.write_bytes(b"one")
        case "folder":
            place.mkdir()
        case "symlink":
            (tmp_path / "outside").write_bytes(b"outside")
            place.symlink_to(tmp_path / "outside")
        case "dangling symlink":
            place.symlink_to(tmp_path / "nothing")
        case _:
            os.mkfifo(place)
    before = place.lstat()
    with pytest.raises(PlaceTaken):
        library.place("a.txt", one, replacing=["0" * 64])
    library.remove("a.txt", [one])
    assert place.lstat() == before
    assert kind != "symlink" or (tmp_path / "outside").read_bytes() == b"outside"


@pytest.fixture
def planted(root: Path, tmp_path: Path) -> Path:
    """A folder outside, which a symbolic link in the library leads to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "videos").mkdir(parents=True)
    (root / "videos" / "trap").symlink_to(outside)
    return outside


def test_a_symbolic_link_on_the_way_is_not_followed_to_place(
    library: Library, planted: Path, one: str
) -> None:
    with pytest.raises(NotADirectoryError):
        library.place("videos/trap/a.txt", one)
    assert list(planted.iterdir()) == []


def test_a_symbolic_link_on_the_way_is_not_followed_to_remove(
    library: Library, planted: Path, store: LocalStore, one: str
) -> None:
    os.link(store.path(one), planted / "a.txt")
    with pytest.raises(NotADirectoryError):
        library.remove("videos/trap/a.txt", [one])
    assert (planted / "a.txt").exists()


def test_the_library_itself_may_be_a_symbolic_link(
    library: Library, root: Path, tmp_path: Path, one: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root.parent.mkdir(exist_ok=True)
    root.symlink_to(elsewhere)
    library.place("a.txt", one)
    assert (elsewhere / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize(
    "name",
    [
        "../../../escape",
        "/escape",
        "a/../../escape",
        "..\\escape",
        "~/escape",
        "\x00/../escape",
        "./../escape",
        "..",
    ],
)
def test_no_name_leads_out_of_the_library(
    library: Library, root: Path, tmp_path: Path, one: str, name: str
) -> None:
    library.place(clean_path(name), one)
    assert len(files_under(root)) == 1
    assert not [path for path in tmp_path.rglob("*escape*") if not path.is_relative_to(root)]


def test_the_longest_clean_path_can_be_placed(library: Library, root: Path, one: str) -> None:
    path = clean_path("/".join(["ü" * 200] * 20))
    library.place(path, one)
    assert (root / path).read_bytes() == b"one"


def test_removing_takes_the_folders_that_it_empties(library: Library, root: Path, one: str, two: str) -> None:
    library.place("videos/2026/a.txt", one)
    library.place("videos/b.txt", two)
    library.remove("videos/2026/a.txt", [one])
    assert files_under(root) == ["videos/b.txt"]
    assert not (root / "videos" / "2026").exists()
    library.remove("videos/b.txt", [two])
    assert list(root.iterdir()) == []


def test_removing_spares_folders_that_others_use(library: Library, root: Path, one: str) -> None:
    library.place("videos/a.txt", one)
    (root / "videos" / "mine.txt").write_bytes(b"not ours")
    library.remove("videos/a.txt", [one])
    assert files_under(root) == ["videos/mine.txt"]


@pytest.mark.parametrize("path", ["a.txt", "no/such/folder/a.txt"])
def test_removing_what_is_not_there_is_no_error(library: Library, root: Path, one: str, path: str) -> None:
    root.mkdir(parents=True)
    library.remove(path, [one])
    assert list(root.iterdir()) == []


def test_removing_a_place_leaves_the_blob(library: Library, store: LocalStore, one: str) -> None:
    library.place("a.txt", one)
    library.remove("a.txt", [one])
    assert store.exists(one)


@pytest.mark.usefixtures("no_hard_links")
def test_where_nothing_can_be_linked_a_symbolic_link_leads_to_the_blob(
    library: Library, root: Path, store: LocalStore, one: str
) -> None:
    library.place("a.txt", one)
    library.place("a.txt", one)
    assert (root / "a.txt").readlink() == store.path(one)


@pytest.mark.usefixtures("no_hard_links")
def test_a_symbolic_link_of_ours_is_removed_and_no_other(
    library: Library, root: Path, one: str, two: str
) -> None:
    library.place("a.txt", one)
    library.remove("a.txt", [two])
    assert (root / "a.txt").read_bytes() == b"one"
    library.remove("a.txt", [one])
    assert files_under(root) == []


def test_a_blob_that_is_not_there_cannot_be_placed(library: Library, root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        library.place("a.txt", "0" * 64)
    assert files_under(root) == []
