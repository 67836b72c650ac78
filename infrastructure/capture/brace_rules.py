"""The keywords by which definitions are told from calls in languages with braces."""

from __future__ import annotations

from typing import NamedTuple


class Rules(NamedTuple):
    """The keywords of a language. `members`: a name and parentheses within a class begin a method."""

    functions: frozenset[str]
    classes: frozenset[str]
    keywords: frozenset[str]
    members: bool = False


ECMASCRIPT = Rules(
    frozenset({"function"}),
    frozenset({"class", "interface", "enum"}),
    frozenset(
        [
            "if",
            "for",
            "while",
            "switch",
            "catch",
            "return",
            "typeof",
            "await",
            "yield",
            "do",
            "else",
            "function",
            "new",
            "in",
            "of",
            "delete",
            "throw",
            "import",
            "export",
            "super",
            "case",
            "void",
            "instanceof",
            "as",
        ]
    ),
    members=True,
)
RULES: dict[str, Rules] = {
    "javascript": ECMASCRIPT,
    "typescript": ECMASCRIPT,
    "tsx": ECMASCRIPT,
    "go": Rules(
        frozenset({"func"}),
        frozenset({"type"}),
        frozenset(
            [
                "if",
                "for",
                "switch",
                "select",
                "return",
                "func",
                "go",
                "defer",
                "range",
                "map",
                "chan",
                "interface",
                "struct",
                "var",
                "const",
                "import",
            ]
        ),
    ),
    "java": Rules(
        frozenset(),
        frozenset({"class", "interface", "enum", "record"}),
        frozenset(
            [
                "if",
                "for",
                "while",
                "switch",
                "catch",
                "return",
                "new",
                "throw",
                "synchronized",
                "try",
                "else",
                "do",
                "super",
                "this",
                "assert",
                "case",
            ]
        ),
        members=True,
    ),
    "rust": Rules(
        frozenset({"fn"}),
        frozenset({"struct", "enum", "trait", "impl"}),
        frozenset(
            [
                "if",
                "for",
                "while",
                "match",
                "return",
                "let",
                "mut",
                "ref",
                "move",
                "loop",
                "in",
                "as",
                "fn",
                "unsafe",
                "pub",
                "where",
                "else",
                "use",
            ]
        ),
    ),
}
