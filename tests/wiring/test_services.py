"""A service that cannot open leaves everything as it was."""

import asyncio
import threading
from pathlib import Path

import pytest

from entrepot.config import Settings
from entrepot.database import Database
from entrepot.errors import AppError, BadSetting, DatabaseUnavailable, DataFolderInUse
from entrepot.wiring.data_folder import DataFolder
from entrepot.wiring.services import migrate_database, open_services


async def _open(settings: Settings) -> None:
    async with open_services(settings, listening_on=("127.0.0.1", 1)):
        raise AssertionError("it should not have opened")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"egress_allow": ("a b",)}, BadSetting),
        ({"database_url": "sqlite:////nowhere/at/all/a.db"}, DatabaseUnavailable),
    ],
)
def test_failed_start_lets_go_of_everything(
    settings: dict[str, object], error: type[AppError], tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(error):
        asyncio.run(_open(Settings.model_validate({"data_dir": tmp_path, **settings})))
    assert set(threading.enumerate()) <= before
    with DataFolder(tmp_path).locked():
        pass


def test_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with DataFolder(tmp_path).locked(), pytest.raises(DataFolderInUse):
        asyncio.run(_open(Settings(data_dir=tmp_path)))
    assert not (tmp_path / "entrepot.db").exists()


def test_database_of_a_newer_version_is_told_as_such(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    migrate_database(settings)
    database = Database(settings.sqlalchemy_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    database.engine.dispose()
    with pytest.raises(DatabaseUnavailable, match="9999"):
        migrate_database(settings)


def test_database_in_use_is_not_migrated(tmp_path: Path) -> None:
    with DataFolder(tmp_path).locked(), pytest.raises(DataFolderInUse):
        migrate_database(Settings(data_dir=tmp_path))
