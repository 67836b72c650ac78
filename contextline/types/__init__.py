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
from contextline.types.erasing import ErasedAll, ErasedContext, LeftContext, LeftSession
from contextline.types.sessions import Session
from contextline.types.system import HealthReport, ProjectionStatus

__all__ = [
    "BatchResult",
    "Checkpoint",
    "CheckpointCreated",
    "Conflict",
    "ConflictPage",
    "Context",
    "ContextVersion",
    "Deleted",
    "DiffResult",
    "ErasedAll",
    "ErasedContext",
    "Forked",
    "HealthReport",
    "HistoryEntry",
    "HistoryPage",
    "LeftContext",
    "LeftSession",
    "MergeConflict",
    "Merged",
    "MissingSource",
    "OpenConflict",
    "OperationResult",
    "Page",
    "ProjectionStatus",
    "Resolution",
    "Resolved",
    "Restored",
    "Result",
    "RolledBack",
    "Session",
    "SplitDone",
    "SplitPart",
    "Stored",
    "Synchronized",
    "Updated",
    "Version",
]
