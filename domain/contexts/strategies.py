"""How conflicts are settled: the strategies, the rules by pointer, and the order in which `auto` tries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec

from domain.contexts.comparing import Settle, Settlement, missing
from domain.contexts.conflicts import Conflict
from domain.contexts.patches import parse_pointer
from domain.errors import Fault, InvalidInputError

Strategy = Literal["auto", "last_write_wins", "merge", "rule_based", "user_decides"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)

RuleTake = Literal["ours", "theirs", "max", "min", "union", "longer"]

MAX_PATTERNS = 64
"""Of rules and critical pointers together: each conflict is held against each of them."""

ANY = "*"
"""A token of a pattern that stands for any one name."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What to take at a place and everything below it. `pointer` is a JSON pointer in which a token may be `*`.

    `ours` and `theirs` fit everything; `max` and `min` two numbers; `union` two arrays; `longer` two strings or two
    arrays (of the same length: theirs). A rule that doesn't fit is passed over.
    """

    pointer: str
    take: RuleTake


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy, and what it goes by: `critical` are pointers as those of rules."""

    strategy: Strategy = "auto"
    rules: tuple[Rule, ...] = ()
    critical: tuple[str, ...] = ()


Pattern = list[str]


def settling(policy: Policy) -> Settle:
    """Who settles conflicts by a policy.

    Raises:
        InvalidInputError: a pointer is none, there are more than 64, or the strategy would not look at them.
    """
    rules, critical = _check(policy)

    def settle(conflict: Conflict) -> Settlement | None:
        match policy.strategy:
            case "user_decides":
                return None
            case "merge":
                return _merged(conflict) or _LAST
            case "rule_based":
                return _by_rule(conflict, rules) or _LAST
            case "auto":
                if critical and _is_critical(conflict, critical):
                    return None
                return _merged(conflict) or _by_rule(conflict, rules) or _LAST
        return _LAST

    return settle


_LAST = Settlement("last_write_wins", "theirs")


def _check(policy: Policy) -> tuple[list[tuple[Pattern, RuleTake]], list[Pattern]]:
    faults = []
    if policy.rules and policy.strategy not in ("auto", "rule_based"):
        faults.append(Fault("/options/rules", f"{policy.strategy} goes by no rules: use auto or rule_based"))
    if policy.critical and policy.strategy != "auto":
        faults.append(Fault("/options/critical", f"{policy.strategy} does not look at it: use auto"))
    if len(policy.rules) + len(policy.critical) > MAX_PATTERNS:
        faults.append(Fault("/options", f"at most {MAX_PATTERNS} rules and critical pointers together"))
    if faults:
        raise InvalidInputError(faults)
    rules = [
        (_pattern(rule.pointer, f"/options/rules/{index}/pointer"), rule.take)
        for index, rule in enumerate(policy.rules)
    ]
    return rules, [_pattern(pointer, f"/options/critical/{index}") for index, pointer in enumerate(policy.critical)]


def _pattern(pointer: str, place: str) -> Pattern:
    try:
        return parse_pointer(pointer)
    except ValueError as error:
        raise InvalidInputError.at(place, str(error)) from None


def _is_critical(conflict: Conflict, critical: Sequence[Pattern]) -> bool:
    """Whether it is at such a place, below one, or around one: who removes the whole removes that too."""
    path = parse_pointer(conflict.pointer)
    return any(_fits(pattern, path) for pattern in critical)


def _fits(pattern: Pattern, path: list[str]) -> bool:
    """Whether they are the same as far as the shorter one goes."""
    return all(token in (ANY, name) for token, name in zip(pattern, path, strict=False))


def _merged(conflict: Conflict) -> Settlement | None:
    # Two objects are never in conflict: what is in them is.
    return _union("merge", conflict)


def _union(strategy: str, conflict: Conflict) -> Settlement | None:
    """All items of two arrays, in order: ours, then those of theirs that ours has not, or has not as often."""
    if not isinstance(conflict.ours, list) or not isinstance(conflict.theirs, list):
        return None
    if not (more := missing(conflict.ours, conflict.theirs)):
        return Settlement(strategy, "ours")
    return Settlement(strategy, "value", conflict.ours + more)


def _by_rule(conflict: Conflict, rules: Sequence[tuple[Pattern, RuleTake]]) -> Settlement | None:
    if not rules:
        return None
    path = parse_pointer(conflict.pointer)
    for pattern, take in rules:
        if len(pattern) <= len(path) and _fits(pattern, path) and (found := _taken(conflict, take)):
            return found
    return None


def _taken(conflict: Conflict, take: RuleTake) -> Settlement | None:
    ours: Any = conflict.ours
    theirs: Any = conflict.theirs
    match take:
        case "ours" | "theirs":
            return Settlement("rule_based", take)
        case "max" if _are_numbers(ours, theirs):
            return Settlement("rule_based", "theirs" if theirs > ours else "ours")
        case "min" if _are_numbers(ours, theirs):
            return Settlement("rule_based", "theirs" if theirs < ours else "ours")
        case "union":
            return _union("rule_based", conflict)
        case "longer" if isinstance(ours, str | list) and type(ours) is type(theirs):
            return Settlement("rule_based", "ours" if len(ours) > len(theirs) else "theirs")
    return None


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
