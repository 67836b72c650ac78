"""Makes agent runs in the format of recorded ones, for a demo that needs no recording."""

from copy import deepcopy
from random import Random

from demo.made_desk import FIRST_NAMES, Desk, Json, open_desk
from demo.made_talk import Goal, Talk, book, cancel, change, greet, move, part

TRIALS = 4
SHARE_WON = 0.45
LONGEST = 40


def make_runs(count: int = 24, seed: int = 1) -> list[Json]:
    """`count` runs, four trials a task, 45 % of them won: the same ones for the same count and seed."""
    random = Random(seed)
    rewards = [1.0 if place < round(count * SHARE_WON) else 0.0 for place in range(count)]
    random.shuffle(rewards)
    runs: list[Json] = []
    while len(runs) < count:
        task_id = len(runs) // TRIALS
        first_name = FIRST_NAMES[task_id % len(FIRST_NAMES)]
        user_id = f"{first_name.lower()}_example_{1000 + task_id}"
        desk = open_desk(random, user_id, first_name)
        goals = _goals(random, desk)
        for trial, reward in enumerate(rewards[len(runs) : len(runs) + TRIALS]):
            # Every trial starts from the same records, and the agent changes its copy.
            talk = Talk(_fresh(desk), random)
            _play(talk, user_id, goals, well=reward == 1)
            while len(talk.messages) > LONGEST:
                talk = Talk(_fresh(desk), random)
                _play(talk, user_id, goals, well=reward == 1)
            task = {"user_id": user_id, "instruction": _instruction(first_name, user_id, goals), "actions": []}
            runs.append(
                {
                    "task_id": task_id,
                    "trial": trial,
                    "reward": reward,
                    "info": {"source": "made", "task": task},
                    "traj": talk.messages,
                }
            )
    return runs


def _fresh(desk: Desk) -> Desk:
    return Desk(deepcopy(desk.users), deepcopy(desk.reservations), desk.crossings)


def _goals(random: Random, desk: Desk) -> list[Goal]:
    """One or two wishes about different reservations, so that none undoes another."""
    flexible, fixed = desk.reservations
    first = random.choice(
        [move(desk, fixed), change(desk, fixed, "cabin", "window cabin"), cancel(desk, fixed)],
    )
    second = random.choice(
        [change(desk, flexible, "vehicle", random.choice(["car", "camper van"])), cancel(desk, flexible)],
    )
    crossing = random.choice(list(desk.crossings.values()))
    third = book(desk, {field: crossing[field] for field in ("origin", "destination", "day")})
    return random.sample([first, second, third], random.choice([1, 2, 2]))


def _play(talk: Talk, user_id: str, goals: list[Goal], *, well: bool) -> None:
    greet(talk, user_id, goals)
    spoiled = None if well else talk.random.choice(goals)
    for place, goal in enumerate(goals):
        if place:
            talk.say("assistant", "Is there anything else?", "What else can I do for you?", "Anything more today?")
            talk.say("user", f"Yes. {goal.opening}", f"One more thing. {goal.opening}", goal.opening)
        goal.play(talk, goal is not spoiled)
        if talk.messages[-1].get("name") == "transfer_to_human_agents":
            return
    part(talk)


def _instruction(first_name: str, user_id: str, goals: list[Goal]) -> str:
    wishes = " ".join(goal.instruction for goal in goals)
    return f"You are {first_name} Example, customer {user_id}. {wishes} Tell only what you are asked for."
