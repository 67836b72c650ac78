"""A made-up ferry line: its customers, its crossings, and the tools that its customer service has.

Nothing here exists. The tools check what they are given, so that an agent's mistakes come back as errors.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

Json = dict[str, Any]

FIRST_NAMES = (
    "Ada",
    "Bo",
    "Cleo",
    "Dara",
    "Emil",
    "Femi",
    "Gus",
    "Hana",
    "Ines",
    "Joon",
    "Kaia",
    "Lev",
    "Mina",
    "Noor",
)
PORTS = ("Alderwick", "Brinehaven", "Cobble Quay", "Driftmouth", "Eelsund")
SHIPS = ("MV Placeholder", "MV Specimen", "MV Lorem", "MV Sample")
DAYS = ("2031-06-03", "2031-06-04", "2031-06-05", "2031-06-06", "2031-06-07")
CABINS = {"seat": 0, "inside cabin": 48, "window cabin": 85}
VEHICLES = {"none": 0, "bicycle": 12, "car": 64, "camper van": 97}


class RefusedError(Exception):
    """What a tool says no with."""


@dataclass
class Desk:
    """The records that the tools of one run read and change."""

    users: dict[str, Json]
    reservations: dict[str, Json]
    crossings: dict[str, Json]
    booked: int = field(default=0)

    def call(self, tool: str, arguments: Json) -> str:
        """The tool's answer as an agent gets it: JSON, text, or a line that begins with Error."""
        tools: dict[str, Callable[..., Any]] = {
            "get_user_details": self.user,
            "get_reservation_details": self.reservation,
            "search_crossings": self.search,
            "book_reservation": self.book,
            "update_reservation_crossing": self.move,
            "update_reservation_cabin": self.change_cabin,
            "update_reservation_vehicle": self.change_vehicle,
            "cancel_reservation": self.cancel,
            "think": lambda thought: "",
            "transfer_to_human_agents": lambda summary: "A colleague will take over.",
        }
        try:
            answer = tools[tool](**arguments)
        except RefusedError as refusal:
            return f"Error: {refusal}"
        return answer if isinstance(answer, str) else json.dumps(answer)

    def user(self, user_id: str) -> Json:
        """The customer's record."""
        if user_id not in self.users:
            raise RefusedError(f"there is no customer {user_id}")
        return self.users[user_id]

    def reservation(self, reservation_id: str) -> Json:
        """The reservation's record."""
        if reservation_id not in self.reservations:
            raise RefusedError(f"there is no reservation {reservation_id}")
        return self.reservations[reservation_id]

    def search(self, origin: str, destination: str, day: str) -> list[Json]:
        """The crossings of a day, earliest first."""
        wanted = {"origin": origin, "destination": destination, "day": day}
        found = (crossing for crossing in self.crossings.values() if wanted.items() <= crossing.items())
        return sorted(found, key=lambda crossing: str(crossing["departs"]))

    def book(self, user_id: str, crossing: str, cabin: str, vehicle: str, payment_id: str) -> Json:
        """A new reservation, paid."""
        user, found = self.user(user_id), self._with_places(crossing)
        self._check_payment(user, payment_id)
        self.booked += 1
        reservation_id = f"NEW{self.booked:03}"
        self.reservations[reservation_id] = reservation = {
            "reservation_id": reservation_id,
            "user_id": user_id,
            "crossing": found,
            "cabin": cabin,
            "vehicle": vehicle,
            "price": found["price"] + CABINS[cabin] + VEHICLES[vehicle],
            "flexible": False,
            "payments": [payment_id],
            "status": "booked",
        }
        user["reservations"].append(reservation_id)
        return reservation

    def move(self, reservation_id: str, crossing: str, payment_id: str) -> Json:
        """The reservation on another crossing between the same ports."""
        reservation, found = self._open(reservation_id), self._with_places(crossing)
        if any(found[end] != reservation["crossing"][end] for end in ("origin", "destination")):
            raise RefusedError("a reservation cannot be moved to another route")
        return self._charge(reservation, payment_id, found["price"] - reservation["crossing"]["price"], crossing=found)

    def change_cabin(self, reservation_id: str, cabin: str, payment_id: str) -> Json:
        """The reservation with another cabin."""
        reservation = self._open(reservation_id)
        return self._charge(reservation, payment_id, CABINS[cabin] - CABINS[reservation["cabin"]], cabin=cabin)

    def change_vehicle(self, reservation_id: str, vehicle: str, payment_id: str) -> Json:
        """The reservation with another vehicle."""
        reservation = self._open(reservation_id)
        difference = VEHICLES[vehicle] - VEHICLES[reservation["vehicle"]]
        return self._charge(reservation, payment_id, difference, vehicle=vehicle)

    def cancel(self, reservation_id: str) -> Json:
        """The reservation, cancelled. Whether it may be is for the agent to judge."""
        reservation = self._open(reservation_id)
        reservation["status"] = "cancelled"
        return reservation

    def _open(self, reservation_id: str) -> Json:
        reservation = self.reservation(reservation_id)
        if reservation["status"] == "cancelled":
            raise RefusedError(f"{reservation_id} is cancelled")
        return reservation

    def _with_places(self, number: str) -> Json:
        if number not in self.crossings:
            raise RefusedError(f"there is no crossing {number}")
        if self.crossings[number]["places"] == 0:
            raise RefusedError(f"crossing {number} is full")
        return self.crossings[number]

    def _check_payment(self, user: Json, payment_id: str) -> None:
        if payment_id not in user["payment_methods"]:
            raise RefusedError(f"{payment_id} is not a payment method of this customer")

    def _charge(self, reservation: Json, payment_id: str, amount: int, **changes: Any) -> Json:
        self._check_payment(self.user(reservation["user_id"]), payment_id)
        reservation.update(changes, price=reservation["price"] + amount)
        reservation["payments"] = [*reservation["payments"], payment_id]
        return reservation


