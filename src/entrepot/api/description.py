"""The OpenAPI document: FastAPI's own, with the errors that this service really gives."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong in one place of the request."""

    location: str = Field(examples=["body.url"])
    message: str
    code: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str = Field(examples=["urn:entrepot:problem:job-not-found"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="Stable: programs decide by this.", examples=["job-not-found"])
    retryable: bool = Field(description="Whether the same request may succeed later.")
    correlation_id: str = Field(description="The request's id, as in the log.")
    errors: list[FieldProblem] | None = Field(None, description="Given with `validation-failed`.")


_FOREIGN = ("HTTPValidationError", "ValidationError")
_REF = "#/components/schemas/"
_ANSWER = {
    "description": "A problem",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
}


class DescribedApp(FastAPI):
    """FastAPI that describes errors as problems instead of its own validation errors."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            _tell_problems(super().openapi())
        return super().openapi()


def _tell_problems(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in _FOREIGN:
        schemas.pop(name, None)
    schema = Problem.model_json_schema(ref_template=_REF + "{model}")
    schemas |= schema.pop("$defs") | {"Problem": schema}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ANSWER
