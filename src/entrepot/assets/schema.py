"""The assets' tables: a blob is bytes, an asset is a name with versions, a version points to a blob."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from entrepot.database import UtcTime, metadata

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("file_id", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("is_public", Boolean, nullable=False, server_default=false()),
    Column("source_url", Text),
    Column("source_key", Text),  # what was fetched, as whoever publishes spells it; null: not fetched
    Column("role", String(255), nullable=False),  # which of the files that one source gave
    Column("current_version_id", String(36)),  # no foreign key: the two tables would refer to each other
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("owner", "source_key", "role"),
    Index("ix_assets_owner_file_id", "owner", "file_id"),
    sqlite_autoincrement=True,  # a number that was given out never comes back
)

versions = Table(
    "versions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("asset_id", String(36), ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), ForeignKey("blobs.sha256"), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("asset_id", "number"),
)

library_links = Table(
    "library_links",
    metadata,
    Column("path", Text, primary_key=True),
    Column("wanted_path", Text, nullable=False, index=True),
    Column(
        "asset_id", String(36), ForeignKey("assets.id", ondelete="SET NULL"), index=True
    ),  # null: to be removed
    Column("sha256", String(64), nullable=False, index=True),
)
