"""Answers as the wire has them. The models document; what is sent is encoded from plain dicts, which is faster."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_encoder = msgspec.json.Encoder()


def answer(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_encoder.encode(document), status, headers, "application/json")


def etag(version: int) -> dict[str, str]:
    """A version as an entity tag."""
    return {"ETag": f'"{version}"'}


class Answer(BaseModel):
    """The base of what the OpenAPI document says of answers."""

    model_config = ConfigDict(alias_generator=to_camel)


class Problem(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None
