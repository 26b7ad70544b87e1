"""The page's client is generated from the document that the service gives; this is that document."""

import json
from pathlib import Path
from typing import Any

import pytest

from entrepot.api.app import create_app
from entrepot.api.description import Problem
from entrepot.api.problems import problem_body, validation_problem
from entrepot.config import Settings
from entrepot.errors import AppError, NotFound

WRITTEN = Path(__file__).parent.parent / "web" / "openapi.json"


def test_written_document_is_the_application_s_own() -> None:
    assert json.loads(WRITTEN.read_text()) == json.loads(json.dumps(_document())), "run `make openapi`"


def test_every_call_says_that_its_errors_are_problems() -> None:
    for path in _document()["paths"].values():
        for operation in path.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
            assert "422" not in operation["responses"]


@pytest.mark.parametrize(
    "error", [NotFound(), validation_problem([{"type": "missing", "loc": ("body", "url"), "msg": "Field required"}])]
)  # fmt: skip
def test_described_problem_is_the_one_that_is_sent(error: AppError) -> None:
    body = problem_body(error, instance="/api/v1/download", request_id="r1")
    assert Problem.model_validate(body).model_dump(exclude_none=True) == body


def _document() -> dict[str, Any]:
    return create_app(Settings(), listening_on=("127.0.0.1", 0)).openapi()
