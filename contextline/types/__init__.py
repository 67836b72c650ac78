"""What the client's methods return. Fields that this version does not know are ignored, so newer servers work too.

Times are aware datetimes in UTC. `position` is the place in the store's one log of changes: it only ever grows, and a
list that is asked for with `min_position` has seen everything up to there. Printed results leave out what is empty.
"""

from contextline.types.base import Page, Result
from contextline.types.batches import BatchResult, OperationResult
from contextline.types.branches import (
    Checkpoint,
    CheckpointCreated,
    ContextVersion,
    Forked,
    MergeConflict,
    Merged,
    MissingSource,
    Restored,
    SplitDone,
    SplitPart,
)
from contextline.types.capture import (
    Budget,
    Captured,
    CapturedElement,
    Dropped,
    Relationship,
    Relevance,
    Relevant,
    RelevantContext,
)
from contextline.types.conflicts import (
    Conflict,
    ConflictPage,
    OpenConflict,
    Resolution,
    Resolved,
    Synchronized,
)
from contextline.types.contexts import (
    Context,
    Deleted,
    DiffResult,
    HistoryEntry,
    HistoryPage,
    RolledBack,
    Stored,
    Updated,
    Version,
)
from contextline.types.decisions import (
    Decision,
    Feedback,
    SimilarDecision,
    SimilarDecisions,
    Summary,
    Tally,
    UserOverride,
    ValueTally,
)
from contextline.types.erasing import (
    ErasedAll,
    ErasedContext,
    LeftContext,
    LeftDecision,
    LeftPreferences,
    LeftSession,
    LeftTask,
)
from contextline.types.preferences import Candidate, Preference, Preferences, UserPreference
from contextline.types.sessions import DeletedSession, Session
from contextline.types.system import HealthReport, ProjectionStatus
from contextline.types.tasks import Task, TaskTree, TreeTask

__all__ = [
    "BatchResult",
    "Budget",
    "Candidate",
    "Captured",
    "CapturedElement",
    "Checkpoint",
    "CheckpointCreated",
    "Conflict",
    "ConflictPage",
    "Context",
    "ContextVersion",
    "Decision",
    "Deleted",
    "DeletedSession",
    "DiffResult",
    "Dropped",
    "ErasedAll",
    "ErasedContext",
    "Feedback",
    "Forked",
    "HealthReport",
    "HistoryEntry",
    "HistoryPage",
    "LeftContext",
    "LeftDecision",
    "LeftPreferences",
    "LeftSession",
    "LeftTask",
    "MergeConflict",
    "Merged",
    "MissingSource",
    "OpenConflict",
    "OperationResult",
    "Page",
    "Preference",
    "Preferences",
    "ProjectionStatus",
    "Relationship",
    "Relevance",
    "Relevant",
    "RelevantContext",
    "Resolution",
    "Resolved",
    "Restored",
    "Result",
    "RolledBack",
    "Session",
    "SimilarDecision",
    "SimilarDecisions",
    "SplitDone",
    "SplitPart",
    "Stored",
    "Summary",
    "Synchronized",
    "Tally",
    "Task",
    "TaskTree",
    "TreeTask",
    "Updated",
    "UserOverride",
    "UserPreference",
    "ValueTally",
    "Version",
]