def open_desk(random: Random, user_id: str, first_name: str) -> Desk:
    """A desk with one customer, who has two reservations, and with the crossings of the week."""
    crossings: dict[str, Json] = {}
    for origin in PORTS:
        for destination in PORTS:
            for day in DAYS if origin != destination else ():
                for departs, price in (("07:40", 31), ("13:15", 44), ("20:50", 27)):
                    number = f"XF{len(crossings) + 101}"
                    crossings[number] = {
                        "crossing": number,
                        "ship": random.choice(SHIPS),
                        "origin": origin,
                        "destination": destination,
                        "day": day,
                        "departs": departs,
                        "price": price + random.randrange(0, 15),
                        "places": random.randrange(3, 60),
                    }
    card, voucher = f"card_{random.randrange(1000, 9999)}", f"voucher_{random.randrange(1000, 9999)}"
    reservations: dict[str, Json] = {}
    # The first may be cancelled with a refund, the second may not: tasks turn on it.
    for flexible, cabin in ((True, "inside cabin"), (False, "seat")):
        reservation_id = f"EX{random.randrange(1000, 9999)}{'FR'[len(reservations)]}"
        crossing = random.choice([crossing for crossing in crossings.values() if crossing["departs"] == "13:15"])
        reservations[reservation_id] = {
            "reservation_id": reservation_id,
            "user_id": user_id,
            "crossing": crossing,
            "cabin": cabin,
            "vehicle": "none",
            "price": crossing["price"] + CABINS[cabin],
            "flexible": flexible,
            "payments": [card],
            "status": "booked",
        }
    user = {
        "user_id": user_id,
        "name": f"{first_name} Example",
        "email": f"{first_name.lower()}@example.org",
        "payment_methods": [card, voucher],
        "reservations": list(reservations),
    }
    return Desk({user_id: user}, reservations, crossings)
