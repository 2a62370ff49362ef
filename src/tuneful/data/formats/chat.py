"""Whole conversations: OpenAI's messages, or ShareGPT's conversations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.data.columns.calls import tools_of
from tuneful.data.columns.cells import BESIDE, after_system
from tuneful.data.columns.chats import (
    TURNS,
    chat_row,
    first_turns,
    is_answered,
    speakers,
    system_of,
)
from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import Convert, Converted, Match, Sample
from tuneful.data.rows import Chat, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

TOOLS = ("tools", "functions", "function")
REFERENCE = (("reference",), ("accepted",), ("ground_truth",))


class ChatFormat:
    """A column of turns: messages with role and content, or conversations with from and value."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages", "system", "tools", "reference")
    wants: ClassVar[str] = (
        "a column messages (or conversations) with lists of turns; system, tools and reference as "
        "needed"
    )

    def detect(self, sample: Sample) -> Match | None:
        """A column of turns by name, whose first value looks like turns."""
        column = sample.pick("messages", *TURNS)
        if column is None:
            return None
        first = next((row[column] for row in sample.rows if row.get(column)), None)
        if "messages" not in sample.chosen and not _looks_like_turns(first):
            return None
        if sample.asked == "auto" and _is_others(sample, column):
            return None
        columns = {"messages": column}
        for ours, names in (
            ("system", BESIDE["system"]),
            ("tools", (TOOLS,)),
            ("reference", REFERENCE),
        ):
            found = sample.pick(ours, *names)
            columns |= {ours: found} if found else {}
        return Match(columns, f"column {column!r} with lists of turns")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Roles are translated; texts in parts are joined."""
        del sample
        column, system = match.columns["messages"], match.columns.get("system")
        tools, reference = match.columns.get("tools"), match.columns.get("reference")

        def convert(values: Mapping[str, Any]) -> Converted:
            messages = turns_of(values.get(column), column)
            before = values.get(system) if system else ""
            messages = after_system(system_of(before, system or ""), messages)
            offered = tools_of(values.get(tools), tools) if tools else ()
            right = values.get(reference) if reference else None
            return chat_row(Chat(messages, offered, _as_text(right)))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """OpenAI's form; tools and reference where the row has them."""
        return {name: value for name, value in to_json(row).items() if value != ""}


def _is_others(sample: Sample, column: str) -> bool:
    """Whether the turns are in a form that has a format of its own."""
    who = {name.strip().lower() for name in speakers(sample, column)}
    turns = first_turns(sample, column)
    is_sharegpt = any("from" in turn for turn in turns)
    is_bedrock = str(sample.first("schemaVersion")).startswith("bedrock")
    return (
        is_sharegpt
        or is_bedrock
        or "chatbot" in who
        or (bool(turns) and not is_answered(sample, column))
    )


def _as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _looks_like_turns(value: object) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith("[{")
    if not isinstance(value, list) or not value:
        return False
    first = cast("list[object]", value)[0]
    return isinstance(first, dict) and bool({"role", "from"} & set(cast("dict[str, Any]", first)))
