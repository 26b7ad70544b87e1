"""Transactions on a real SQLite file: durable, isolated, shared commits, full disks."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from entrepot.database import Database, UtcTime
from entrepot.errors import AppError, DatabaseUnavailable, StorageFull

notes = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcTime))


def _with_database(path: Path, work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(f"sqlite:///{path}")
        notes.metadata.create_all(database.engine)
        database.start()
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def _add(number: int) -> Callable[[Connection], None]:
    def transaction(connection: Connection) -> None:
        connection.execute(insert(notes).values(id=number))

    return transaction


def _ids(connection: Connection) -> list[int]:
    return list(connection.execute(select(notes.c.id).order_by(notes.c.id)).scalars())


def test_what_was_written_is_read_and_survives(tmp_path: Path) -> None:
    async def work(database: Database) -> None:
        await database.write(_add(1))
        assert await database.read(_ids) == [1]

    _with_database(tmp_path / "a.db", work)
    with sqlite3.connect(tmp_path / "a.db") as plain:
        assert plain.execute("select id from notes").fetchall() == [(1,)]
    plain.close()


def test_one_failing_transaction_undoes_only_itself(tmp_path: Path) -> None:
    def write_then_fail(connection: Connection) -> None:
        _add(2)(connection)
        raise AppError("no")

    async def work(database: Database) -> None:
        answers = await asyncio.gather(
            database.write(_add(1)), database.write(write_then_fail), database.write(_add(1)), database.write(_add(3)),
            return_exceptions=True,
        )  # fmt: skip
        assert [type(answer) for answer in answers] == [type(None), AppError, IntegrityError, type(None)]
        assert await database.read(_ids) == [1, 3]

    _with_database(tmp_path / "a.db", work)


def test_writers_that_wait_together_share_commits(tmp_path: Path) -> None:
    async def work(database: Database) -> None:
        commits = 0

        def count(_connection: object) -> None:
            nonlocal commits
            commits += 1

        from sqlalchemy import event

        event.listen(database.engine, "commit", count)
        await asyncio.gather(*(database.write(_add(number)) for number in range(200)))
        assert len(await database.read(_ids)) == 200
        assert commits < 100

    _with_database(tmp_path / "a.db", work)


def test_readers_cannot_write(tmp_path: Path) -> None:
    async def work(database: Database) -> None:
        with pytest.raises(DatabaseUnavailable):
            await database.read(_add(1))
        assert await database.read(_ids) == []

    _with_database(tmp_path / "a.db", work)


def test_a_full_database_says_so_and_recovers(tmp_path: Path) -> None:
    def fill(connection: Connection) -> None:
        connection.execute(text("create table if not exists big (x blob)"))
        connection.execute(text("insert into big values (zeroblob(10000000))"))

    def limit(pages: int) -> Callable[[Connection], None]:
        def transaction(connection: Connection) -> None:
            connection.execute(text(f"pragma max_page_count={pages}"))

        return transaction

    async def work(database: Database) -> None:
        await database.write(limit(50))
        with pytest.raises(StorageFull):
            await database.write(fill)
        await database.write(limit(100_000))
        await database.write(fill)
        await database.write(_add(1))
        assert await database.read(_ids) == [1]

    _with_database(tmp_path / "a.db", work)


def test_a_closed_database_refuses(tmp_path: Path) -> None:
    async def work(database: Database) -> None:
        await database.close()
        with pytest.raises(DatabaseUnavailable):
            await database.write(_add(1))

    _with_database(tmp_path / "a.db", work)


def test_database_is_durable_and_in_wal_mode(tmp_path: Path) -> None:
    def pragmas(connection: Connection) -> tuple[object, ...]:
        return tuple(
            connection.execute(text(f"pragma {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        )

    async def work(database: Database) -> None:
        assert await database.write(pragmas) == ("wal", 2, 1)

    _with_database(tmp_path / "a.db", work)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 20, 12, 30, 1, 234000, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 20, 14, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_times_come_back_as_aware_utc(tmp_path: Path, moment: datetime) -> None:
    def insert_moment(connection: Connection) -> None:
        connection.execute(insert(notes).values(id=1, at=moment))

    async def work(database: Database) -> None:
        await database.write(insert_moment)
        found = await database.read(lambda connection: connection.execute(select(notes.c.at)).scalar_one())
        assert found == moment
        assert found.tzinfo is UTC

    _with_database(tmp_path / "a.db", work)
