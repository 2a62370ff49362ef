"""Vertex AI's rows for Gemini: contents with parts; completions or references beside them.

Source: Google Cloud's pages on supervised, preference and reinforcement tuning of Gemini.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import tool_calls_of, tools_of
from tuneful.data.columns.cells import (
    asked,
    is_list,
    is_object,
    items_in,
    json_in,
    number_of,
    object_in,
)
from tuneful.data.columns.chats import chat_row, system_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Preference, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.message import Turns
    from tuneful.data.rows import Row

SYSTEM = (("systeminstruction", "system_instruction"),)
NAMES = {"contents": (("contents",),), "system": SYSTEM, "tools": (("tools",),),
         "completions": (("completions",),), "references": (("references",),)}  # fmt: skip
SHAPE = 'Turns are {"role": "user", "parts": [{"text": "…"}]}, by user or model'
SCORED = 'Give two: {"score": 1, "completion": {…}} and {"score": 0, "completion": {…}}'


class GeminiFormat:
    """A column contents with roles user and model; completions make it preferences."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat", "preference", "prompt")
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = tuple(NAMES)
    wants: ClassVar[str] = "a column contents with lists of turns with parts"

    def detect(self, sample: Sample) -> Match | None:
        """The columns by name; which kind of rows they make is decided by what stands beside."""
        picked = {ours: sample.pick(ours, *names) for ours, names in NAMES.items()}
        found = {ours: name for ours, name in picked.items() if name}
        if "contents" not in found or not isinstance(
            json_in(sample.first(found["contents"])), list
        ):
            return None
        kind = "prompt" if "references" in found else "chat"
        kind = "preference" if "completions" in found else kind
        return Match(found, f"column {found['contents']!r} with lists of parts", kind)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Texts of a turn's parts are joined; calls and their responses keep their names."""
        del sample
        columns = match.columns

        def get(values: Mapping[str, Any], ours: str) -> object:
            return json_in(values.get(columns.get(ours, "")))

        def convert(values: Mapping[str, Any]) -> Converted:
            system = system_of(get(values, "system"), columns.get("system", ""))
            before = (Message("system", system),) if system else ()
            turns = (*before, *_turns(get(values, "contents")))
            tools = _tools(get(values, "tools"))
            if match.rows == "preference":
                if tools:
                    problem = "The row offers tools, which preference rows have no place for."
                    raise BadValue(problem, "Leave tools out of the row")
                chosen, rejected = _scored(get(values, "completions"))
                return Converted(Preference(turns, chosen, rejected), asked(turns))
            if match.rows == "prompt":
                right = _reference(get(values, "references"))
                return Converted(Prompt(turns, right, tools), asked(turns))
            return chat_row(Chat(turns, tools))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Rows of each kind as the platform's page for it has them."""
        assert isinstance(row, Chat | Preference | Prompt)
        turns = row.messages if isinstance(row, Chat) else row.prompt
        found = _contents(turns) | _declared(() if isinstance(row, Preference) else row.tools)
        if isinstance(row, Preference):
            answers = ((1, row.chosen), (0, row.rejected))
            if any(len(turns) > 1 for _, turns in answers):
                raise BadValue("An answer has several turns.", "Write it as preference")
            return found | {
                "completions": [{"score": s, "completion": _turn(turns[0])} for s, turns in answers]
            }
        if isinstance(row, Prompt):
            return found | {"references": {"answer": row.reference} if row.reference else {}}
        return found


def _turns(value: object) -> Turns:
    turns = enumerate(items_in(value), start=1)
    found = tuple(message for number, turn in turns for message in _messages(turn, number))
    if not found:
        raise BadValue("The contents are no list of turns.", SHAPE)
    return found


