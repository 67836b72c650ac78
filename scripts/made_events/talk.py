"""Made conversations: messages in the forms that model providers use, with tool calls and their results."""

from __future__ import annotations

import json
from typing import Any

from scripts.made_events import sentences, words
from scripts.made_events.filling import Filler
from scripts.made_events.records import record, search_results
from scripts.made_events.work import listing, shell_output, source

Json = dict[str, Any]


def conversation(made: Filler, turns: int) -> list[Json]:
    """Messages of one conversation, in one of the usual forms."""
    form = made.random.choice((chat, chat, chat, blocks, plain))
    return form(made, turns)


def chat(made: Filler, turns: int) -> list[Json]:
    """Role and content, with `tool_calls` whose arguments are JSON text."""
    messages: list[Json] = []
    if made.chance(0.6):
        messages.append({"role": "system", "content": rules(made)})
    messages.append({"role": "user", "content": made.several(sentences.USER_OPENS, 1, 2)})
    for _ in range(turns):
        if made.chance(0.55):
            name, arguments, result = tool_call(made)
            call_id = f"call_{made.letters(24)}"
            function = {"arguments": json.dumps(arguments), "name": name}
            if made.chance(0.5):
                function = {"name": name, "arguments": json.dumps(arguments)}
            call: Json = {"id": call_id, "function": function, "type": "function"}
            said = made.pick(sentences.AGENT_SAYS) if made.chance(0.2) else None
            asked: Json = {"content": said, "role": "assistant", "tool_calls": [call]}
            if made.chance(0.4):
                asked = {"role": "assistant", "content": said, "tool_calls": [call]}
            elif made.chance(0.4):
                asked["function_call"] = None
            messages.append(asked)
            messages.append({"role": "tool", "tool_call_id": call_id, "name": name, "content": result})
        else:
            said = made.several(sentences.AGENT_SAYS, 1, 3, made.random.choice((" ", "\n\n", "\n")))
            if made.chance(0.5):
                messages.append({"role": "assistant", "content": said})
            else:
                messages.append({"content": said, "role": "assistant", "tool_calls": None})
            messages.append({"role": "user", "content": made.several(sentences.USER_ANSWERS, 1, 2)})
    return messages


def blocks(made: Filler, turns: int) -> list[Json]:
    """Content as a list of blocks, tools used and answered by blocks of their own."""
    messages: list[Json] = [{"role": "user", "content": [{"type": "text", "text": made.pick(sentences.USER_OPENS)}]}]
    for _ in range(turns):
        content: list[Json] = [{"type": "text", "text": made.several(sentences.AGENT_SAYS, 1, 2)}]
        if made.chance(0.3):
            content.insert(0, {"type": "thinking", "thinking": made.several(sentences.THOUGHTS, 1, 2)})
        if made.chance(0.6):
            name, arguments, result = tool_call(made)
            use_id = f"toolu_{made.letters(24)}"
            content.append({"type": "tool_use", "id": use_id, "name": name, "input": arguments})
            answer: Json = {"type": "tool_result", "tool_use_id": use_id, "content": result, "is_error": False}
        else:
            answer = {"type": "text", "text": made.several(sentences.USER_ANSWERS, 1, 2)}
        messages.append({"role": "assistant", "content": content})
        messages.append({"role": "user", "content": [answer]})
    return messages


def plain(made: Filler, turns: int) -> list[Json]:
    """Who said what and when."""
    messages: list[Json] = []
    for turn in range(turns):
        for role, choices in (("user", sentences.USER_ANSWERS), ("assistant", sentences.AGENT_SAYS)):
            opens = sentences.USER_OPENS if role == "user" and not turn else choices
            message = {"role": role, "content": made.several(opens, 1, 2), "timestamp": made.instant()}
            messages.append(message | ({"id": made.uuid(), "model": made.random.choice(words.MODELS)} if turn else {}))
    return messages


def rules(made: Filler) -> str:
    """What a conversation begins with."""
    return made.several(sentences.RULES, 3, 8, made.random.choice(("\n\n", "\n", " ", "\n- ")))


def tool_call(made: Filler) -> tuple[str, Json, str]:
    """A tool's name, what it is called with, and what it answers."""
    return made.random.choice((_look_up, _look_up, _change, _search, _think, _file, _shell, _web, _sum, _hand_over))(
        made
    )


def _look_up(made: Filler) -> tuple[str, Json, str]:
    kind, identity, found = record(made)
    name = made.random.choice((f"get_{kind}_details", f"get_{kind}", f"find_{kind}", f"read_{kind}"))
    result = f"Error: {kind} not found" if made.chance(0.1) else json.dumps(found, ensure_ascii=made.chance(0.5))
    return name, {f"{kind}_id": identity}, result


def _change(made: Filler) -> tuple[str, Json, str]:
    kind, identity, found = record(made)
    verb = made.random.choice(("update", "cancel", "modify", "create", "book", "return", "exchange"))
    changes = {name: found[name] for name in made.random.sample(list(found), min(3, len(found)))}
    arguments = {f"{kind}_id": identity, **changes, "reason": made.random.choice(sentences.REASONS)}
    return f"{verb}_{kind}", arguments, json.dumps({**found, "status": made.random.choice(words.STATUSES)})


def _search(made: Filler) -> tuple[str, Json, str]:
    arguments = {"origin": made.letters(3).upper(), "destination": made.letters(3).upper(), "date": made.date()}
    if made.chance(0.5):
        arguments = {"query": made.random.choice(words.PRODUCTS), "limit": 10, "max_price": made.amount()}
    found = search_results(made)
    return made.random.choice(("search", "search_connections", "list_products")), arguments, json.dumps(found)


def _think(made: Filler) -> tuple[str, Json, str]:
    return "think", {"thought": made.several(sentences.THOUGHTS, 1, 3)}, ""


def _file(made: Filler) -> tuple[str, Json, str]:
    path, text = source(made)
    if made.chance(0.3):
        edit = {"path": path, "old_string": text[:80], "new_string": text[:120]}
        return "edit_file", edit, f"The file {path} has been updated successfully."
    return made.random.choice(("read_file", "view")), {"path": path, "start_line": 1, "end_line": 40}, text


def _shell(made: Filler) -> tuple[str, Json, str]:
    command, output = shell_output(made)
    return made.random.choice(("bash", "run_command", "execute")), {"command": command, "timeout": 120}, output


def _web(made: Filler) -> tuple[str, Json, str]:
    topic = made.random.choice(words.TOPICS)
    found = [
        {
            "title": f"{topic.capitalize()}: an introduction",
            "url": f"https://www.example.com/{topic.replace(' ', '-')}",
            "snippet": made.pick(sentences.AGENT_SAYS),
            "score": round(made.random.random(), 3),
        }
        for _ in range(made.random.randint(1, 3))
    ]
    return "web_search", {"query": topic, "max_results": 5}, json.dumps({"results": found})


def _sum(made: Filler) -> tuple[str, Json, str]:
    one, other = made.amount(), made.amount()
    return "calculate", {"expression": f"{one} + {other}"}, f"{one + other:.2f}"


def _hand_over(made: Filler) -> tuple[str, Json, str]:
    if made.chance(0.5):
        return "list_directory", {"path": "."}, listing(made)
    return "hand_over", {"summary": made.several(sentences.THOUGHTS, 1, 2)}, "A colleague will take over."
