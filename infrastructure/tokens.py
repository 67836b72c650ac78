"""Counts tokens by a tokenizer of the caller's choice, read from a file: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from infrastructure.settings import SettingsError


class Tokenizer(Protocol):
    """Counts what a text costs a model."""

    def count(self, text: str) -> int:
        """Tokens of a text."""
        ...


class _FileTokenizer:
    def __init__(self, path: Path) -> None:
        try:
            from tokenizers import Tokenizer as Loaded
        except ImportError:
            raise SettingsError(
                "CONTEXTLINE_TOKENIZER_FILE is set, and the library that reads it is not installed: "
                "pip install 'contextline[tokens]'"
            ) from None
        try:
            self._tokenizer = Loaded.from_file(str(path))
        except Exception as error:  # the library raises plain exceptions
            raise SettingsError(f"CONTEXTLINE_TOKENIZER_FILE: {path} can't be used as a tokenizer: {error}") from None
        # What it is set to for training would count a long text as a short one.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def open_tokenizer(path: Path | None) -> Tokenizer | None:
    """The tokenizer of a file; None where none is set.

    Raises:
        SettingsError: the file can't be used.
    """
    return _FileTokenizer(path) if path else None
