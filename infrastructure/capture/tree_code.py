"""Reads JavaScript, TypeScript, Go, Java and Rust by the grammars of tree-sitter (https://tree-sitter.github.io)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from time import monotonic
from typing import NamedTuple

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_rust
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from application.capturing.ports import Parsed
from infrastructure.capture.outline import Outline

PATIENCE = 0.5
"""Seconds for one text. Without a limit, what is no code at all can keep some grammars busy, with all of the memory, as
they look for what it could have been meant to be: 200 KB of `x=>` did in Java's."""

_CHUNK = 16 * 1024
_IDENTIFIERS = frozenset({"identifier", "type_identifier", "shorthand_property_identifier", "package_identifier"})
_ACCESS = {
    "member_expression": ("object", "property"),
    "selector_expression": ("operand", "field"),
    "field_expression": ("value", "field"),
    "scoped_identifier": ("path", "name"),
}
"""Nodes that name a thing by its owner: the fields of both."""

Import = tuple[str, tuple[str, ...]]


class _Rules(NamedTuple):
    """Node types of one grammar."""

    grammar: Callable[[], object]
    functions: frozenset[str]
    classes: frozenset[str]
    calls: dict[str, str]
    """And the field that says what is called."""
    imports: dict[str, Callable[[Node], Iterator[Import]]]


def _text(node: Node | None) -> str:
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


def _quoted(node: Node | None) -> str:
    return _text(node).strip("\"'`")


def _ecmascript_import(node: Node) -> Iterator[Import]:
    source = node.child_by_field_name("source")
    if source is not None:
        names = (_text(child) for child in _below(node) if child.type == "identifier")
        yield _quoted(source), tuple(dict.fromkeys(names))


def _go_import(node: Node) -> Iterator[Import]:
    path = _quoted(node.child_by_field_name("path"))
    yield path, (_text(node.child_by_field_name("name")) or path.rpartition("/")[2],)


def _java_import(node: Node) -> Iterator[Import]:
    name = re.sub(r"^import\s+(static\s+)?|\s+|;$", "", _text(node)).removesuffix(".*")
    yield name, (name.rpartition(".")[2],)


def _rust_import(node: Node) -> Iterator[Import]:
    argument = re.sub(r"\s+", " ", _text(node.child_by_field_name("argument")))
    prefix, brace, rest = argument.partition("{")
    # Of what is nested once more the beginning: it names the module.
    items = rest.rstrip("} ").split(",") if brace and "{" not in rest else [""]
    for item in items:
        name, _, alias = f"{prefix}{item}".replace(" as ", "\0").replace(" ", "").partition("\0")
        name = name.removesuffix("::*").removesuffix("::").removesuffix("::self")
        if name:
            yield name, (alias or name.rpartition("::")[2],)


