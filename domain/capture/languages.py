"""Which language a file is in, by its name."""

from __future__ import annotations

LANGUAGES: dict[str, str] = {
    "py": "python",
    "pyi": "python",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "typescript",
    "mts": "typescript",
    "cts": "typescript",
    "tsx": "tsx",
    "go": "go",
    "java": "java",
    "rs": "rust",
    "rb": "ruby",
    "c": "c",
    "h": "c",
    "cpp": "cpp",
    "hpp": "cpp",
    "cc": "cpp",
    "cs": "csharp",
    "kt": "kotlin",
    "php": "php",
    "sh": "shell",
    "sql": "sql",
    "html": "html",
    "css": "css",
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "xml": "xml",
    "md": "markdown",
}

_OTHERS = frozenset({"txt", "rst", "cfg", "conf", "ini", "csv", "lock", "log", "env", "ipynb", "proto", "swift"})
_DATA = frozenset({"json", "yaml", "toml", "xml", "markdown", "html", "css", "sql"})


def language_of(path: str) -> str | None:
    """By the suffix; None where it tells nothing."""
    return LANGUAGES.get(suffix_of(path))


def suffix_of(path: str) -> str:
    """The suffix in small letters, without its dot; empty where there is none."""
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    return suffix.lower() if stem else ""


def is_file_suffix(suffix: str) -> bool:
    """Whether it is usual for files, so that a word of a text that ends in it is taken for a file's name."""
    return suffix in LANGUAGES or suffix in _OTHERS


def is_code(language: str | None) -> bool:
    """Whether pieces of code can be in it; None, an unknown language, is not."""
    return language is not None and language not in _DATA
