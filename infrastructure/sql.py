"""SQL statements live in .sql files, one purpose each."""

from __future__ import annotations

from pathlib import Path


def load(module_file: str, name: str) -> bytes:
    """The statement in `sql/NAME.sql` beside a module; bytes, because psycopg takes no built-up strings."""
    return (Path(module_file).parent / "sql" / f"{name}.sql").read_bytes()
