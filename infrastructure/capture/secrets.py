"""What looks like a secret, by the rules of detect-secrets (https://github.com/Yelp/detect-secrets, Apache-2.0).

Its detectors' patterns are used by themselves: their settings are global to a process, and some detectors report a part
of what they match. Own rules stand beside them for what they leave: the names of variables, the lines of a private key
that follow its header, and lines that are too long to be looked through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.filters.heuristic import is_potential_uuid, is_sequential_string, is_templated_secret
from detect_secrets.plugins import keyword
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import (
    Base64HighEntropyString,
    HexHighEntropyString,
    HighEntropyStringsPlugin,
)
from detect_secrets.util.filetype import determine_file_type

from application.capturing.ports import Found

MAX_LINE = 10_000
"""Characters of a line that is looked through; a longer one is taken for a secret as a whole."""

_NOT_SECRET = frozenset({"Public IP (ipv4)", "Private Key"})
"""An address is no secret, and of a private key the detector finds its header alone."""

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [^\n-]*-----|.*)", re.DOTALL
)
_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORDS = frozenset(
    {
        "apikey",
        "auth",
        "bearer",
        "cookie",
        "cookies",
        "cred",
        "credential",
        "credentials",
        "creds",
        "dsn",
        "jwt",
        "key",
        "keys",
        "otp",
        "pass",
        "passcode",
        "passphrase",
        "passwd",
        "password",
        "pat",
        "private",
        "pwd",
        "salt",
        "secret",
        "secrets",
        "signature",
        "token",
        "tokens",
    }
)
_HARMLESS = frozenset({"PWD", "OLDPWD"})

_BARE = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{20,}(?![0-9A-Za-z])")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")


class SecretRules:
    """Implements `application.capturing.ports.SecretFinder`."""

    def __init__(self) -> None:
        kinds: dict[str, Any] = get_mapping_from_secret_type_to_class()
        self._patterns = [
            (pattern, name)
            for name, kind in sorted(kinds.items())
            if issubclass(kind, RegexBasedDetector) and name not in _NOT_SECRET
            for pattern in kind().denylist
        ]
        self._base64, self._hex = Base64HighEntropyString(4.5), HexHighEntropyString(3.0)

    def names_secret(self, name: str) -> bool:
        """Whether a variable of that name holds a secret, whatever it is."""
        return name not in _HARMLESS and any(part.lower() in _SECRET_WORDS for part in _NAME_PARTS.findall(name))

    def in_name(self, name: str) -> str | None:
        """The rule by which a path or a name holds a secret; None where it holds none."""
        rule = next((rule for pattern, rule in self._patterns if pattern.search(name)), None)
        if rule is None and any(map(self._is_random_word, _BARE.findall(name))):
            return self._base64.secret_type
        return rule

    def in_text(self, text: str, path: str = "", *, code: bool) -> list[Found]:
        """The places of a text that look like secrets, in order, none within another.

        In code a password counts where it is quoted, elsewhere also where it stands bare after its name. `path` tells
        the kind of file, if it is one's.
        """
        found = [Found(match.start(), match.end(), "Private Key") for match in _PRIVATE_KEY.finditer(text)]
        start = 0
        for line in text.splitlines(keepends=True):
            content = line.rstrip("\r\n")
            if len(content) > MAX_LINE:
                found.append(Found(start, start + len(content), "Line Too Long To Look Through"))
            elif content:
                found += [
                    Found(start + begin, start + end, rule) for begin, end, rule in self._in_line(content, path, code)
                ]
            start += len(line)
        return _merged(found)

    def _in_line(self, line: str, path: str, code: bool) -> Iterator[Found]:
        for pattern, rule in self._patterns:
            for match in pattern.finditer(line):
                yield Found(match.start(), match.end(), rule)
        for pattern, group in _keyword_patterns(path, code):
            for match in pattern.finditer(line):
                if not is_templated_secret(match[group]):
                    yield Found(match.start(group), match.end(group), keyword.KeywordDetector.secret_type)
        for plugin in (self._base64, self._hex):
            for match in plugin.regex.finditer(line):
                if self._is_random(match[2], plugin):
                    yield Found(match.start(2), match.end(2), plugin.secret_type)
        for match in _BARE.finditer(line):
            if self._is_random_word(match[0]):
                yield Found(match.start(), match.end(), self._base64.secret_type)
        for match in _HEX.finditer(line):
            if self._is_random(match[0], self._hex):
                yield Found(match.start(), match.end(), self._hex.secret_type)

    def _is_random_word(self, word: str) -> bool:
        # Not by the rule for hexadecimal ones: files and branches are named for hashes.
        return self._is_random(word, self._base64) and not _is_path(word)

    def _is_random(self, text: str, plugin: HighEntropyStringsPlugin) -> bool:
        if isinstance(plugin, HexHighEntropyString) and not set(text) <= set(plugin.charset):
            return False
        return (
            plugin.calculate_shannon_entropy(text) > plugin.entropy_limit
            and not is_sequential_string(text)
            and not is_potential_uuid(text)
        )


def _keyword_patterns(path: str, code: bool) -> list[tuple[re.Pattern[str], int]]:
    """The detector's patterns for that kind of file; for a plain text those of settings and those of code."""
    known = keyword.REGEX_BY_FILETYPE.get(determine_file_type(path))
    if known is None:
        known = keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
        if not code:
            known = keyword.CONFIG_DENYLIST_REGEX_TO_GROUP | known
    return list(known.items())


def _is_path(text: str) -> bool:
    return "/" in text and not any(_MIXED.match(part) for part in text.split("/"))


def _merged(found: list[Found]) -> list[Found]:
    """Places that overlap as one, under the rule of the one that begins first."""
    merged: list[Found] = []
    for place in sorted(found, key=lambda each: (each.start, -each.end)):
        if place.start == place.end:
            continue
        if merged and place.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, place.end))
        else:
            merged.append(place)
    return merged
