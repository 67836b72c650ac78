"""Reads code by its language."""

from __future__ import annotations

from application.capturing.ports import Parsed
from infrastructure.capture.brace_code import read_braces
from infrastructure.capture.brace_rules import RULES
from infrastructure.capture.python_code import read_python

LANGUAGES = ("python", *RULES)
"""Those that can be read."""


class Readers:
    """Implements `application.capturing.ports.CodeReader`."""

    def read(self, text: str, language: str | None) -> Parsed:
        """What is in a text of that language."""
        if language == "python":
            return read_python(text)
        if language in RULES:
            return read_braces(text, language)
        return Parsed(fault=f"there are no rules for {language or 'it'}; there are for {', '.join(LANGUAGES)}")
