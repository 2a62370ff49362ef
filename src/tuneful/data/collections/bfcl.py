"""The Berkeley Function Calling Leaderboard's single-turn questions as conversations with tools.

Source: Patil et al. 2025, "The Berkeley Function Calling Leaderboard" (ICML); package bfcl-eval.
A record has messages, tools, the accepted calls as its reference (data.accepted), and its category.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.columns.accepted import OMITTED, first_accepted
from tuneful.data.reading.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.data.reading.records import Meter

ANSWERS = "possible_answer"
PREFIX = "BFCL_v4_"
TYPES: Mapping[str, Any] = {
    "dict": {"type": "object"},
    "float": {"type": "number"},
    "tuple": {"type": "array"},
    "any": {},
}
"""Python's words for types that JSON Schema calls otherwise."""
NO_CALL = "None of these functions can do that."
NOTES = (
    "The answer learned is the first accepted call, without arguments that may be left out; every "
    "accepted value counts when answers are judged. Questions with an empty list of accepted "
    "values are left out: no answer to them counts as right.",
    f"Where no function fits (irrelevance) the answer is ours: {NO_CALL!r}.",
)


def read_bfcl(paths: Sequence[Path], meter: Meter) -> Iterator[Record]:
    """The questions of some categories, each with its accepted calls."""
    meter.total = sum(path.stat().st_size for path in paths)
    for path in paths:
        category = path.stem.removeprefix(PREFIX)
        answers = _answers(path.parent / ANSWERS / path.name)
        with path.open("rb") as raw:
            meter.begin(raw)
            for row, line in enumerate(raw, start=1):
                values = _values(json.loads(line), answers)
                if values:
                    yield Record(values | {"category": category}, path.name, row)
        meter.end(path.stat().st_size)


def _answers(path: Path) -> Mapping[str, Any]:
    """Each question's accepted calls; none where every answer should be words."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {known["id"]: known["ground_truth"] for known in map(json.loads, lines)}


def _values(question: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """A question as a record; None where no answer would be accepted."""
    functions = {f["name"]: f for f in question["function"]}
    accepted: list[dict[str, Any]] = [
        {"name": name, "accepted": _accepted(arguments, _required(functions[name]))}
        for call in answers.get(question["id"], ())
        for name, arguments in call.items()
    ]
    if any([] in call["accepted"].values() for call in accepted):
        return None
    calls = [
        first_accepted(call["name"], call["accepted"], _required(functions[call["name"]]))
        for call in accepted
    ]
    said: dict[str, Any] = {"role": "assistant", "content": "" if calls else NO_CALL}
    if calls:
        said["tool_calls"] = [call.to_json() for call in calls]
    return {
        "id": question["id"],
        "messages": [*question["question"][0], said],
        "tools": [{"type": "function", "function": _function(f)} for f in functions.values()],
        "reference": json.dumps(accepted, ensure_ascii=False),
    }


def _required(function: Mapping[str, Any]) -> Sequence[str]:
    return function["parameters"].get("required", ())


def _accepted(arguments: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """Accepted values; what the function requires may not be left out, whatever the answers say."""
    return {
        name: [value for value in values if value != OMITTED] or values
        if name in required
        else values
        for name, values in arguments.items()
    }


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    return {**function, "parameters": _schema(function["parameters"])}


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema out of one with Python's words for types."""
    made = {name: value for name, value in schema.items() if name not in {"type", "optional"}}
    if "type" in schema:
        made = TYPES.get(schema["type"], {"type": schema["type"]}) | made
    if isinstance(made.get("properties"), dict):
        members = cast("dict[str, Any]", made["properties"])
        made["properties"] = {name: _schema(member) for name, member in members.items()}
    if isinstance(made.get("items"), dict):
        made["items"] = _schema(made["items"])
    return made
