"""The running service inside the laboratory: by no door does a row of the table reach what it must not."""

import pytest

from tests.lab.laboratory import run_rows

pytestmark = pytest.mark.lab


def test_content_of_every_row_is_what_it_must_be() -> None:
    run = run_rows("tests.lab.service:content")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "408 rows, 0 faults" in run.stdout


@pytest.mark.parametrize(
    ("door", "rows"),
    [
        ("markdown", "i-second-order,i-allow"),
        ("metadata", "i-second-order,i-redirect-01"),
        ("download", "i-second-order,i-redirect-02"),
        ("batch", "i-redirect-01,i-allow"),
        ("scrape", "i-second-order,i-redirect-01"),
        ("rendered", "i-redirect-01"),
    ],
)
def test_what_a_document_points_to_is_not_reached_either(door: str, rows: str) -> None:
    """Conversion, extractors and jobs, which read further into what they were given."""
    run = run_rows(f"tests.lab.service:{door}", rows)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ", 0 faults" in run.stdout


def test_laboratory_sees_what_the_children_of_a_job_reach() -> None:
    """A playlist whose parts lie on loopback, given to a service that is allowed to go there."""
    run = run_rows("tests.lab.service:unguarded_download", "i-second-order-012")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "i-second-order-012: called [('127.0.0.1', 80)]" in run.stdout


@pytest.mark.soak
@pytest.mark.parametrize(
    "door", ["content_by_path", "markdown", "rendered", "batch", "scrape", "metadata", "download"]
)
def test_every_row_by_every_door(door: str) -> None:
    run = run_rows(f"tests.lab.service:{door}", timeout_seconds=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "408 rows, 0 faults" in run.stdout
