"""JSON Patch (RFC 6902) and JSON Pointer (RFC 6901) on values that are never changed in place.

Every change of a context is recorded as such a patch, whatever way it was asked for, so that folding knows one
operation only, and the history's diff is what was recorded. Applying copies the containers on the path and shares the
rest: a patch of a large document costs its depth, not its size, and older states stay as they were.
Why not a library: docs/decisions/0004-json-patch.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.errors import ChangeDoesNotApplyError, InvalidInputError
from domain.values import MAX_DEPTH, Json, equal, escape, identical

Operation = dict[str, Json]
"""One operation of a patch as RFC 6902 writes it: {"op", "path", "value" or "from"}."""

_NEEDS = {"add": "value", "replace": "value", "test": "value", "remove": None, "move": "from", "copy": "from"}
_BAD_ESCAPE = re.compile(r"~(?![01])")

MAX_COPIED = 16 * 1024 * 1024
"""Bytes, roughly, that the copy operations of one new patch may copy: no more than a request could have brought."""


def parse_pointer(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer.

    Raises:
        ValueError: it doesn't begin with "/", or holds a "~" that is neither "~0" nor "~1".
    """
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError('a JSON pointer is empty or begins with "/"')
    if "~" not in pointer:
        return pointer[1:].split("/")
    if _BAD_ESCAPE.search(pointer):
        raise ValueError('in a JSON pointer "~" is written "~0", and "/" within a name "~1"')
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def parse_patch(patch: Json, pointer: str = "") -> list[Operation]:
    """Check that a value is a JSON Patch, and drop the members that RFC 6902 says to ignore.

    Raises:
        InvalidInputError: it is not; `pointer` leads to it.
    """
    if not isinstance(patch, list):
        raise InvalidInputError.at(pointer, "a JSON Patch is an array of operations (RFC 6902)")
    return [_parse_operation(operation, f"{pointer}/{index}") for index, operation in enumerate(patch)]


def _parse_operation(operation: Json, pointer: str) -> Operation:
    if not isinstance(operation, dict):
        raise InvalidInputError.at(pointer, "an operation is an object (RFC 6902)")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _NEEDS:
        raise InvalidInputError.at(f"{pointer}/op", f"must be one of {', '.join(_NEEDS)}")
    parsed = {"op": name, "path": _parse_member(operation, "path", pointer)}
    needed = _NEEDS[name]
    if needed == "from":
        parsed["from"] = _parse_member(operation, "from", pointer)
        if name == "move" and parsed["path"].startswith(parsed["from"] + "/"):
            raise InvalidInputError.at(f"{pointer}/path", "a value can't be moved into itself")
    elif needed == "value":
        if "value" not in operation:
            raise InvalidInputError.at(f"{pointer}/value", f"{name} needs a value")
        parsed["value"] = operation["value"]
    if name == "remove" and parsed["path"] == "":
        raise InvalidInputError.at(f"{pointer}/path", "the whole document can't be removed; delete the context instead")
    if name == "move" and parsed["from"] == "" and parsed["path"] != "":
        raise InvalidInputError.at(f"{pointer}/from", "the whole document can't be moved into itself")
    return parsed


def _parse_member(operation: Operation, name: str, pointer: str) -> str:
    value = operation.get(name)
    if not isinstance(value, str):
        raise InvalidInputError.at(f"{pointer}/{name}", "must be a JSON pointer, written as a string")
    try:
        parse_pointer(value)
    except ValueError as error:
        raise InvalidInputError.at(f"{pointer}/{name}", str(error)) from None
    return value


def apply_patch(document: Json, patch: Sequence[Operation], max_copied: int | None = None) -> Json:
    """The document with all operations of a parsed patch applied; the one given stays as it was.

    A patch that was not recorded yet needs a limit on what it copies: by copying the whole into itself, thirty
    operations would make a billion values.

    Raises:
        ChangeDoesNotApplyError: an operation doesn't fit; it names the operation by index.
    """
    edit = _Edit(document, max_copied)
    for index, operation in enumerate(patch):
        try:
            edit.apply(operation)
        except _MisfitError as misfit:
            pointer = operation["from"] if isinstance(misfit, _NothingThereError) else operation["path"]
            raise ChangeDoesNotApplyError(pointer, str(misfit), index) from None
    return edit.document


class _MisfitError(Exception):
    """An operation doesn't fit the document."""


class _NothingThereError(_MisfitError):
    """What is to be moved or copied is not there."""


