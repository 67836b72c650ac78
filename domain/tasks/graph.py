"""Which tasks stand behind a task, by dependency or as its parents; and whether it would stand behind itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")
Links = Callable[[T], Iterable[str]]
"""From a task to the ids of those right behind it."""


def unknown(first: Iterable[str], known: Mapping[str, T], links: Links[T]) -> list[str]:
    """Of the tasks behind some, the ids of those that are not known; what is behind these can't be told yet."""
    seen = dict.fromkeys(first)
    waiting = list(seen)
    missing = []
    while waiting:
        task_id = waiting.pop()
        if task_id not in known:
            missing.append(task_id)
            continue
        new = [each for each in links(known[task_id]) if each not in seen]
        seen |= dict.fromkeys(new)
        waiting += new
    return missing


def cycle(task_id: str, first: Iterable[str], known: Mapping[str, T], links: Links[T]) -> list[str] | None:
    """The way from a task back to itself over those right behind it; both ends included. None if there is none."""
    came_from: dict[str, str] = {}
    waiting = []
    for each in first:
        if each == task_id:
            return [task_id, task_id]
        if came_from.setdefault(each, task_id) == task_id:
            waiting.append(each)
    while waiting:
        here = waiting.pop()
        for each in links(known[here]) if here in known else ():
            if each == task_id:
                return _way(task_id, here, came_from)
            if each not in came_from:
                came_from[each] = here
                waiting.append(each)
    return None


def _way(task_id: str, last: str, came_from: Mapping[str, str]) -> list[str]:
    way = [task_id, last]
    while way[-1] != task_id:
        way.append(came_from[way[-1]])
    return way[::-1]
