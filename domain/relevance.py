"""How relevant a context is at an instant, for the tasks that are at hand.

score = 0.30 · time decay         0.95 for each hour since its last change
      + 0.20 · access boost       0.1 for each read, at most 0.5
      + 0.25 · relationships      the mean strength of its relationships · 0.3
      + 0.25 · task relevance     of the active task that it means most to

at most 1.0. The weights and steps are those of the specification (S7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from domain.capture.elements import Code, Element, File, Task
from domain.capture.naming import directory, normalize

DECAY_PER_HOUR = 0.95
BOOST_PER_ACCESS, MOST_BOOST = 0.1, 0.5
RELATIONSHIP_SHARE = 0.3
DIRECT, SHARED_FILE, SAME_AREA, SAME_PROJECT, NO_TASK = 1.0, 0.8, 0.6, 0.4, 0.5

_HOUR = timedelta(hours=1)


class ActiveTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is being worked on, as far as it tells what is relevant to it.

    `references` are keys and ids of contexts, `files` normalized paths, `code_area` a directory.
    """

    id: str
    references: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    code_area: str | None = None
    project: str | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a context is about. `names` are its own: its key, its id, the task that it is of."""

    names: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()


class Relevance(NamedTuple):
    """A score, 0 to 1, and the parts that it is made of, each before its weight."""

    score: float
    time_decay: float
    access_boost: float
    relationships: float
    task_relevance: float


def relevance(
    now: datetime,
    updated_at: datetime,
    accesses: int,
    mean_strength: float,
    about: About,
    tasks: Sequence[ActiveTask],
) -> Relevance:
    """The relevance of a context. `mean_strength` is 0 to 1, 0 for one without relationships.

    What was changed after `now`, by a clock that runs ahead, counts as changed just then.
    """
    decay = DECAY_PER_HOUR ** (max(now - updated_at, timedelta()) / _HOUR)
    boost = min(BOOST_PER_ACCESS * accesses, MOST_BOOST)
    related = mean_strength * RELATIONSHIP_SHARE
    task = max((task_relevance(about, task) for task in tasks), default=NO_TASK)
    score = min(0.3 * decay + 0.2 * boost + 0.25 * related + 0.25 * task, 1.0)
    return Relevance(score, decay, boost, related, task)


def task_relevance(about: About, task: ActiveTask) -> float:
    """What a context means to one task, 0 to 1: the first that fits."""
    if not task.references.isdisjoint(about.names) or task.id in about.names:
        return DIRECT
    if not task.files.isdisjoint(about.files):
        return SHARED_FILE
    if task.code_area is not None and any(_is_within(area, task.code_area) for area in about.areas):
        return SAME_AREA
    if task.project is not None and task.project in about.projects:
        return SAME_PROJECT
    return 0.0


def _is_within(area: str, other: str) -> bool:
    return area == other or area.startswith(f"{other.rstrip('/')}/")


def about(
    key: str, public_id: str, features: Iterable[str], metadata: Mapping[str, Any], element: Element | None
) -> About:
    """What a context is about: by the element that it holds, its features and its metadata.

    Features that count are `path:`, `directory:` and `project:`; of the metadata `files` (a list of paths),
    `codeArea` (a directory), `project` and `taskId`.
    """
    names, files = {key, public_id}, set[str]()
    areas, projects = set[str](), set[str]()
    for feature in features:
        kind, _, value = feature.partition(":")
        if kind == "path":
            files.add(normalize(value))
        elif kind == "directory":
            areas.add(normalize(value))
        elif kind == "project":
            projects.add(value)
    if isinstance(element, File | Code):
        files.add(element.path)
    elif isinstance(element, Task):
        files.update(element.files)
        names.add(element.name)
    files.update(normalize(path) for path in _texts(metadata.get("files")))
    areas.update(normalize(area) for area in _texts(metadata.get("codeArea")))
    projects.update(_texts(metadata.get("project")))
    names.update(_texts(metadata.get("taskId")))
    areas.update(directory(path) for path in files)
    return About(names=frozenset(names), files=frozenset(files), projects=frozenset(projects), areas=frozenset(areas))


def captured_tasks(elements: Mapping[str, Element], projects: Mapping[str, str | None]) -> list[ActiveTask]:
    """The tasks among captured elements that are to be done yet. `projects` are the elements', by key."""
    return [
        ActiveTask(
            id=element.name,
            references=frozenset({key, *element.dependencies}),
            files=frozenset(element.files),
            code_area=_common(element.files),
            project=projects.get(key),
        )
        for key, element in elements.items()
        if isinstance(element, Task) and element.status in ("pending", "in_progress")
    ]


def _common(files: Sequence[str]) -> str | None:
    """The one directory of all of these files; None where there are several."""
    directories = {directory(path) for path in files}
    return directories.pop() if len(directories) == 1 else None


def _texts(value: Any) -> list[str]:
    """A text or a list of them; whatever else stands there is no one's path."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
