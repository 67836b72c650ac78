"""Trains the dictionary that comes with the program, on made events alone: no person's text is in it.

python scripts/train_dictionary.py NUMBER    # writes infrastructure/payloads/dictionaries/NUMBER.zdict

One that was released is never written again, because payloads can only be read with its very bytes: a better one gets
the next number (up to 999) and becomes `SHIPPED` in infrastructure/payloads/compression.py. The old file stays.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from domain.catalogue import EVENTS, NAMES  # noqa: E402
from infrastructure.payloads.training import make_dictionary  # noqa: E402
from scripts.made_events.events import make_events  # noqa: E402

FOLDER = ROOT / "infrastructure" / "payloads" / "dictionaries"
SESSIONS, SEED = 2_000, 1
BYTES = 32 * 1024
"""Twice and half as many were tried on real agent runs, and were worse by 1 to 3 %."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].isdecimal() or not 1 <= int(arguments[0]) <= 999:
        print("name the number of the dictionary, from 1 to 999", file=sys.stderr)
        return 2
    path = FOLDER / f"{int(arguments[0]):04}.zdict"
    if path.exists():
        print(f"{path.relative_to(ROOT)} is there, and payloads may need it: take the next number", file=sys.stderr)
        return 1
    events = make_events(SESSIONS, SEED)
    if missing := EVENTS.keys() - {NAMES[type(event)] for event in events}:
        print(f"scripts/made_events makes none of {', '.join(sorted(missing))}: add them", file=sys.stderr)
        return 1
    samples = [msgspec.msgpack.encode(event) for event in events]
    content = make_dictionary(samples, BYTES)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(f"{path.relative_to(ROOT)}: {len(content):,} bytes from {len(samples):,} events, SHA-256 {digest}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