def _messages(turn: object, number: int) -> Iterator[Message]:
    """A turn as ours: what a turn says, or one message for each function's response."""
    known = object_in(turn)
    role, parts = known.get("role", "user"), known.get("parts")
    if role not in ("user", "model", "function") or not is_list(parts):
        raise BadValue(f"Turn {number} is by {role!r}, or has no parts.", SHAPE)
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in map(object_in, items_in(parts)):
        kind = next(iter(part), "")
        if part.get("thought"):
            raise BadValue(f"Turn {number} holds a thought.", "Leave out parts with thought: true")
        if kind == "text":
            texts.append(text_of(part["text"], "text"))
        elif kind == "functionCall":
            call = object_in(part["functionCall"])
            calls.append({"name": call.get("name"), "arguments": call.get("args") or {},
                          "id": call.get("id")})  # fmt: skip
        elif kind == "functionResponse":
            yield _response(object_in(part["functionResponse"]))
        else:
            raise BadValue(f"Turn {number} holds a part that is {kind!r}, no text.", SHAPE)
    if texts or calls:
        role = "assistant" if role == "model" else "user"
        yield Message(role, "".join(texts), tool_calls_of(calls or None, number))


def _response(known: Mapping[str, Any]) -> Message:
    said = known.get("response")
    inner = object_in(said)
    is_text = set(inner) == {"content"} and isinstance(inner["content"], str)
    text = inner["content"] if is_text else json.dumps(said, ensure_ascii=False)
    return Message("tool", text, (), str(known.get("name") or ""), str(known.get("id") or ""))


def _tools(value: object) -> tuple[dict[str, Any], ...]:
    names = ("functionDeclarations", "function_declarations")
    tools = [object_in(tool) for tool in items_in(value)]
    other = next((tool for tool in tools if not set(names) & set(tool)), None)
    if other is not None:
        problem = f"The tool {next(iter(other), 'nothing')!r} is no function."
        raise BadValue(problem, "Declare functions, in functionDeclarations")
    found = [made for tool in tools for name in names for made in items_in(tool.get(name))]
    return tools_of(found, "tools")


def _scored(value: object) -> tuple[Turns, Turns]:
    """The completion with the higher score, and the other."""
    listed = map(object_in, items_in(value))
    found = [
        (number_of(one.get("score"), "completions"), _turns([one.get("completion")]))
        for one in listed
    ]
    if len(found) != 2 or found[0][0] == found[1][0]:
        raise BadValue(f"The row has {len(found)} completions, or two with one score.", SCORED)
    found.sort(key=lambda one: -one[0])
    if any(turns[-1].role != "assistant" for _, turns in found):
        raise BadValue("A completion is not by the model.", SCORED)
    return found[0][1], found[1][1]


def _reference(value: object) -> str:
    """The one reference as text; several as a JSON object."""
    if is_object(value):
        known = object_in(value)
        value = next(iter(known.values())) if len(known) == 1 else known or None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value, "references")


def _contents(turns: Turns) -> dict[str, Any]:
    system, rest = "", turns
    if turns and turns[0].role == "system":
        system, rest = turns[0].content, turns[1:]
    if any(turn.role == "system" for turn in rest):
        raise BadValue("A system turn stands amid the conversation.", "Write it as chat")
    found = {"contents": [_turn(turn) for turn in rest]}
    said: dict[str, Any] = {"role": "system", "parts": [{"text": system}]}
    return {"systemInstruction": said, **found} if system else found


def _turn(turn: Message) -> dict[str, Any]:
    if turn.role == "tool":
        named = {"name": turn.name} | ({"id": turn.call_id} if turn.call_id else {})
        said = {**named, "response": {"content": turn.content}}
        return {"role": "user", "parts": [{"functionResponse": said}]}
    parts: list[dict[str, Any]] = [{"text": turn.content}] if turn.content else []
    for call in turn.tool_calls:
        named = {"id": call.id} if call.id else {}
        said = {**named, "name": call.name, "args": json.loads(call.arguments)}
        parts.append({"functionCall": said})
    role = "model" if turn.role == "assistant" else "user"
    return {"role": role, "parts": parts or [{"text": ""}]}


def _declared(tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not tools:
        return {}
    return {"tools": [{"functionDeclarations": [tool["function"] for tool in tools]}]}
