"""What a stream's trail tells of its keys."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports import Trace


def sealed_with(trail: Sequence[Trace]) -> list[bytes]:
    """The keys of what was stored since the last erasure."""
    erasures = [index for index, trace in enumerate(trail) if trace.destroyed is not None]
    since = trail[erasures[-1] + 1 :] if erasures else trail
    return list(dict.fromkeys(trace.key_id for trace in since if trace.key_id))


def clear_versions(trail: Sequence[Trace]) -> list[tuple[int, int]]:
    """The versions whose contents are in the clear, as ranges. An erasure itself has nothing to hide."""
    ranges: list[tuple[int, int]] = []
    for trace in trail:
        if trace.key_id or trace.destroyed is not None:
            continue
        if ranges and ranges[-1][1] == trace.version - 1:
            ranges[-1] = (ranges[-1][0], trace.version)
        else:
            ranges.append((trace.version, trace.version))
    return ranges
