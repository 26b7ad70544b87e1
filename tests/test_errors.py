"""The tree of errors: stable codes, and a way over process boundaries."""

import pytest

from entrepot import errors
from entrepot.errors import AppError, UpstreamBusy

KINDS = sorted(AppError._known.values(), key=lambda kind: kind.code)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_error_survives_a_process_boundary(kind: type[AppError]) -> None:
    error = kind("said so", retry_after_seconds=7, upstream_status=503)
    back = AppError.from_dict(error.as_dict())
    assert type(back) is kind
    assert (back.detail, back.retry_after_seconds, back.extra) == ("said so", 7, {"upstream_status": 503})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_code_is_kebab_case_and_status_is_an_error(kind: type[AppError]) -> None:
    assert kind.code == kind.code.lower().replace("_", "-")
    assert 400 <= kind.status < 600
    assert kind().detail == kind.title


def test_unknown_code_becomes_a_plain_error() -> None:
    assert type(AppError.from_dict({"code": "from-the-future", "message": "x"})) is AppError


def test_a_code_is_used_once() -> None:
    with pytest.raises(TypeError, match="taken"):
        type("Twice", (AppError,), {"code": UpstreamBusy.code})


def test_every_error_in_the_module_belongs_to_the_tree() -> None:
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert classes
    assert all(issubclass(kind, AppError) for kind in classes)
