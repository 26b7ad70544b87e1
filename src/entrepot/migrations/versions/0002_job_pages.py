"""The pages of crawls and batches, and the queue's index with the kind of job in it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_job_pages()
    _index_queue("kind")


def downgrade() -> None:
    _index_queue()
    op.drop_table("job_pages")


def _create_job_pages() -> None:
    op.create_table(
        "job_pages",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.String(length=64), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("final_url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_job_pages"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_pages_job_id_jobs", ondelete="CASCADE"),
        sa.UniqueConstraint("job_id", "url_key", name="uq_job_pages_job_id_url_key"),
    )
    op.create_index("ix_job_pages_sha256", "job_pages", ["sha256"])
    op.create_index("ix_job_pages_job_id_state_position", "job_pages", ["job_id", "state", "position"])
    op.create_index("ix_job_pages_job_id_place", "job_pages", ["job_id", "place"])


def _index_queue(*further: str) -> None:
    op.drop_index("ix_jobs_queue", table_name="jobs")
    op.create_index(
        "ix_jobs_queue",
        "jobs",
        [sa.literal_column("priority DESC"), "start_tag", "created_at", "id", "run_at", "state", *further],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
