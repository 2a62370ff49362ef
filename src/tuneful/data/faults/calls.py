"""Calls that a function's own schema refuses: what is missing, unknown or of another type."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.columns.json_schema import TYPES, fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.message import Message


def wrong_call(turns: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with the first call that does not fit its function; "" where all do.

    Calls of turns that are not learned count as well: they are read. Words of JSON Schema that are
    not known here, as `format`, are passed over.
    """
    known = {str(tool["function"]["name"]): tool["function"] for tool in tools}
    for turn in turns:
        for call in turn.tool_calls:
            if call.name not in known:
                if known:
                    return f"{call.name} is not among the tools"
                continue
            schema: object = known[call.name].get("parameters")
            if not isinstance(schema, dict) or not _is_understood(cast("object", schema)):
                continue
            for wrong in _wrong(json.loads(call.arguments), cast("dict[str, Any]", schema)):
                return f"{call.name}: {wrong}"
    return ""


def _wrong(arguments: dict[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    members = schema.get("properties")
    properties = cast("dict[str, Any]", members) if isinstance(members, dict) else {}
    for name in schema.get("required") or ():
        if name not in arguments:
            yield f"{name} is missing"
    is_open = bool(schema.get("additionalProperties")) or not properties
    for name, value in arguments.items():
        if name not in properties:
            if not is_open:
                yield f"{name} is none of its arguments ({', '.join(properties)})"
        elif not fits(value, properties[name]):
            shown = json.dumps(value, ensure_ascii=False)
            yield f"{name} is {shown[:40]}, not what its schema says"
    if not fits(arguments, schema):
        yield "the arguments together are not what its schema says"


def _is_understood(schema: object) -> bool:
    """Whether every word in a schema has a value of the kind that it has today."""
    if isinstance(schema, list):
        return all(map(_is_understood, cast("list[object]", schema)))
    if not isinstance(schema, dict):
        return True
    known = cast("dict[str, object]", schema)
    if isinstance(known.get("properties"), dict):  # their names are words of their own
        known = {**known, "properties": None}
        members = cast("dict[str, object]", cast("dict[str, object]", schema)["properties"])
        if not all(map(_is_understood, members.values())):
            return False
    return all(_is_usual(word, value) for word, value in known.items() if value is not None)


def _is_usual(word: str, value: object) -> bool:
    if word == "type":
        kinds = cast("list[object]", value) if isinstance(value, list) else [value]
        return set(map(str, kinds)) <= set(TYPES)
    if word in LISTS:
        return isinstance(value, list)
    if word in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if word == "pattern":
        return isinstance(value, str) and _compiles(value)
    return word in PLAIN or (word != "properties" and _is_understood(value))


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


LISTS = ("enum", "required", "anyOf")
NUMBERS = (
    "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum",
)  # fmt: skip
PLAIN = ("const", "default", "examples", "title", "description")
"""Words whose values are no schemas."""
