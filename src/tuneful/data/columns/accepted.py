"""Calls that count as right: for each argument the values that are accepted.

Source: the Berkeley Function Calling Leaderboard (Patil et al. 2025, ICML), its check of calls by
their syntax tree: the same functions as often, every accepted argument present unless it may be
left out, no other arguments, each value among the accepted ones. Texts are equal whatever their
case, spaces and `,./-_*^`. The order of parallel calls does not matter.

Where it differs: a JSON number is equal to another of the same value, 5 to 5.0, whatever the
function's parameter is called.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.message import ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.rows import Chat

OMITTED = ""
"""Among an argument's accepted values: it may be left out."""
FILLING = re.compile(r"[ ,./\-_*^]")

Call = dict[str, Any]
"""{"name", "arguments"}, or {"name", "accepted"}: argument to its accepted values."""


def reference_of(row: Chat) -> str:
    """What a row's answer is judged by, as JSON: its reference, or its last turn's calls alone."""
    if row.reference:
        return row.reference
    turn = next(turn for turn in reversed(row.messages) if turn.role == "assistant")
    calls = [{"name": c.name, "arguments": json.loads(c.arguments)} for c in turn.tool_calls]
    return json.dumps(calls, ensure_ascii=False)


def read_accepted(reference: str) -> list[Call] | None:
    """Accepted calls out of a reference: a list of either kind of call; None where it is none."""
    try:
        found = json.loads(reference)
    except ValueError:
        return None
    if not isinstance(found, list):
        return None
    calls: list[Call] = []
    for value in cast("list[object]", found):
        call = cast("Call", value) if isinstance(value, dict) else {}
        if not isinstance(call.get("name"), str):
            return None
        calls.append({"name": call["name"], "accepted": _accepted(call)})
    return calls


def _accepted(call: Call) -> dict[str, Any]:
    """Accepted values of each argument; those of a plain call are its own."""
    known, plain = call.get("accepted"), call.get("arguments")
    if isinstance(known, dict):
        return cast("dict[str, Any]", known)
    return _just(cast("dict[str, Any]", plain)) if isinstance(plain, dict) else {}


def _just(value: object) -> Any:
    """A value of arguments as the only accepted one; of objects inside, each member's."""
    if isinstance(value, dict):
        known = cast("dict[str, object]", value)
        return {name: [_just(inner)] for name, inner in known.items()}
    if isinstance(value, list):
        return [_just(inner) for inner in cast("list[object]", value)]
    return value


def first_accepted(name: str, accepted: Mapping[str, Any], required: Sequence[str]) -> ToolCall:
    """A call with the first accepted value of each argument, without those that may be left out."""
    arguments = _first(accepted, required)
    return ToolCall(name, json.dumps(arguments, ensure_ascii=False))


def _first(accepted: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, listed in accepted.items():
        values = _values(listed)
        if OMITTED in values and name not in required:
            continue
        said = [value for value in values if value != OMITTED] or [OMITTED]
        chosen[name] = _plain(said[0])
    return chosen


def _plain(value: Any) -> Any:
    """An accepted value as it is written in a call."""
    if isinstance(value, dict):
        return _first(cast("dict[str, Any]", value), ())
    return [_plain(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value


def accepts(calls: Sequence[Call], accepted: Sequence[Call]) -> bool:
    """Whether the calls {"name", "arguments"} are the accepted ones, in any order."""
    if len(calls) != len(accepted):
        return False
    if not calls:
        return True
    rest = accepted[1:]
    return any(
        _fits(call, accepted[0]) and accepts([*calls[:at], *calls[at + 1 :]], rest)
        for at, call in enumerate(calls)
    )


def _fits(call: Call, accepted: Call) -> bool:
    return call["name"] == accepted["name"] and _members_fit(
        call["arguments"], accepted["accepted"]
    )


def accepts_value(said: object, accepted: object) -> bool:
    """Whether a value of an argument is among its accepted ones."""
    return any(_same(said, known) for known in _values(accepted))


def may_be_omitted(accepted: object) -> bool:
    """Whether an argument with these accepted values may be left out."""
    return OMITTED in _values(accepted)


def _members_fit(said: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """Whether an object has what must be there, nothing else, and accepted values."""
    omitted = {name for name, values in accepted.items() if may_be_omitted(values)}
    if set(said) | omitted != set(accepted):
        return False
    return all(accepts_value(value, accepted[name]) for name, value in said.items())


def _values(accepted: object) -> list[Any]:
    """Accepted values; inside objects a few of BFCL's stand alone, without their list."""
    return cast("list[Any]", accepted) if isinstance(accepted, list) else [accepted]


def _same(said: object, known: object) -> bool:
    if isinstance(known, dict):
        return isinstance(said, dict) and _members_fit(
            cast("dict[str, Any]", said), cast("dict[str, Any]", known)
        )
    if isinstance(known, list):
        if not isinstance(said, list):
            return False
        theirs, ours = cast("list[object]", said), cast("list[object]", known)
        return len(theirs) == len(ours) and all(map(_same, theirs, ours))
    if isinstance(known, str):
        return isinstance(said, str) and _bare(said) == _bare(known)
    # In Python True == 1; in JSON it is another value.
    return said == known and isinstance(said, bool) == isinstance(known, bool)


def _bare(text: str) -> str:
    return FILLING.sub("", text).lower().replace("'", '"')