class _Edit:
    """One document under change. Containers that this edit made itself (`_own`, by identity) need no second copy."""

    def __init__(self, document: Json, max_copied: int | None) -> None:
        self.document, self._may_copy = document, max_copied
        self._own: dict[int, Json] = {}

    def apply(self, operation: Operation) -> None:
        tokens = parse_pointer(operation["path"])
        match operation["op"]:
            case "add":
                self._add(tokens, operation["value"])
            case "replace":
                self._replace(tokens, operation["value"])
            case "remove":
                self._remove(tokens)
            case "test":
                if not equal(self._find(tokens), operation["value"]):
                    raise _MisfitError("the value there is not the one tested for")
            case "move":
                source = parse_pointer(operation["from"])
                value = self._source(source)
                if source != tokens:
                    self._remove(source)
                    self._add(tokens, value)
            case "copy":
                value = self._source(parse_pointer(operation["from"]))
                if self._may_copy is not None:
                    self._may_copy -= _size(value, {})
                    if self._may_copy < 0:
                        raise _MisfitError("the patch copies too much")
                self._share(value)
                self._add(tokens, value)

    def _find(self, tokens: list[str]) -> Json:
        value = self.document
        for token in tokens:
            value = _child(value, token)
        return value

    def _source(self, tokens: list[str]) -> Json:
        try:
            return self._find(tokens)
        except _MisfitError as misfit:
            raise _NothingThereError(*misfit.args) from None

    def _writable_parent(self, tokens: list[str]) -> Json:
        """The container of the last token, with everything from the root to it made ours."""
        value = self.document = self._writable(self.document)
        for token in tokens[:-1]:
            child = self._writable(_child(value, token))
            if isinstance(value, list):
                value[_index(token, len(value))] = child
            else:
                value[token] = child
            value = child
        return value

    def _writable(self, value: Json) -> Json:
        if not isinstance(value, dict | list):
            raise _MisfitError("what the path goes through is neither an object nor an array")
        if id(value) in self._own:
            return value
        copy = value.copy()
        self._own[id(copy)] = copy
        return copy

    def _share(self, value: Json) -> None:
        """It will stand in two places, and a change of one must not show in the other: it is ours no more."""
        pending = [value]
        while pending:
            item = pending.pop()
            # What is ours hangs together: below what is not, nothing is.
            if self._own.pop(id(item), None) is not None:
                pending.extend(item.values() if isinstance(item, dict) else item)

    def _add(self, tokens: list[str], value: Json) -> None:
        if not tokens:
            self.document = value
            return
        parent, last = self._writable_parent(tokens), tokens[-1]
        if isinstance(parent, dict):
            parent[last] = value
        elif last == "-":
            parent.append(value)
        else:
            parent.insert(_index(last, len(parent) + 1), value)

    def _replace(self, tokens: list[str], value: Json) -> None:
        if not tokens:
            self.document = value
            return
        parent, last = self._writable_parent(tokens), tokens[-1]
        _child(parent, last)
        parent[last if isinstance(parent, dict) else int(last)] = value

    def _remove(self, tokens: list[str]) -> None:
        parent, last = self._writable_parent(tokens), tokens[-1]
        _child(parent, last)
        del parent[last if isinstance(parent, dict) else int(last)]


def _size(value: Json, known: dict[int, int], depth: int = 1) -> int:
    """Bytes, roughly, that a value takes when it is written. What stands in several places is looked at once."""
    if isinstance(value, str):
        return 8 + len(value)
    if not isinstance(value, dict | list):
        return 8
    size = known.get(id(value))
    if size is None:
        if depth > MAX_DEPTH:
            raise _MisfitError(f"what is to be copied is nested deeper than {MAX_DEPTH} levels")
        items = value.values() if isinstance(value, dict) else value
        size = 8 + sum(map(len, value)) if isinstance(value, dict) else 8
        size += sum([_size(item, known, depth + 1) for item in items])
        known[id(value)] = size
    return size


def _child(value: Json, token: str) -> Json:
    if isinstance(value, dict):
        if token not in value:
            raise _MisfitError(f"there is no member {token!r}")
        return value[token]
    if isinstance(value, list):
        return value[_index(token, len(value))]
    raise _MisfitError("what the path goes through is neither an object nor an array")


def _index(token: str, length: int) -> int:
    # RFC 6901, section 4: digits without leading zeros. isdecimal alone would let other scripts' digits in.
    if not (token.isascii() and token.isdecimal()) or (token[0] == "0" and len(token) > 1):
        raise _MisfitError(f"{token!r} is not an array index")
    if len(token) > 10 or int(token) >= length:
        raise _MisfitError(f"index {token} is outside the array")
    return int(token)


def diff(old: Json, new: Json, pointer: str = "") -> list[Operation]:
    """A patch that turns one value into the other exactly: `apply_patch(old, diff(old, new))` is identical to new.

    Objects are compared member by member; of arrays, what is alike at both ends stays and the middle is compared by
    index. It is short for how contexts grow (appending, changing members), not the shortest for every edit.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        operations: list[Operation] = [
            {"op": "remove", "path": f"{pointer}/{escape(name)}"} for name in old if name not in new
        ]
        for name, value in new.items():
            place = f"{pointer}/{escape(name)}"
            if name in old:
                operations += diff(old[name], value, place)
            else:
                operations.append({"op": "add", "path": place, "value": value})
        return operations
    if isinstance(old, list) and isinstance(new, list):
        return _diff_arrays(old, new, pointer)
    return [] if identical(old, new) else [{"op": "replace", "path": pointer, "value": new}]


def _diff_arrays(old: list[Json], new: list[Json], pointer: str) -> list[Operation]:
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and identical(old[start], new[start]):
        start += 1
    end = 0
    while end < shorter - start and identical(old[-1 - end], new[-1 - end]):
        end += 1
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    common = min(len(old_middle), len(new_middle))
    operations: list[Operation] = []
    for offset in range(common):
        operations += diff(old_middle[offset], new_middle[offset], f"{pointer}/{start + offset}")
    # From the back, so that the indices of those still to be removed stay right.
    operations += [
        {"op": "remove", "path": f"{pointer}/{start + offset}"} for offset in range(len(old_middle) - 1, common - 1, -1)
    ]
    for offset in range(common, len(new_middle)):
        at_end = end == 0
        place = "-" if at_end else str(start + offset)
        operations.append({"op": "add", "path": f"{pointer}/{place}", "value": new_middle[offset]})
    return operations
