"""The revisions make exactly the schema that the code declares."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import entrepot.assets.schema
import entrepot.jobs.schema
from entrepot import migrations
from entrepot.database import Database, metadata


def test_migrated_schema_is_the_declared_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    migrations.upgrade(database.engine)
    migrations.upgrade(database.engine)  # a second start changes nothing
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []
    database.engine.dispose()


def test_every_index_that_is_declared_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    migrations.upgrade(database.engine)
    found = inspect(database.engine)
    made = {index["name"] for table in metadata.tables for index in found.get_indexes(table)}
    declared = {index.name for table in metadata.tables.values() for index in table.indexes}
    assert declared <= made
    assert entrepot.jobs.schema.jobs.name in metadata.tables
    assert entrepot.assets.schema.assets.name in metadata.tables
    database.engine.dispose()