_ECMASCRIPT = _Rules(
    grammar=tree_sitter_javascript.language,
    functions=frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
    classes=frozenset({"class_declaration", "abstract_class_declaration", "interface_declaration"}),
    calls={"call_expression": "function", "new_expression": "constructor"},
    imports={"import_statement": _ecmascript_import, "export_statement": _ecmascript_import},
)
RULES: dict[str, _Rules] = {
    "javascript": _ECMASCRIPT,
    "typescript": _ECMASCRIPT._replace(grammar=tree_sitter_typescript.language_typescript),
    "tsx": _ECMASCRIPT._replace(grammar=tree_sitter_typescript.language_tsx),
    "go": _Rules(
        grammar=tree_sitter_go.language,
        functions=frozenset({"function_declaration", "method_declaration"}),
        classes=frozenset({"type_spec"}),
        calls={"call_expression": "function"},
        imports={"import_spec": _go_import},
    ),
    "java": _Rules(
        grammar=tree_sitter_java.language,
        functions=frozenset({"method_declaration", "constructor_declaration"}),
        classes=frozenset({"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}),
        calls={"method_invocation": "name", "object_creation_expression": "type"},
        imports={"import_declaration": _java_import},
    ),
    "rust": _Rules(
        grammar=tree_sitter_rust.language,
        functions=frozenset({"function_item"}),
        classes=frozenset({"struct_item", "enum_item", "trait_item", "impl_item"}),
        calls={"call_expression": "function"},
        imports={"use_declaration": _rust_import},
    ),
}


def read_tree(text: str, language: str) -> Parsed:
    """What is in a text of one of these languages."""
    rules, root = RULES[language], _parse(text.encode(errors="replace"), language)
    if root is None:
        return Parsed(fault=f"not {language}, or it takes longer than {PATIENCE} seconds to find out")
    if root.has_error:
        line = next((node.start_point[0] + 1 for node in _below(root) if node.is_error or node.is_missing), None)
        return Parsed(fault=f"not {language}: invalid syntax" + (f" (line {line})" if line else ""))
    outline = Outline()
    pending: list[tuple[Node, int]] = [(root, 0)]
    while pending:
        node, owner = pending.pop()
        inner = owner
        first, last = node.start_point[0] + 1, node.end_point[0] + 1
        if node.type in rules.classes:
            if name := _text(node.child_by_field_name("name") or node.child_by_field_name("type")):
                # Rust's methods stand beside the type, in blocks of its name.
                inner = outline.open_class(owner, name.partition("<")[0], first, last)
        elif node.type in rules.functions or _is_function_value(node):
            if name := _text(node.child_by_field_name("name")):
                inner = outline.open_function(_receiver(outline, node, owner), name, first, last)
        elif node.type in rules.imports:
            for module, bound in rules.imports[node.type](node):
                outline.imports(owner, module, bound)
        elif node.type in rules.calls:
            _take_call(outline, owner, node, rules.calls[node.type])
        elif node.type in _IDENTIFIERS:
            outline.uses(owner, _text(node))
        pending += [(child, inner) for child in reversed(node.children)]
    return outline.parsed()


def _parse(text: bytes, language: str) -> Node | None:
    until = monotonic() + PATIENCE
    try:
        # A parser of its own: one that gave up goes on with the last text when it is given the next.
        tree = Parser(_grammar(language)).parse(
            lambda offset, _: text[offset : offset + _CHUNK], progress_callback=lambda *_: monotonic() > until
        )
    except ValueError:
        return None
    return tree.root_node


@cache
def _grammar(language: str) -> Language:
    return Language(RULES[language].grammar())


def _is_function_value(node: Node) -> bool:
    """`const run = () => …`"""
    value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
    return value is not None and value.type in ("arrow_function", "function_expression", "generator_function")


def _receiver(outline: Outline, node: Node, owner: int) -> int:
    """Go's methods stand beside the type that they are of."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return owner
    names = [_text(child) for child in _below(receiver) if child.type == "type_identifier"]
    line = node.start_point[0] + 1
    return outline.open_class(owner, names[0], line, line) if names else owner


def _take_call(outline: Outline, owner: int, node: Node, field: str) -> None:
    called = node.child_by_field_name(field)
    name = _dotted(called)
    if node.type == "method_invocation" and (of := node.child_by_field_name("object")) is not None:
        name = f"{whole}.{name}" if (whole := _dotted(of)) and name else None
    if name == "require":
        texts = [child for child in _below(node) if child.type == "string"]
        if texts:
            outline.imports(owner, _quoted(texts[0]), (_text((node.parent or node).child_by_field_name("name")),))
    elif name:
        outline.calls(owner, name)


def _dotted(node: Node | None) -> str | None:
    """`a`, `a.b`; None for what is called on a result or an item."""
    parts: list[str] = []
    while node is not None and node.type in _ACCESS:
        owner, name = _ACCESS[node.type]
        parts.append(_text(node.child_by_field_name(name)))
        node = node.child_by_field_name(owner)
    if node is None or node.child_count > 0:
        return None
    return ".".join([_text(node), *reversed(parts)])


def _below(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.children)
