"""What the process asks of the C library's allocator."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD = -3
LARGE_BLOCK = 1024 * 1024


def give_large_blocks_back() -> None:
    """Have blocks of a megabyte and more given back to the system when they are freed (glibc; nothing elsewhere).

    By itself glibc does so with blocks above 128 KiB, until the first of them is freed: from then on it keeps all that
    are not larger than that one, up to 32 MiB. After one document of 15 MiB a process held 49 MiB more than before, and
    holds 21 MiB more with this.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
