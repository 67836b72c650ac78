"""Tells OpenAPI what routes read and answer; the models say it, nothing is written twice."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from interfaces.http.answers.base import Problem
from interfaces.http.models.base import Body
from interfaces.http.problems import MEDIA_TYPE

_REF = "#/components/schemas/{model}"

REFUSALS = {
    400: "The request can't be read",
    404: "There is no such thing",
    409: "What is there does not allow it",
    410: "It was erased",
    412: "A precondition does not hold",
    413: "The body is too large",
    415: "The body is not said to be JSON",
    422: "The input breaks a rule",
    500: "Something went wrong in the server",
    501: "Not implemented yet, or not configured",
    503: "Unavailable; try again after Retry-After seconds",
}

_HEADERS = {
    "If-Match": "A version in quotes: refuse (412) unless it is the current one.",
    "If-None-Match": "Versions in quotes, or *.",
}


def told(
    answers: dict[int, type[BaseModel] | str],
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    path: str | None = None,
    headers: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What a route's decorator takes: its answers, and what it reads from query, body, path and headers."""
    parameters = [_path_parameter(path)] if path else []
    parameters += _query_parameters(query) if query else []
    parameters += [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": _HEADERS[name]}
        for name in headers
    ]
    extra: dict[str, Any] = {"parameters": parameters} if parameters else {}
    if body:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=body.__name__)}}}
        extra["requestBody"] = {"required": True, "content": content}
    return {
        "responses": {
            status: {"description": answer} if isinstance(answer, str) else {"model": answer}
            for status, answer in answers.items()
        },
        "openapi_extra": extra,
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(ref_template=_REF)
    required = schema.get("required", [])
    parameters = []
    for name, property_schema in schema["properties"].items():
        described = {key: value for key, value in property_schema.items() if key not in ("title", "description")}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": described}
        if "description" in property_schema:
            parameter["description"] = property_schema["description"]
        parameters.append(parameter)
    return parameters


def install(app: FastAPI) -> None:
    """Make the application's OpenAPI document whole."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            bodies = [(model, "validation") for model in _below(Body)]
            _, definitions = models_json_schema([*bodies, (Problem, "serialization")], ref_template=_REF)  # type: ignore[list-item]
            document["components"]["schemas"].update(definitions["$defs"])
            for operations in document["paths"].values():
                for operation in operations.values():
                    for status, title in REFUSALS.items():
                        schema = {"$ref": _REF.format(model="Problem")}
                        refusal = {"description": title, "content": {MEDIA_TYPE: {"schema": schema}}}
                        operation["responses"].setdefault(str(status), refusal)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _below(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for below in model.__subclasses__():
        found += [below, *_below(below)]
    # A model may be below several.
    return list(dict.fromkeys(found))
