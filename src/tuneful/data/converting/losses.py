"""What a row lost on its way through a format: found by comparing it with what is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.message import Turns
    from tuneful.data.rows import Row

FIELDS = ("role", "content", "tool_calls", "name", "call_id", "weight")
"""Of a turn."""


def differences(row: Row, back: Row) -> list[str]:
    """Which parts of a row are not in what was read back: "tools", "messages.weight" …."""
    if type(row) is not type(back):
        return ["kind of the row"]
    found: dict[str, None] = {}
    for name, column in row.columns.items():
        ours, theirs = getattr(row, name), getattr(back, name)
        if ours == theirs:
            continue
        if column == "turns":
            found |= dict.fromkeys(_of_turns(name, cast("Turns", ours), cast("Turns", theirs)))
        else:
            found[name] = None
    return list(found)


def _of_turns(name: str, ours: Turns, theirs: Turns) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{name}: {len(ours)} turns become {len(theirs)}"
        return
    for one, other in zip(ours, theirs, strict=True):
        yield from (f"{name}.{at}" for at in FIELDS if getattr(one, at) != getattr(other, at))
