"""Facts: one place where transactions begin and end, on SQLite with a single writer.

Queries are plain functions over a SQLAlchemy `Connection` (`records` files of each domain). `Database.write` runs one in a
transaction of its own, `Database.read` in a read-only snapshot. On SQLite all writes run in one thread, and those that
wait at the same moment share one commit (group commit): each in its own savepoint, so that one failing undoes only itself.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.types import TypeDecorator

from entrepot.errors import DatabaseUnavailable, StorageFull

T = TypeVar("T")
Transaction = Callable[[Connection], T]

_GROUP = 64  # transactions that may share one commit
_READERS = 4

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole milliseconds since the epoch: the same and sortable on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else (value - _EPOCH) // timedelta(milliseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


class Database:
    """One SQLite database; safe to use from one event loop."""

    def __init__(self, url: str) -> None:
        self._writer_engine = _engine(url, writes=True)
        self._reader_engine = _engine(url, writes=False)
        self._writer = _Writer(self._writer_engine)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-read")

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations before `start`."""
        return self._writer_engine

    def start(self) -> None:
        """Starts the writing thread; call once, after the migrations."""
        self._writer.start()

    async def write(self, transaction: Transaction[T]) -> T:
        """Runs `transaction` and returns its result once it is durable.

        Raises whatever `transaction` raised (nothing of it is kept), StorageFull when the disk is full,
        DatabaseUnavailable when the database cannot be used.
        """
        return await asyncio.shield(asyncio.wrap_future(self._writer.submit(transaction)))

    async def read(self, query: Transaction[T]) -> T:
        """Runs `query` on a snapshot and returns its result."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    def _read(self, query: Transaction[T]) -> T:
        try:
            with self._reader_engine.connect() as connection:
                return query(connection)
        except DBAPIError as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Finishes what was submitted, then closes every connection."""
        await asyncio.to_thread(self._writer.stop)
        self._readers.shutdown()
        self._reader_engine.dispose()
        self._writer_engine.dispose()


class _Writer(threading.Thread):
    """The only thread that writes: takes what waits, runs it, commits once, then answers."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="database-write", daemon=True)
        self._engine = engine
        self._waiting: queue.SimpleQueue[tuple[Transaction[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._stopped = False

    def submit(self, transaction: Transaction[T]) -> "Future[T]":
        future: Future[T] = Future()
        if self._stopped:
            future.set_exception(DatabaseUnavailable("The database is closed."))
        else:
            self._waiting.put((transaction, future))
        return future

    def stop(self) -> None:
        self._stopped = True
        self._waiting.put(None)
        if self.is_alive():
            self.join()

    def run(self) -> None:
        running = True
        while running:
            group, running = self._take()
            if group:
                self._run_group(group)

    def _take(self) -> tuple[list[tuple[Transaction[Any], Future[Any]]], bool]:
        first = self._waiting.get()
        if first is None:
            return [], False
        group = [first]
        while len(group) < _GROUP:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, False
            group.append(following)
        return group, True

    def _run_group(self, group: list[tuple[Transaction[Any], Future[Any]]]) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.begin() as connection:
                for transaction, future in group:
                    _run_one(connection, transaction, future, answers)
        except Exception as error:
            translated = _translated(error)
            for _, future in group:
                if not future.done():
                    future.set_exception(translated)
            return
        for future, result in answers:
            future.set_result(result)


def _run_one(
    connection: Connection,
    transaction: Transaction[Any],
    future: "Future[Any]",
    answers: list[tuple["Future[Any]", Any]],
) -> None:
    savepoint = connection.begin_nested()
    try:
        result = transaction(connection)
        savepoint.commit()
    except Exception as error:
        if not _is_usable(connection):
            raise
        savepoint.rollback()
        future.set_exception(_translated(error))
    else:
        answers.append((future, result))


def _is_usable(connection: Connection) -> bool:
    """Whether SQLite has kept the transaction open; a full disk makes it roll back by itself."""
    driver: object = connection.connection.dbapi_connection
    return isinstance(driver, sqlite3.Connection) and driver.in_transaction


def _translated(error: Exception) -> Exception:
    if not isinstance(error, DBAPIError):
        return error
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFull("The disk that holds the database is full.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
        return DatabaseUnavailable()
    return error


def _engine(url: str, *, writes: bool) -> Engine:
    pool: dict[str, Any] = (
        {"poolclass": StaticPool} if writes else {"poolclass": QueuePool, "pool_size": _READERS}
    )
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 10}, **pool)

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-8000",
            "mmap_size=0",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if not writes:
            connection.execute("PRAGMA query_only=ON")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
