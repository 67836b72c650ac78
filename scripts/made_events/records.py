"""Made records: what tools look up and agents keep."""

from __future__ import annotations

from typing import Any

from scripts.made_events import words
from scripts.made_events.filling import Filler

Json = dict[str, Any]


def record(made: Filler) -> tuple[str, str, Json]:
    """A kind, an id and what is known under it."""
    return made.random.choice((_user, _order, _booking, _ticket, _product, _invoice, _appointment))(made)


def address(made: Filler) -> Json:
    """Where someone lives."""
    return {
        "street": f"{made.random.randint(1, 999)} {made.random.choice(words.STREETS)}",
        "city": made.random.choice(words.CITIES),
        "country": made.random.choice(words.COUNTRIES),
        "postal_code": made.letters(5, "0123456789"),
    }


def search_results(made: Filler) -> list[Json]:
    """A few hits of one kind."""
    form = made.random.choice((_connection, _product_row))
    return [form(made) for _ in range(made.random.randint(0, 4))]


def _name(made: Filler) -> Json:
    return {"first_name": made.first(), "last_name": made.random.choice(words.LAST_NAMES)}


def _payment(made: Filler) -> Json:
    method = made.random.choice(words.PAYMENTS)
    found: Json = {"id": f"{method}_{made.letters(7, '0123456789')}", "source": method}
    if method.endswith("card"):
        found |= {"brand": made.random.choice(("visa", "mastercard")), "last_four": made.letters(4, "0123456789")}
    return found | ({"amount": made.random.randint(10, 500)} if made.chance(0.5) else {})


def _user(made: Filler) -> tuple[str, str, Json]:
    user = made.user()
    name = _name(made)
    methods = [_payment(made) for _ in range(made.random.randint(1, 3))]
    return (
        "user",
        user,
        {
            "user_id": user,
            "name": name,
            "email": f"{name['first_name'].lower()}@example.com",
            "phone": f"+1 555 {made.letters(7, '0123456789')}",
            "date_of_birth": f"19{made.random.randint(40, 99)}-{made.random.randint(1, 12):02}-17",
            "address": address(made),
            "membership": made.random.choice(words.MEMBERSHIPS),
            "payment_methods": {method["id"]: method for method in methods} if made.chance(0.5) else methods,
            "orders": [made.identifier() for _ in range(made.random.randint(0, 4))],
            "created_at": made.instant(),
        },
    )


def _order(made: Filler) -> tuple[str, str, Json]:
    identity = made.identifier()
    items = [_product_row(made) for _ in range(made.random.randint(1, 3))]
    total = round(sum(item["price"] for item in items), 2)
    return (
        "order",
        identity,
        {
            "order_id": identity,
            "user_id": made.user(),
            "status": made.random.choice(words.STATUSES),
            "items": items,
            "total": total,
            "currency": "USD",
            "shipping_address": address(made),
            "payment_history": [
                {"transaction_type": "payment", "amount": total, "payment_method_id": _payment(made)["id"]}
            ],
            "tracking_number": made.letters(12, "0123456789"),
            "created_at": made.instant(),
            "updated_at": made.instant(),
        },
    )


def _booking(made: Filler) -> tuple[str, str, Json]:
    identity = made.letters(6, "ABCDEFGHJKLMNPQRSTUVWXYZ123456789")
    return (
        "booking",
        identity,
        {
            "booking_id": identity,
            "user_id": made.user(),
            "origin": made.random.choice(words.CITIES),
            "destination": made.random.choice(words.CITIES),
            "type": made.random.choice(("one_way", "round_trip", "return")),
            "class": made.random.choice(("economy", "business", "first", "standard")),
            "connections": [_connection(made) for _ in range(made.random.randint(1, 3))],
            "travellers": [_name(made) for _ in range(made.random.randint(1, 3))],
            "payments": [_payment(made)],
            "luggage": made.random.randint(0, 4),
            "insurance": made.random.choice(("yes", "no")),
            "status": made.random.choice(("confirmed", "cancelled", "changed")),
        },
    )


def _connection(made: Filler) -> Json:
    return {
        "number": f"{made.letters(2).upper()}{made.letters(3, '0123456789')}",
        "origin": made.letters(3).upper(),
        "destination": made.letters(3).upper(),
        "date": made.date(),
        "departure_time": made.fill("{time}:00"),
        "arrival_time": made.fill("{time}:00"),
        "available": made.random.randint(0, 30),
        "prices": {"economy": made.random.randint(50, 300), "business": made.random.randint(200, 900)},
        "price": made.random.randint(30, 900),
    }


def _product_row(made: Filler) -> Json:
    return {
        "name": made.random.choice(words.PRODUCTS),
        "product_id": made.letters(10, "0123456789"),
        "price": made.amount(),
        "quantity": made.random.randint(1, 5),
        "available": made.chance(0.7),
        "options": {"color": made.random.choice(words.COLOURS), "size": made.random.choice(words.SIZES)},
    }


def _product(made: Filler) -> tuple[str, str, Json]:
    row = _product_row(made)
    return "product", row["product_id"], row | {"rating": round(made.random.uniform(1, 5), 1), "description": ""}


def _ticket(made: Filler) -> tuple[str, str, Json]:
    identity = f"TICKET-{made.random.randint(100, 9999)}"
    return (
        "ticket",
        identity,
        {
            "id": identity,
            "title": made.fill("The {service} service answers with errors"),
            "description": made.fill("Since {date} users see '{error}' when they open the {noun} page."),
            "priority": made.random.choice(("low", "medium", "high", "critical")),
            "status": made.random.choice(words.STATUSES),
            "assignee": made.first().lower(),
            "labels": ["bug", made.random.choice(words.SERVICES)],
            "comments": [
                {
                    "author": made.first(),
                    "body": made.fill("I can reproduce it on {weekday}."),
                    "created_at": made.instant(),
                }
            ],
        },
    )


def _invoice(made: Filler) -> tuple[str, str, Json]:
    identity = f"INV-{made.date()[:4]}-{made.letters(4, '0123456789')}"
    return (
        "invoice",
        identity,
        {
            "invoice_number": identity,
            "customer": f"{made.random.choice(words.LAST_NAMES)} Ltd",
            "lines": [{"description": "consulting", "quantity": 8, "unit_price": 95.0, "amount": 760.0}],
            "subtotal": 760.0,
            "tax": 144.4,
            "total": 904.4,
            "currency": "EUR",
            "due_date": made.date(),
            "paid": made.chance(0.5),
        },
    )


def _appointment(made: Filler) -> tuple[str, str, Json]:
    identity = made.uuid()
    return (
        "event",
        identity,
        {
            "id": identity,
            "summary": made.fill("Meeting with {first} about {topic}"),
            "location": made.random.choice((*words.CITIES, "online")),
            "start": {"dateTime": made.instant(), "timeZone": "Europe/Berlin"},
            "end": {"dateTime": made.instant(), "timeZone": "Europe/Berlin"},
            "attendees": [{"email": made.fill("{email}"), "responseStatus": "accepted"}],
            "description": None,
        },
    )
