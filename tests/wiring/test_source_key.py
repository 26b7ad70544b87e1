"""Which jobs' files are versions of one asset."""

from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.jobs.state import Draft, Job, new_job
from entrepot.jobs.work import Kind
from entrepot.wiring.services import source_key


def _job(**changes: Any) -> Job:
    draft = Draft(**{"owner": "ann", "url": "https://example.com/a", "kind": Kind.FILE, **changes})
    return new_job(draft, job_id="job-1", start_tag=0, now=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"checksum": "sha256:00"}},
        {"options": {"max_filesize_bytes": 5}},
        {"owner": "bob"},
        {"priority": 9},
        {"user_id": "somebody"},
    ],
)
def test_same_content_has_the_same_key_whatever(changes: dict[str, Any]) -> None:
    assert source_key(_job(**changes)) == source_key(_job())


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://example.com/b"},
        {"kind": Kind.PAGE},
        {"options": {"quality": "720p"}},
        {"options": {"container": "mkv"}},
    ],
)
def test_other_content_has_another_key(changes: dict[str, Any]) -> None:
    assert source_key(_job(**changes)) != source_key(_job())


def test_order_of_the_options_does_not_matter() -> None:
    one = _job(options={"quality": "720p", "container": "mkv"})
    other = _job(options={"container": "mkv", "quality": "720p"})
    assert source_key(one) == source_key(other)


def test_prepared_copy_is_always_a_new_asset() -> None:
    assert source_key(_job(kind=Kind.PREPARE)) is None
