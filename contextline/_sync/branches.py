# Generated from _async/branches.py by scripts/generate_sync_client.py: edit that, then run the script.
"""Calls about checkpoints, forks, splits and merges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from contextline._encoding import camel_members, check_names, context_names, named
from contextline._sync.base import Base
from contextline.options import CopyOptions, MergeStrategy, OnConflict, RollbackOptions, SourceName, TargetName
from contextline.types import Checkpoint, CheckpointCreated, DiffResult, Forked, Merged, Page, Restored, SplitDone


class BranchCalls(Base):
    """Calls about checkpoints, forks, splits and merges."""

    def checkpoint(
        self, key: str, name: str | None = None, *, description: str | None = None, **options: Unpack[RollbackOptions]
    ) -> CheckpointCreated:
        """Give what a context is now a name, to compare with it and to come back to it.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            AlreadyExistsError: it has a checkpoint of that name.
            VersionConflictError: `expected_version` is not the current version.
        """
        check_names("checkpoint", RollbackOptions, options)
        body = {**named(name=name, description=description), "options": camel_members(options)}
        made = self._transport.command("POST", "/api/context/checkpoints", CheckpointCreated, {"key": key}, body)
        self._seen.note(made.position)
        return made

    def checkpoints(
        self, key: str, *, namespace: str = "", limit: int | None = None, cursor: str | None = None
    ) -> Page[Checkpoint]:
        """A page of a context's checkpoints by version and name, automatic ones too; also of one that is deleted.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        parameters = {**context_names(key, namespace), "limit": limit, "cursor": cursor}
        return self._transport.read("/api/context/checkpoints", Page[Checkpoint], parameters)

    def compare(
        self, key: str, checkpoint: str, with_checkpoint: str | None = None, *, namespace: str = ""
    ) -> DiffResult:
        """What turns a checkpoint into another one, or into what the context is now.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionNotFoundError: there is no such checkpoint.
        """
        parameters = {**context_names(key, namespace), "checkpoint": checkpoint, "with": with_checkpoint}
        return self._transport.read("/api/context/compare", DiffResult, parameters)

    def restore(self, key: str, checkpoint: str, **options: Unpack[RollbackOptions]) -> Restored:
        """Make a context what it was at a checkpoint; what it is now is marked by an automatic one.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            VersionNotFoundError: there is no such checkpoint.
            VersionConflictError: `expected_version` is not the current version.
        """
        check_names("restore", RollbackOptions, options)
        body = {"checkpoint": checkpoint, "options": camel_members(options)}
        restored = self._transport.command("POST", "/api/context/restore", Restored, {"key": key}, body)
        self._seen.note(restored.position)
        return restored

    def fork(
        self,
        key: str,
        target: str | TargetName,
        *,
        version: int | None = None,
        checkpoint: str | None = None,
        **options: Unpack[CopyOptions],
    ) -> Forked:
        """Begin a branch: a context with what another one is, or was at a version or checkpoint.

        Raises:
            ContextNotFoundError: there is no such context, or none any more and no version was named.
            VersionNotFoundError: it has no such version or checkpoint.
            AlreadyExistsError: a live context is where the branch is to be.
        """
        check_names("fork", CopyOptions, options)
        body = {
            "target": _named(target),
            **named(version=version, checkpoint=checkpoint),
            "options": camel_members(options),
        }
        forked = self._transport.command("POST", "/api/context/fork", Forked, {"key": key}, body)
        self._seen.note(forked.position)
        return forked

    def split(
        self,
        key: str,
        targets: Mapping[str, str | TargetName],
        *,
        remove_from_source: bool = False,
        **options: Unpack[CopyOptions],
    ) -> SplitDone:
        """Make contexts of parts of one, all or none: `targets` names by JSON pointer where each is to be.

        Raises:
            ContextNotFoundError: there is no such context, or none any more.
            InvalidInputError: pointers that overlap or lead to nothing; targets that are named twice.
            TargetsExistError: live contexts are there.
        """
        check_names("split", CopyOptions, options)
        body = {
            "targets": [{"pointer": pointer, **_named(target)} for pointer, target in targets.items()],
            "removeFromSource": remove_from_source,
            "options": camel_members(options),
        }
        done = self._transport.command("POST", "/api/context/split", SplitDone, {"key": key}, body)
        self._seen.note(done.position)
        return done

    def merge(
        self,
        sources: Iterable[str | SourceName],
        target: str | TargetName,
        strategy: MergeStrategy = "deep_merge",
        *,
        on_conflict: OnConflict | None = None,
        ignore_missing: bool = False,
        **options: Unpack[CopyOptions],
    ) -> Merged:
        """Merge contexts into a new one, or into a live one, which then comes first.

        `on_conflict` is for "three_way": what becomes of places that both sides changed; left out: refuse.

        Raises:
            SourcesMissingError: contexts that are not there, unless they are ignored; or none is.
            MergeConflictError: both sides changed the same places; it tells which.
            NoCommonAncestorError, AncestorErasedError: a three-way merge has nothing to compare with.
            InvalidInputError: a context is named twice, or merged with itself.
        """
        check_names("merge", CopyOptions, options)
        if isinstance(sources, str):
            raise TypeError("sources takes a list: merge([key], target)")
        body = {
            "sources": [_named(source) for source in sources],
            "target": _named(target),
            "strategy": strategy.replace("-", "_"),
            **named(on_conflict=on_conflict),
            "ignoreMissing": ignore_missing,
            "options": camel_members(options),
        }
        merged = self._transport.command("POST", "/api/context/merge", Merged, {}, body)
        self._seen.note(merged.position)
        return merged


def _named(name: str | TargetName | SourceName) -> dict[str, Any]:
    return {"key": name} if isinstance(name, str) else dict(name)
