"""Settings from the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from entrepot.config import Settings


def test_defaults_listen_on_loopback_and_keep_data_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert (settings.host, settings.port, settings.auth) == ("127.0.0.1", 8080, "off")
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path / 'data' / 'entrepot.db'}"


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTREPOT_EGRESS_ALLOW", "10.0.0.0/8, *.example.com:8080 ,")
    assert Settings().egress_allow == ("10.0.0.0/8", "*.example.com:8080")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_open_service_beyond_loopback_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ENTREPOT_HOST", host)
    with pytest.raises(ValidationError, match="LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH"):
        Settings()
    monkeypatch.setenv("ENTREPOT_LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH", "true")
    assert Settings().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_permission(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ENTREPOT_HOST", host)
    assert Settings().is_loopback


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("WORKERS", "0"),
        ("ENGINE", "celery5"),
        ("AUTH", "required"),
        ("STORAGE", "ftp"),
        ("JOB_RETRIES", "-1"),
    ],
)
def test_what_cannot_be_served_fails_at_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ENTREPOT_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://localhost/entrepot"),
        ("DATABASE_URL", "sqlite://"),
        ("PUBLIC_URL", "example.com"),
    ],
)
def test_address_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ENTREPOT_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_public_url_is_a_base_without_a_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTREPOT_PUBLIC_URL", "https://example.com/entrepot/")
    assert Settings().public_url == "https://example.com/entrepot"


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, {"127.0.0.1"}),
        ({"ALLOWED_HOSTS": "box.lan, entrepot.example"}, {"127.0.0.1", "box.lan", "entrepot.example"}),
        ({"PUBLIC_URL": "https://files.example:8443/x"}, {"127.0.0.1", "files.example"}),
        ({"ALLOWED_HOSTS": "*"}, None),
        ({"HOST": "0.0.0.0", "LISTEN_BEYOND_LOOPBACK_WITHOUT_AUTH": "true"}, None),
    ],
)
def test_names_that_are_served_follow_from_the_settings(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], names: set[str] | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"ENTREPOT_{name}", value)
    assert Settings().served_names == names
