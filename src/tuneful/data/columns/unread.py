"""What stands in turns and no row has a place for: thoughts, flags, metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.data.columns.cells import is_list, is_object, items_in, json_in, object_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.formats.base import Convert, Converted

READ = {
    "role", "from", "content", "value", "tool_calls", "function_call", "name", "tool_call_id",
    "weight", "type",
}  # fmt: skip
"""Of a turn (columns.turns)."""
NOT_TURNS = {"tools", "functions", "reference", "references", "documents", "toolConfig", "system"}
"""Our names of columns whose objects are taken whole."""
FLAGS = tuple(f"{name!r} of turns" for name in ("loss", "train", "training", "mask", "masked"))
"""What other programs call a turn's weight."""


def telling(convert: Convert, columns: Mapping[str, str], known: Sequence[str]) -> Convert:
    """A format's converter whose rows say what of them was not read.

    Args:
        convert: The format's.
        columns: Our names to the source's, of those that it reads.
        known: Every column of the rows that the format was chosen by: these are said already.
    """
    seen = frozenset(known)
    names = [(ours, name) for ours, name in columns.items() if ours.split(".")[0] not in NOT_TURNS]

    def with_unread(values: Mapping[str, Any]) -> Converted:
        made = convert(values)
        found = [key for ours, name in names for key in _unread(values.get(name), ours)]
        late = values.keys() - seen
        found += [column(name) for name in values if name in late and not _is_nothing(values[name])]
        return made._replace(lost=tuple(dict.fromkeys([*made.lost, *found]))) if found else made

    return with_unread


def _unread(value: object, ours: str) -> Iterator[str]:
    """Keys with a value that no row has a place for, as "key of turns"."""
    found = json_in(value)
    known = object_in(found)
    if is_object(found) and is_list(known.get("messages")):  # OpenAI's input
        yield from (
            f"{key!r} of {ours}"
            for key, beside in known.items()
            if key not in {"messages", "tools"} and not _is_nothing(beside)
        )
        found = known["messages"]
    turns = [found] if is_object(found) else items_in(found)
    for turn in map(object_in, turns):
        if not {"role", "from"} & set(turn) or "parts" in turn:
            continue
        for key, said in turn.items():
            if key not in READ and not _is_nothing(said):
                yield f"{key!r} of turns"


def column(name: str) -> str:
    """A column that is not read, in words."""
    return f"column {name!r}"


def _is_nothing(value: object) -> bool:
    return value is None or value in ("", [], {})
