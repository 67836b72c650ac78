"""The options of the calls that take many, as typed dictionaries: `Unpack[StoreOptions]` types a function of your own.

Only what is named is sent; what is left out keeps or takes its default on the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Required, TypedDict

ChangeType = Literal["replace", "merge", "append", "mergePatch", "jsonPatch", "increment"]
RuleTake = Literal["ours", "theirs", "max", "min", "union", "longer"]
Strategy = Literal["auto", "last_write_wins", "merge", "rule_based", "user_decides"]
Order = Literal["created", "-created", "key"]
MergeStrategy = Literal["last_write_wins", "first_write_wins", "deep_merge", "three_way"]
OnConflict = Literal["refuse", "last", "first", "keep"]


class WhyOptions(TypedDict, total=False):
    """Who changed it and why; kept in the history for ever."""

    changed_by: str | None
    action: str | None
    reason: str | None
    causation_id: str | None
    correlation_id: str | None


class AttributeOptions(TypedDict, total=False):
    """What a context has beside its data. `ttl`: seconds from the last change, None never; `importance`: 0 to 1."""

    session_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str | None
    ttl: int | None
    tags: Sequence[str] | None
    priority: int | None
    importance: float | None
    features: Sequence[str] | None
    permissions: Sequence[str] | None
    environment: str | None
    document_version: str | None


class StoreOptions(AttributeOptions, WhyOptions, total=False):
    """Options of `store`. `metadata` is the context's own.

    `encrypt` left out: as it was stored before, else as the server is set. What is encrypted can be erased.
    """

    namespace: str
    encrypt: bool | None
    compress: bool | None
    metadata: dict[str, Any] | None
    expected_version: int | None
    only_if_absent: bool


class UpdateOptions(AttributeOptions, WhyOptions, total=False):
    """Options of `update`. `metadata` is the change's, `context_metadata` replaces the context's own.

    `checkpoint` marks the new version: a name, or True for a name made from the version.
    """

    namespace: str
    change_type: ChangeType
    metadata: dict[str, Any]
    context_metadata: dict[str, Any]
    expected_version: int | None
    checkpoint: bool | str


class RollbackOptions(WhyOptions, total=False):
    """Options of `rollback`. `metadata` is the change's."""

    namespace: str
    metadata: dict[str, Any]
    expected_version: int | None


class DeleteOptions(WhyOptions, total=False):
    """Options of a deletion in a batch."""

    namespace: str
    expected_version: int | None


class SyncRule(TypedDict):
    """What to take at a place and all below it; a token of `pointer` may be `*`. What does not fit is passed over."""

    pointer: str
    take: RuleTake


class SyncOptions(WhyOptions, total=False):
    """Options of `sync`. `metadata` is the change's, `agent_id` the agent that submits."""

    namespace: str
    strategy: Strategy
    rules: Sequence[SyncRule]
    critical: Sequence[str]
    agent_id: str | None
    metadata: dict[str, Any]
    expected_version: int | None


class ResolveOptions(WhyOptions, total=False):
    """Options of `resolve`. `metadata` is the change's."""

    namespace: str
    metadata: dict[str, Any]
    expected_version: int | None


class CopyOptions(AttributeOptions, WhyOptions, total=False):
    """Options of `fork`, `split` and `merge`; attributes that are left out are those of where the data come from.

    `metadata` is the change's, `context_metadata` the context's own in place of the copied one. What comes from an
    encrypted context is encrypted. `expected_version` is about what is forked or split, or about a merge's target.
    """

    namespace: str
    encrypt: bool | None
    compress: bool | None
    metadata: dict[str, Any]
    context_metadata: dict[str, Any]
    expected_version: int | None


class TargetName(TypedDict, total=False):
    """Names a context; without a namespace it is that of the call."""

    key: Required[str]
    namespace: str


class SourceName(TargetName, total=False):
    """A context to merge, as it is now or as it was at a version."""

    version: int


class CaptureOptions(WhyOptions, total=False):
    """Options of `capture`. `namespace` left out: the session's id. `ttl` left out: captured elements don't expire.

    `keep_text` keeps contents and texts too, without secrets; `project` counts for the elements' relevance.
    """

    namespace: str
    session_id: str | None
    agent_id: str | None
    user_id: str | None
    project: str | None
    tags: Sequence[str]
    ttl: int | None
    encrypt: bool | None
    keep_text: bool


class ListFilters(TypedDict, total=False):
    """What to list; None asks nothing. Tags and features: contexts that have all of them. Times: from, before."""

    namespace: str | None
    session_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str | None
    environment: str | None
    key_prefix: str | None
    tags: Sequence[str] | None
    features: Sequence[str] | None
    min_priority: int | None
    min_importance: float | None
    created_from: datetime | None
    created_to: datetime | None
    updated_from: datetime | None
    updated_to: datetime | None


class CommandOptions(TypedDict, total=False):
    """Options of every command on a session or a task: who gives it and why, and on which version it was based."""

    expected_version: int | None
    reason: str | None
    changed_by: str | None
    agent_id: str | None
    causation_id: str | None
    correlation_id: str | None


class DecisionOptions(TypedDict, total=False):
    """Options of `make_decision`; left out: nothing is said of it.

    `context` is what was decided on, any JSON: its hash is kept, not itself; `context_hash` names it instead.
    `features` say what the situation was like; `confidence`: 0 to 1; `autonomous`: nobody was asked.
    """

    decision_id: str | None
    task_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str | None
    context: Any
    context_hash: str | None
    features: Sequence[str] | None
    alternatives: Sequence[Any] | None
    confidence: float | None
    autonomous: bool | None
    reasoning: str | None
    metadata: dict[str, Any] | None
    encrypt: bool | None
    changed_by: str | None
    causation_id: str | None
    correlation_id: str | None


class DecisionFilters(TypedDict, total=False):
    """What to list; None asks nothing. Features: decisions that have all of them. Times: from, before."""

    session_id: str | None
    task_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str | None
    outcome: str | None
    autonomous: bool | None
    context_hash: str | None
    features: Sequence[str] | None
    created_from: datetime | None
    created_to: datetime | None


class TaskOptions(TypedDict, total=False):
    """What a task is beside its description; left out: the default when it is created, as it was when it is updated.

    `parent_id` and `dependencies` are tasks of the same session; `code_area` is a directory; a higher `priority` (5)
    comes first.
    """

    type: str
    parent_id: str | None
    dependencies: Sequence[str]
    files: Sequence[str]
    project: str | None
    code_area: str | None
    priority: int
    parameters: dict[str, Any]


class UpdateTaskOptions(TaskOptions, CommandOptions, total=False):
    """Options of `update_task`."""

    description: str


class TaskFilters(TypedDict, total=False):
    """What to list; None asks nothing. `code_area`: that directory and all below it; `file`: tasks that involve it."""

    session_id: str | None
    status: str | None
    type: str | None
    parent_id: str | None
    project: str | None
    code_area: str | None
    file: str | None
