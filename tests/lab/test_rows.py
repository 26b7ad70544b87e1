"""All 408 rows put to each way out of the house, and some to a way without a guard, which the laboratory has to catch."""

import pytest

from tests.lab.laboratory import run_rows

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("subject", ["client", "proxy", "curl"])
def test_every_row_ends_as_it_must(subject: str) -> None:
    run = run_rows(subject)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{subject}: 408 rows, 0 faults" in run.stdout


def test_laboratory_catches_a_client_without_a_guard() -> None:
    run = run_rows("unguarded", "i-ipv4-encoding,i-redirect-001")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "i-ipv4-encoding-001: called [('127.0.0.1', 80)]" in run.stdout
    assert "i-ipv4-encoding-020: called [('10.11.12.13', 8080)]" in run.stdout
    assert "i-redirect-001: called [('127.0.0.1', 80)]" in run.stdout
