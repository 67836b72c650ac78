"""Bodies of forking, splitting and merging."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from domain.contexts.identity import MAX_LENGTH
from domain.contexts.merging import MAX_SOURCES, OnConflict, Strategy
from domain.contexts.splitting import MAX_PARTS
from interfaces.http.models.base import MAX_INT32, Body, ChangeOptions, Name, Namespace, plain_name
from interfaces.http.models.contexts import AttributeOptions

Key = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(plain_name)]
PastVersion = Annotated[int, Field(ge=1, le=MAX_INT32)]


class CopyOptions(AttributeOptions, ChangeOptions):
    """The options of what begins with the data of others; attributes that are left out are theirs."""

    metadata: dict[str, Any] = Field({}, description="Of this change, kept in the history.")
    context_metadata: dict[str, Any] = Field({}, description="The context's own metadata, in place of the copied one.")
    encrypt: bool | None = Field(
        None, description="Encrypt it; left out: as what it comes from, else as CONTEXTLINE_ENCRYPT_DEFAULT says."
    )
    compress: bool = Field(True, description="false keeps the payload uncompressed.")


class TargetName(Body):
    """Names a context; without a namespace it is that of `options.namespace`."""

    key: Key
    namespace: Namespace | None = None


class ForkRequest(Body):
    """Where the branch is to be, and from which version or checkpoint; left out: from what is there now."""

    target: TargetName
    version: PastVersion | None = None
    checkpoint: Name | None = None
    options: CopyOptions = CopyOptions()


class SplitTarget(TargetName):
    """A part, by its JSON pointer (RFC 6901), and where it is to be."""

    pointer: Annotated[str, Field(max_length=10_000)]


class SplitRequest(Body):
    """The parts that are to be contexts of their own."""

    targets: Annotated[list[SplitTarget], Field(min_length=1, max_length=MAX_PARTS)]
    remove_from_source: bool = Field(False, description="Take them out of the context.")
    options: CopyOptions = CopyOptions()


class SourceName(TargetName):
    """A context to merge; left out: the version that is there now."""

    version: PastVersion | None = None


class MergeRequest(Body):
    """What to merge, into which context, and how."""

    sources: Annotated[list[SourceName], Field(min_length=1, max_length=MAX_SOURCES)]
    target: TargetName
    strategy: Strategy
    on_conflict: OnConflict | None = Field(
        None, description="Of three_way: what becomes of places that both sides changed. Left out: refuse."
    )
    ignore_missing: bool = Field(False, description="Merge what is there, whatever is not.")
    options: CopyOptions = CopyOptions()
