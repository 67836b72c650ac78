"""What the client's methods return. Fields that this version does not know are ignored, so newer servers work too.

Times are aware datetimes in UTC. `position` is the place in the store's one log of changes: it only ever grows, and a
list that is asked for with `min_position` has seen everything up to there. Printed results leave out what is empty.
"""

from contextline.types.base import Page, Result
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
from contextline.types.erasing import ErasedAll, ErasedContext, LeftContext, LeftSession, LeftTask
from contextline.types.sessions import BranchedSession, BranchPoint, DeletedSession, Session
from contextline.types.system import HealthReport, ProjectionStatus
from contextline.types.tasks import Task, TaskTree, TreeTask

__all__ = [
    "BranchPoint",
    "BranchedSession",
    "Context",
    "Deleted",
    "DeletedSession",
    "DiffResult",
    "ErasedAll",
    "ErasedContext",
    "HealthReport",
    "HistoryEntry",
    "HistoryPage",
    "LeftContext",
    "LeftSession",
    "LeftTask",
    "Page",
    "ProjectionStatus",
    "Result",
    "RolledBack",
    "Session",
    "Stored",
    "Task",
    "TaskTree",
    "TreeTask",
    "Updated",
    "Version",
]
