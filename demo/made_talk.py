"""Made-up conversations at the made-up ferry desk: what a customer asks for, and how the agent gets there or does not.

Each `Goal` plays one wish. With `well=False` the agent makes a mistake that a real one makes: it takes the wrong row of
a table, breaks a rule to please, or says that something is done which was refused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.made_desk import CABINS, VEHICLES, Desk, Json

POLICY = (
    "You answer for the made-up ferry line Example Ferries. Look the customer and the reservation up before you promise"
    " anything. Say what you are about to do and what it costs, and wait for a yes. Only flexible reservations can be"
    " cancelled. Take only payment methods that the customer's record holds. Hand over to a colleague when a wish is"
    " outside your tools, and only then."
)


@dataclass
class Talk:
    """A conversation as it is recorded."""

    desk: Desk
    random: Random
    messages: list[Json] = field(default_factory=list)

    def say(self, role: str, *wordings: str) -> None:
        """One of the wordings, said by `role`."""
        self.messages.append({"role": role, "content": self.random.choice(wordings)})

    def call(self, tool: str, **arguments: Any) -> Any:
        """The tool's result decoded, or None if it refused."""
        call_id = f"call_{len(self.messages):04}"
        function = {"name": tool, "arguments": json.dumps(arguments)}
        calls = [{"id": call_id, "type": "function", "function": function}]
        content = self.desk.call(tool, arguments)
        self.messages += [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": call_id, "name": tool, "content": content},
        ]
        return json.loads(content) if content.startswith(("{", "[")) else None

    def think(self, thought: str) -> None:
        """Agents write a note before some decisions, not before all."""
        if self.random.random() < 0.6:
            self.call("think", thought=thought)

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share


@dataclass(frozen=True)
class Goal:
    """A wish: what the customer was told to want, how it is said, and how it goes."""

    instruction: str
    opening: str
    play: Callable[[Talk, bool], None]
    reservation_id: str | None = None


def greet(talk: Talk, user_id: str, goals: list[Goal]) -> None:
    """Up to the point where the agent knows who is asking and about what."""
    talk.say("system", POLICY)
    talk.say("user", f"Hello. {goals[0].opening}", f"Hi there! {goals[0].opening}", goals[0].opening)
    talk.say(
        "assistant",
        "I can look into that. What is your customer id?",
        "Gladly. May I have your customer id first?",
        "Let me help with that. Which customer id is it under?",
    )
    if talk.chance(0.25):
        talk.say("user", f"It should be {user_id[:-1]}.", f"I think {user_id[:-1]}.")
        talk.call("get_user_details", user_id=user_id[:-1])
        talk.say("assistant", f"I find nobody under {user_id[:-1]}. Could a digit be missing at the end?")
        talk.say("user", f"Ah, you are right: {user_id}.")
    else:
        talk.say("user", f"{user_id}.", f"My id is {user_id}.", f"That would be {user_id}, thanks.")
    user = talk.call("get_user_details", user_id=user_id)
    wanted = {goal.reservation_id for goal in goals} - {None}
    # Without a number at hand every reservation is looked at.
    for reservation_id in user["reservations"]:
        if reservation_id in wanted or talk.chance(0.3):
            talk.call("get_reservation_details", reservation_id=reservation_id)


def part(talk: Talk) -> None:
    """The end of a conversation."""
    talk.say("user", "That was all, thank you.", "Thanks. Bye!", "No, nothing else.")


def give_up(talk: Talk, wish: str) -> None:
    """The agent hands over although it had the tool."""
    talk.say("assistant", f"I am afraid that I cannot {wish} from here. I will ask a colleague to take over.")
    talk.say("user", "Really? It worked last year. All right then.", "Hm. If there is no other way.")
    talk.call("transfer_to_human_agents", summary=f"The customer asks us to {wish}.")


def move(desk: Desk, reservation_id: str) -> Goal:
    """Another departure on the same day; done badly, it is the wrong one."""
    at = desk.reservations[reservation_id]["crossing"]
    route = {"origin": at["origin"], "destination": at["destination"], "day": at["day"]}

    def play(talk: Talk, well: bool) -> None:
        morning, _, evening = talk.call("search_crossings", **route)
        if not well and talk.chance(0.4):
            give_up(talk, f"move {reservation_id} to another departure")
            return
        talk.say(
            "assistant",
            f"On {at['day']} there are boats at 07:40 ({morning['price']} euros) and at 20:50 ({evening['price']} "
            f"euros); you are on the one at 13:15 ({at['price']} euros). Which one would you like?",
        )
        talk.say("user", "The evening one, please.", "20:50 suits me. What would it cost?", "Evening, as I said.")
        chosen = evening if well else morning
        amount = chosen["price"] - at["price"]
        talk.think(
            f"The customer wants the evening crossing. {chosen['crossing']} has {chosen['places']} places; "
            f"the difference is {chosen['price']} - {at['price']} = {amount} euros."
        )
        pays = f"{amount} euros are due" if amount >= 0 else f"{-amount} euros go back"
        talk.say("assistant", f"I would move {reservation_id} to {chosen['crossing']}; {pays}. Shall I?")
        talk.say("user", "Yes, please do.", "Yes, go ahead with my card.")
        _pay(talk, "update_reservation_crossing", reservation_id, crossing=chosen["crossing"])
        talk.say("assistant", f"Done: {reservation_id} is now on {chosen['crossing']}, {chosen['ship']}.")
        if not well and talk.chance(0.5):
            talk.say("user", "Wait, the confirmation says 07:40. That is not what I asked for.")
            talk.say("assistant", "I am sorry. It has just been changed, and I cannot see a way to undo it.")

    return Goal(
        f"You want {reservation_id} moved to the evening crossing of the same day. You pay by card.",
        f"I am booked on a crossing from {at['origin']} to {at['destination']}, {reservation_id}, and need to leave in "
        "the evening instead.",
        play,
        reservation_id,
    )


