"""What names elements: paths, and the keys that are made of them."""

from __future__ import annotations

import hashlib
import re

from domain.capture.elements import Code, Element, Environment, File
from domain.capture.languages import is_file_suffix, suffix_of
from domain.contexts.identity import MAX_LENGTH

PREFIX = "capture/"
"""Of the keys of all captured elements."""

MAX_PATH = 1024
"""Of a path, in Unicode code points."""

_DIGEST = 16
_WORD = re.compile(r"[^\s`'\"<>()\[\]{},;:|*?!]+")
_PATH = re.compile(r"(?:[\w.@~+-]*/)*[\w.@~+-]+\.[A-Za-z][A-Za-z0-9]{0,9}")
_WINDOWS = re.compile(r"[A-Za-z]:\\|[^/]*\\")


def normalize(path: str) -> str:
    """A path without what makes two of one: `./`, `//`, a trailing slash, `a/../`, and backslashes of Windows.

    A path is a name here: nothing is opened, links are not followed, and what leads out of its root stays as it is.
    """
    if "/" not in path and _WINDOWS.match(path):
        path = path.replace("\\", "/")
    root = "/" if path.startswith("/") else ""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part == ".." and root:
            continue
        elif part not in ("", "."):
            parts.append(part)
    return root + "/".join(parts) or "."


def directory(path: str) -> str:
    """The directory that a normalized path is in: "." for the one that relative paths begin at."""
    head, slash, _ = path.rpartition("/")
    if head:
        return head
    return "/" if slash else "."


def key_of(element: Element) -> str:
    """The key of an element's context. Those that would be too long end in a hash of what they would be."""
    if isinstance(element, File):
        key = f"{PREFIX}file/{element.path}"
    elif isinstance(element, Code):
        name = ".".join(part for part in (element.class_name, element.function) if part)
        key = f"{PREFIX}code/{element.path}" + (f"#{name}" if name else "")
    elif isinstance(element, Environment):
        key = f"{PREFIX}environment"
    else:
        key = f"{PREFIX}task/{element.name}"
    if len(key) <= MAX_LENGTH:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGEST]
    return f"{key[: MAX_LENGTH - _DIGEST - 1]}~{digest}"


def features_of(element: Element) -> tuple[str, ...]:
    """What can be filtered by: `path:`, `directory:`, `language:` and `symbol:`, as far as they are short enough."""
    features: list[str] = []
    if isinstance(element, File | Code):
        features += [f"path:{element.path}", f"directory:{directory(element.path)}"]
        if element.language:
            features.append(f"language:{element.language}")
    if isinstance(element, Code):
        features += [f"symbol:{name}" for name in (element.class_name, element.function) if name]
    return tuple(feature for feature in features if len(feature) <= 256)


def paths_in(text: str) -> tuple[str, ...]:
    """The words of a text that look like files: `src/plan.py`, `README.md`; "e.g." is none."""
    words = (word.rstrip(".") for word in _WORD.findall(text))
    named = (word for word in words if len(word) <= MAX_PATH and _PATH.fullmatch(word))
    return tuple(dict.fromkeys(normalize(word) for word in named if "/" in word or is_file_suffix(suffix_of(word))))
