"""Bedrock's conversations (bedrock-conversation-2024): content in blocks, as Converse has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import named, tool_calls_of, tools_of
from tuneful.data.columns.cells import is_list, items_in, json_in, object_in
from tuneful.data.columns.chats import chat_row, system_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.rows import Row

SCHEMA = "bedrock-conversation-2024"
SHAPE = 'Turns are {"role": "user", "content": [{"text": "…"}]}'


class BedrockFormat:
    """Columns schemaVersion, system and messages whose content is a list of blocks."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages", "system", "toolConfig")
    wants: ClassVar[str] = f"columns schemaVersion ({SCHEMA}), messages, and system as needed"

    def detect(self, sample: Sample) -> Match | None:
        """By the schema's version, which every row of the form states."""
        is_said = str(sample.first("schemaVersion")).startswith("bedrock-conversation")
        messages = sample.pick("messages", ("messages",))
        if messages is None or not (is_said or sample.asked == "bedrock"):
            return None
        found = {"messages": messages}
        found |= {"schemaVersion": "schemaVersion"} if is_said else {}
        for ours in ("system", "toolConfig"):
            beside = sample.pick(ours, (ours.lower(),))
            found |= {ours: beside} if beside else {}
        return Match(found, f"schemaVersion {SCHEMA!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Texts of a turn's blocks are joined; each toolResult is a turn of its own."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            system = system_of(values.get(columns.get("system", "")), "system")
            before = (Message("system", system),) if system else ()
            turns = items_in(json_in(values.get(columns["messages"])))
            if not turns:
                raise BadValue("The messages are no list of turns.", SHAPE)
            said = [
                m for number, turn in enumerate(turns, start=1) for m in _messages(turn, number)
            ]
            config = json_in(values.get(columns.get("toolConfig", "")))
            row = chat_row(Chat((*before, *named(said)), _tools(config)))
            return row._replace(lost=tuple(_lost(turns, config)))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Results of tools that follow each other become one user's turn, as Converse wants it."""
        assert isinstance(row, Chat)
        turns = row.messages
        found: dict[str, Any] = {"schemaVersion": SCHEMA}
        if turns[0].role == "system":
            found["system"], turns = [{"text": turns[0].content}], turns[1:]
        messages: list[dict[str, Any]] = []
        before = ""
        for turn in turns:
            blocks, role = _blocks(turn), "assistant" if turn.role == "assistant" else "user"
            if turn.role == before == "tool":
                messages[-1]["content"] += blocks
            else:
                messages.append({"role": role, "content": blocks})
            before = turn.role
        return found | {"messages": messages} | _config(row.tools)


def _messages(turn: object, number: int) -> Iterator[Message]:
    known = object_in(turn)
    role, blocks = known.get("role"), known.get("content")
    if role not in ("user", "assistant") or not is_list(blocks):
        raise BadValue(f"Turn {number} is by {role!r}, or its content is no list.", SHAPE)
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in map(object_in, items_in(blocks)):
        kind = next(iter(block), "")
        if kind == "text":
            texts.append(text_of(block["text"], "text"))
        elif kind == "toolUse":
            use = object_in(block["toolUse"])
            calls.append({"name": use.get("name"), "arguments": use.get("input") or {},
                          "id": use.get("toolUseId")})  # fmt: skip
        elif kind == "toolResult":
            result = object_in(block["toolResult"])
            answered = str(result.get("toolUseId") or "")
            yield Message("tool", _result(result.get("content")), (), "", answered)
        else:
            raise BadValue(f"Turn {number} holds a block that is {kind!r}, no text.", SHAPE)
    if texts or calls:
        yield Message(role, "".join(texts), tool_calls_of(calls or None, number))


def _lost(turns: list[Any], config: object) -> Iterator[str]:
    """What is said beside tools and their results, and no row has a place for."""
    if "toolChoice" in object_in(config):
        yield "'toolChoice' of toolConfig"
    blocks = (object_in(block) for turn in turns for block in items_in(turn.get("content")))
    if any(object_in(block.get("toolResult")).get("status") == "error" for block in blocks):
        yield "'status' of toolResult"


def _result(value: object) -> str:
    """What a tool gave: texts, or JSON."""
    parts: list[str] = []
    for known in map(object_in, items_in(value)):
        text = known.get("text")
        parts.append(text if isinstance(text, str) else json.dumps(known.get("json")))
    return "".join(parts)


def _tools(value: object) -> tuple[dict[str, Any], ...]:
    found: list[dict[str, Any]] = []
    for tool in items_in(object_in(value).get("tools")):
        known = object_in(object_in(tool).get("toolSpec"))
        schema = object_in(known.get("inputSchema")).get("json")
        made = {name: value for name, value in known.items() if name != "inputSchema"}
        found.append(made | ({"parameters": schema} if schema is not None else {}))
    return tools_of(found, "toolConfig")


def _config(tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not tools:
        return {}
    specs: list[dict[str, Any]] = []
    for tool in tools:
        known = dict(tool["function"])
        schema = {"json": known.pop("parameters", {"type": "object", "properties": {}})}
        specs.append({"toolSpec": {**known, "inputSchema": schema}})
    return {"toolConfig": {"tools": specs}}


def _blocks(turn: Message) -> list[dict[str, Any]]:
    if turn.role == "system":
        raise BadValue("A system turn stands amid the conversation.", "Write it as chat")
    if turn.role == "tool":
        result = {"toolUseId": turn.call_id, "content": [{"text": turn.content}]}
        return [{"toolResult": result}]
    blocks: list[dict[str, Any]] = [{"text": turn.content}] if turn.content else []
    for call in turn.tool_calls:
        if not call.id:
            problem = f"The call of {call.name} has no id, which Bedrock needs."
            raise BadValue(problem, "Give every call an id, and its result the same")
        use = {"toolUseId": call.id, "name": call.name, "input": json.loads(call.arguments)}
        blocks.append({"toolUse": use})
    return blocks or [{"text": ""}]