def change(desk: Desk, reservation_id: str, what: str, wanted: str) -> Goal:
    """Another cabin or vehicle; done badly, it is refused and called done, or never tried."""
    prices = CABINS if what == "cabin" else VEHICLES
    cost = prices[wanted] - prices[desk.reservations[reservation_id][what]]

    def play(talk: Talk, well: bool) -> None:
        if not well and talk.chance(0.5):
            give_up(talk, f"change the {what} of {reservation_id}")
            return
        talk.think(f"{reservation_id} is open. From its present {what} to {wanted} it is {cost} euros more.")
        talk.say(
            "assistant",
            f"A {wanted} on {reservation_id} comes to {cost} euros more. Shall I book it?",
            f"That is possible: {cost} euros on top for a {wanted}. May I charge your card?",
        )
        if talk.chance(0.3):
            talk.say("user", "Is that per person or for all of us?")
            talk.say("assistant", "For the reservation as a whole.")
        talk.say("user", "Yes, please.", "That is fine, yes.", "Yes, charge it to the card on file.")
        tool = f"update_reservation_{what}"
        if well:
            _pay(talk, tool, reservation_id, **{what: wanted})
        else:
            talk.call(tool, reservation_id=reservation_id, payment_id="card_on_file", **{what: wanted})
        talk.say("assistant", f"All set: {reservation_id} has a {wanted} now.", f"Your {wanted} is booked.")

    return Goal(
        f"You want a {wanted} on {reservation_id}, and pay what it costs by card.",
        f"Could I have a {wanted} on my reservation {reservation_id}?",
        play,
        reservation_id,
    )


def cancel(desk: Desk, reservation_id: str) -> Goal:
    """A cancellation that the rules allow or not; done badly, the agent decides the other way."""
    flexible = desk.reservations[reservation_id]["flexible"]
    price = desk.reservations[reservation_id]["price"]

    def play(talk: Talk, well: bool) -> None:
        talk.think(
            f"{reservation_id} is {'flexible' if flexible else 'not flexible'}. Only flexible ones can be cancelled."
        )
        if flexible is well:
            talk.say("assistant", f"I can cancel {reservation_id} and refund {price} euros. Is that what you want?")
            talk.say("user", "Yes, cancel it.", "Yes please. We cannot travel that week.")
            talk.call("cancel_reservation", reservation_id=reservation_id)
            talk.say("assistant", f"{reservation_id} is cancelled; the refund takes a few days.")
            return
        talk.say("assistant", f"I am sorry, {reservation_id} was not booked as flexible, so it cannot be cancelled.")
        talk.say("user", "Not even this once? My plans changed.", "But I was told that it could be!")
        talk.say("assistant", "I understand, but it stays as it was booked. I can move it to another crossing.")
        talk.say("user", "No, then leave it as it is.", "All right. Leave it.")

    return Goal(
        f"You want {reservation_id} cancelled. If it cannot be, you leave it as it is.",
        f"I have to cancel {reservation_id}, please.",
        play,
        reservation_id,
    )


def book(desk: Desk, route: Json) -> Goal:
    """A new reservation on the cheapest crossing of a day; done badly, it is not the cheapest."""

    def play(talk: Talk, well: bool) -> None:
        found = talk.call("search_crossings", **route)
        lines = "\n".join(f"- {each['departs']} {each['crossing']}, {each['price']} euros" for each in found)
        talk.say("assistant", f"These leave on {route['day']}:\n{lines}\nWhich one, and do you bring a vehicle?")
        talk.say("user", "The cheapest one, just me and a bicycle.", "Whatever costs least. I have a bicycle.")
        by_price = sorted(found, key=lambda crossing: int(crossing["price"]))
        chosen = by_price[0 if well else -1]
        talk.think(f"Cheapest of {len(found)}: {chosen['crossing']} at {chosen['price']}. A bicycle is 12 euros.")
        total = chosen["price"] + VEHICLES["bicycle"]
        talk.say("assistant", f"{chosen['crossing']} with a seat and a bicycle is {total} euros. Shall I book it?")
        talk.say("user", "Yes, by card.", "Please do.")
        (user,) = talk.desk.users.values()
        booked = talk.call(
            "book_reservation",
            user_id=user["user_id"],
            crossing=chosen["crossing"],
            cabin="seat",
            vehicle="bicycle",
            payment_id=user["payment_methods"][0],
        )
        talk.say("assistant", f"It is booked: your reservation is {booked['reservation_id']}.")

    return Goal(
        f"You want the cheapest crossing from {route['origin']} to {route['destination']} on {route['day']}, with a "
        "bicycle and no cabin.",
        f"I would like to go from {route['origin']} to {route['destination']} on {route['day']}.",
        play,
    )


def _pay(talk: Talk, tool: str, reservation_id: str, **changes: str) -> None:
    """The change, paid by card; now and then the agent guesses the card's id first and has to look it up."""
    (user,) = talk.desk.users.values()
    if talk.chance(0.3):
        talk.call(tool, reservation_id=reservation_id, payment_id="card_on_file", **changes)
        talk.think("The payment id has to be one of the ids in the customer's record; I made one up.")
        talk.call("get_user_details", user_id=user["user_id"])
    talk.call(tool, reservation_id=reservation_id, payment_id=user["payment_methods"][0], **changes)
