"""Fills sentences and makes ids, instants, names and addresses, all from one random source."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from string import ascii_letters, digits
from uuid import UUID

from scripts.made_events import sentences, words

_POOLS = {
    "product": words.PRODUCTS,
    "colour": words.COLOURS,
    "size": words.SIZES,
    "city": words.CITIES,
    "noun": words.NOUNS,
    "verb": words.VERBS,
    "service": words.SERVICES,
    "module": words.MODULES,
    "topic": words.TOPICS,
    "status": words.STATUSES,
    "payment": words.PAYMENTS,
    "membership": words.MEMBERSHIPS,
    "weekday": words.WEEKDAYS,
    "last": words.LAST_NAMES,
    "error": words.ERRORS,
}


class Filler:
    """What is made follows from the seed alone."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._makers = self._made()
        # Code has braces of its own: only known names are slots.
        self._slots = re.compile(r"\{(" + "|".join([*_POOLS, *self._makers]) + r")\}")

    def pick(self, choices: tuple[str, ...]) -> str:
        """One of them, filled."""
        return self.fill(self.random.choice(choices))

    def several(self, choices: tuple[str, ...], least: int, most: int, between: str = " ") -> str:
        """Some of them, filled, one after the other."""
        chosen = self.random.sample(choices, min(self.random.randint(least, most), len(choices)))
        return between.join(self.fill(one) for one in chosen)

    def fill(self, text: str) -> str:
        """With something in each slot."""
        return self._slots.sub(lambda found: self._slot(found[1]), text)

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share

    def letters(self, length: int, of: str = ascii_letters + digits) -> str:
        """Random ones, as ids have."""
        return "".join(self.random.choices(of, k=length))

    def uuid(self) -> str:
        """A random one, in its usual form."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def instant(self) -> str:
        """RFC 3339, in UTC, with or without parts of a second."""
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.random.randrange(10**11))
        return moment.isoformat(timespec=self.random.choice(("seconds", "milliseconds"))).replace("+00:00", "Z")

    def date(self) -> str:
        """Such as 2025-03-14."""
        return self.instant()[:10]

    def first(self) -> str:
        """A first name."""
        return self.random.choice(words.FIRST_NAMES)

    def user(self) -> str:
        """A user's id."""
        name = f"{self.first().lower()}_{self.random.choice(words.LAST_NAMES).lower()}"
        return self.random.choice(
            (f"{name}_{self.random.randrange(1000, 9999)}", f"user-{self.random.randrange(9999)}")
        )

    def identifier(self) -> str:
        """An order's or a booking's."""
        return self.random.choice(
            (
                f"A-{self.letters(7, digits)}",
                self.letters(6, "ABCDEFGHJKLMNPQRSTUVWXYZ123456789"),
                f"ORD-{self.letters(6, digits)}",
            )
        )

    def amount(self) -> float:
        """A price, to the cent."""
        return round(self.random.choice((1, 10, 100)) * self.random.uniform(0.5, 9.99), 2)

    def _slot(self, name: str) -> str:
        return self.random.choice(_POOLS[name]) if name in _POOLS else self._makers[name]()

    def _made(self) -> dict[str, Callable[[], str]]:
        return {
            "thing": lambda: self.pick(sentences.THINGS),
            "first": self.first,
            "user": self.user,
            "id": self.identifier,
            "date": self.date,
            "day": lambda: f"{self.random.choice(words.MONTHS)} {self.random.randint(1, 28)}",
            "time": lambda: f"{self.random.randint(0, 23):02}:{self.random.randrange(0, 60, 5):02}",
            "amount": lambda: f"{self.amount():g}",
            "count": lambda: str(self.random.randint(2, 60)),
            "four": lambda: self.letters(4, digits),
            "zip": lambda: self.letters(5, digits),
            "email": lambda: f"{self.first().lower()}.{self.random.choice(words.LAST_NAMES).lower()}@example.com",
        }
