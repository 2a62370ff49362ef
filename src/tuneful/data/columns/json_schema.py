"""JSON Schema, as far as answers of language models need it (draft 2020-12's words).

Words that are not known here are refused when the schema is read, so that none is passed over.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}
SAYS_NOTHING = {"title", "description", "$schema", "examples", "default"}


def unknown_words(schema: Any, path: str = "") -> list[str]:
    """Paths of words that are not known here."""
    if not isinstance(schema, dict):
        return [path or "(the whole)"]
    found: list[str] = []
    for word, value in cast("dict[str, Any]", schema).items():
        here = f"{path}.{word}" if path else word
        if word not in RULES and word not in SAYS_NOTHING:
            found.append(here)
        elif word == "type" and not set(_list(value)) <= set(TYPES):
            found.append(f"{here}: {value}")
        parts = [value] if word == "items" else []
        if word == "properties":
            parts = list(cast("dict[str, Any]", value).values())
        elif word == "anyOf":
            parts = _list(value)
        for part in parts:
            found += unknown_words(part, here)
    return found


def read_schema(text: str) -> dict[str, Any] | None:
    """A JSON Schema out of text; None where it is none, or has words that are not known here."""
    try:
        found = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
    schema = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return schema if set(schema) & set(RULES) and not unknown_words(schema) else None


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a JSON value satisfies a schema."""
    return all(
        RULES[word](value, wanted, schema) for word, wanted in schema.items() if word in RULES
    )


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def same_value(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0 but not true, inside of lists and objects too."""
    if isinstance(one, list) and isinstance(other, list):
        ours, theirs = cast("list[Any]", one), cast("list[Any]", other)
        return len(ours) == len(theirs) and all(map(same_value, ours, theirs))
    if isinstance(one, dict) and isinstance(other, dict):
        mine, yours = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return mine.keys() == yours.keys() and all(same_value(mine[k], yours[k]) for k in mine)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _properties(value: Any, wanted: Any, schema: Any) -> bool:
    del schema
    if not isinstance(value, dict):
        return True
    known = cast("dict[str, Any]", value)
    return all(fits(known[name], part) for name, part in wanted.items() if name in known)


def _closed(value: Any, wanted: Any, schema: Any) -> bool:
    if not isinstance(value, dict) or wanted is True:
        return True
    others = set(cast("dict[str, Any]", value)) - set(schema.get("properties", {}))
    return not others if wanted is False else all(fits(value[name], wanted) for name in others)


def _of_kind(kind: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Any], bool]:
    """A rule that speaks of values of one type alone."""

    def rule(value: Any, wanted: Any, schema: Any) -> bool:
        del schema
        return not TYPES[kind](value) or holds(value, wanted)

    return rule


RULES: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "type": lambda value, wanted, _: any(TYPES[kind](value) for kind in _list(wanted)),
    "enum": lambda value, wanted, _: any(same_value(value, one) for one in wanted),
    "const": lambda value, wanted, _: same_value(value, wanted),
    "anyOf": lambda value, wanted, _: any(fits(value, part) for part in wanted),
    "properties": _properties,
    "additionalProperties": _closed,
    "required": _of_kind("object", lambda value, wanted: set(wanted) <= set(value)),
    "items": _of_kind("array", lambda value, wanted: all(fits(one, wanted) for one in value)),
    "minItems": _of_kind("array", lambda value, wanted: len(value) >= wanted),
    "maxItems": _of_kind("array", lambda value, wanted: len(value) <= wanted),
    "minLength": _of_kind("string", lambda value, wanted: len(value) >= wanted),
    "maxLength": _of_kind("string", lambda value, wanted: len(value) <= wanted),
    "pattern": _of_kind("string", lambda value, wanted: re.search(wanted, value) is not None),
    "minimum": _of_kind("number", lambda value, wanted: value >= wanted),
    "maximum": _of_kind("number", lambda value, wanted: value <= wanted),
    "exclusiveMinimum": _of_kind("number", lambda value, wanted: value > wanted),
    "exclusiveMaximum": _of_kind("number", lambda value, wanted: value < wanted),
}
"""Of each word: (value, what the word says, the schema around it) to whether the value may stand.
"""
