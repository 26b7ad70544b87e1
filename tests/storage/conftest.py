"""Stores in folders of their own."""

from pathlib import Path

import pytest

from entrepot.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "data")
