"""How elements are related, and how strongly: a function of what they are, so that it is never out of date.

| between | strength | where |
|---|---|---|
| file and file | 0.8 | one imports the other, or both are in one directory |
| code and code | 0.9 | one calls the other |
| task and file | 1.0 | the task names the file |
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from domain.capture.elements import Code, Element, File, Task
from domain.capture.naming import directory, normalize

FILE_FILE, CODE_CODE, TASK_FILE = 0.8, 0.9, 1.0

MOST = 50
"""Relationships of one kind that one element begins: of a directory with a thousand files not a million are told."""

_SUFFIXES = re.compile(r"\.(d\.ts|[A-Za-z]+)$")
_INDEX = re.compile(r"/(__init__\.pyi?|index\.[a-z]+|mod\.rs)$")
_MODULE = re.compile(r"(?:::|/|(?<=[^./])\.(?=[^./]))")


class Relationship(NamedTuple):
    """Of two elements, by their keys. `kind`: imports, directory, calls or names."""

    start: str
    end: str
    kind: str
    strength: float


def relate(elements: Mapping[str, Element]) -> list[Relationship]:
    """All relationships among elements, by their keys: the strongest first, then by key."""
    files = {key: element for key, element in elements.items() if isinstance(element, File)}
    code = {key: element for key, element in elements.items() if isinstance(element, Code)}
    tasks = {key: element for key, element in elements.items() if isinstance(element, Task)}
    found: dict[tuple[str, str], Relationship] = {}
    for relationship in [*_imports(files), *_directories(files), *_calls(code), *_names(tasks, files)]:
        start, end = relationship[:2]
        if start != end:
            # The first that is found of two tells more: an import more than a directory.
            found.setdefault((min(start, end), max(start, end)), relationship)
    return sorted(found.values(), key=lambda each: (-each.strength, each.start, each.end))


def strengths(relationships: Iterable[Relationship]) -> dict[str, float]:
    """The mean strength of the relationships of each element that has any."""
    of: dict[str, list[float]] = defaultdict(list)
    for relationship in relationships:
        of[relationship.start].append(relationship.strength)
        of[relationship.end].append(relationship.strength)
    return {key: sum(values) / len(values) for key, values in of.items()}


def _imports(files: Mapping[str, File]) -> Iterable[Relationship]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for key, file in files.items():
        for name in _module_names(file.path):
            by_name[name].append(key)
    for key, file in files.items():
        targets: dict[str, None] = {}
        for imported in file.imports:
            for name in _wanted(imported, file.path):
                if name in by_name:
                    targets |= dict.fromkeys(sorted(by_name[name]))
                    break
        for target in list(targets)[:MOST]:
            yield Relationship(key, target, "imports", FILE_FILE)


def _module_names(path: str) -> Iterable[str]:
    """The names by which a file can be imported: its path without suffix, and each end of it."""
    stem = _stem(path)
    parts = [part for part in stem.split("/") if part]
    yield stem
    for begin in range(max(1, len(parts) - 5), len(parts)):
        yield "/".join(parts[begin:])
    if parts:
        yield "/".join(parts)
    if path.endswith(".go"):
        # Go imports directories.
        parts.pop()
        for begin in range(len(parts)):
            yield "/".join(parts[begin:])


def _stem(path: str) -> str:
    """Without its suffix; of a file that stands for its directory, the directory."""
    return _INDEX.sub("", path) if _INDEX.search(path) else _SUFFIXES.sub("", path)


def _wanted(imported: str, path: str) -> Iterable[str]:
    """What an import can mean, the nearest first: `pkg.mod`, `.mod` and `..pkg.mod`, `./mod`, `crate::mod`."""
    here = directory(path)
    if imported.startswith(("./", "../")):
        yield _SUFFIXES.sub("", normalize(f"{here}/{imported}"))
        yield normalize(f"{here}/{imported}")
        return
    if imported.startswith("."):
        dots = len(imported) - len(imported.lstrip("."))
        rest = imported[dots:].replace(".", "/")
        yield normalize("/".join([here, *[".."] * (dots - 1), rest]))
        if "/" in rest:
            yield normalize("/".join([here, *[".."] * (dots - 1), rest.rpartition("/")[0]]))
        return
    host, slash, rest = imported.partition("/")
    if slash and "." in host:
        # The beginning is where it is published, its end where it is kept.
        while rest:
            yield rest
            rest = rest.partition("/")[2]
        return
    parts = [part for part in _MODULE.split(imported) if part and part not in ("crate", "self", "super")]
    whole = "/".join(parts)
    yield normalize(f"{here}/{whole}")
    # The last parts may name what is in a module, not the module.
    for end in range(len(parts), 0, -1):
        yield "/".join(parts[:end])


def _directories(files: Mapping[str, File]) -> Iterable[Relationship]:
    """Those of one directory: each with those beside it in the order of their paths, all of them up to some number."""
    by_directory: dict[str, list[str]] = defaultdict(list)
    for key, file in sorted(files.items(), key=lambda item: item[1].path):
        by_directory[directory(file.path)].append(key)
    for keys in by_directory.values():
        for index, key in enumerate(keys):
            for other in keys[index + 1 : index + 1 + MOST]:
                yield Relationship(key, other, "directory", FILE_FILE)


def _calls(code: Mapping[str, Code]) -> Iterable[Relationship]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for key, element in sorted(code.items()):
        if element.function:
            by_name[element.function.rpartition(".")[2]].append(key)
        elif element.class_name:
            by_name[element.class_name.rpartition(".")[2]].append(key)
    for key, element in code.items():
        targets: dict[str, None] = {}
        for call in element.calls:
            targets |= dict.fromkeys(_called(call, element, by_name, code))
        for target in list(targets)[:MOST]:
            yield Relationship(key, target, "calls", CODE_CODE)


def _called(call: str, caller: Code, by_name: Mapping[str, Sequence[str]], code: Mapping[str, Code]) -> Iterable[str]:
    """What a call means: what is nearest by that name. A method of something unknown means every one of that name."""
    owner, _, name = call.rpartition(".")
    found = by_name.get(name, ())
    if owner in ("self", "this", "cls") and caller.class_name:
        return [key for key in found if (code[key].path, code[key].class_name) == (caller.path, caller.class_name)]
    if not owner:
        found = [key for key in found if code[key].class_name is None or code[key].function is None]
    here = [key for key in found if code[key].path == caller.path]
    if here:
        return here
    # Of another file, only one that is imported: the imports of the piece itself, or the object's name.
    words = {word for imported in caller.imports for word in _MODULE.split(imported) if word}
    stem = {key: _stem(code[key].path).rpartition("/")[2] for key in found}
    return [key for key in found if stem[key] in words or name in words]


def _names(tasks: Mapping[str, Task], files: Mapping[str, File]) -> Iterable[Relationship]:
    by_path = {file.path: key for key, file in files.items()}
    for key, task in tasks.items():
        for path in task.files[:MOST]:
            if path in by_path:
                yield Relationship(key, by_path[path], "names", TASK_FILE)
