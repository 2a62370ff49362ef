"""The order of turns in a conversation: what templates refuse, and what teaches nothing.

An order is written as a word, a letter a turn: s system, u user, a assistant, A assistant that
calls tools, t tool.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.message import Message, Turns

FAULTS = (
    (re.compile(r"(?<!^)s"), "the system speaks in turn {}, not first"),
    (re.compile(r"^s*[aA]"), "the assistant speaks before the user"),
    (re.compile(r"uu"), "the user speaks twice in a row, in turns {} and {}"),
    (re.compile(r"a[aA]"), "the assistant speaks twice in a row, in turns {} and {}"),
    (re.compile(r"A[aA]"), "turn {} calls a tool and is not answered"),
    (re.compile(r"(?<![At])t"), "turn {} is a tool's, and no turn before it calls one"),
    (re.compile(r"[^aA]$"), "turn {} is the last, and not the assistant's: nothing to learn"),
)


def order_of(turns: Sequence[Message]) -> str:
    """The order of turns as a word."""
    return "".join("A" if turn.tool_calls else turn.role[0] for turn in turns)


def wrong_order(order: str) -> str:
    """What is wrong with an order, "" where nothing is.

    >>> wrong_order("suAta"), wrong_order("suu")
    ('', 'the user speaks twice in a row, in turns 2 and 3')
    """
    for pattern, said in FAULTS:
        match = pattern.search(order)
        if match:
            return said.format(match.start() + 1, match.end())
    return ""


def mend_order(turns: Turns) -> Turns:
    """The turns with the system's first, neighbours by one speaker joined, and no turns left over.

    An assistant's turns with different weights stay apart, as do calls of tools.
    """
    system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
    made: list[Message] = []
    for turn in turns:
        if turn.role == "system":
            continue
        last = made[-1] if made else None
        if last and _are_one(last, turn):
            made[-1] = replace(last, content=f"{last.content}\n\n{turn.content}")
        else:
            made.append(turn)
    while made and made[-1].role != "assistant":
        made.pop()
    first = next((turn for turn in turns if turn.role == "system"), None)
    return ((replace(first, content=system),) if first else ()) + tuple(made)


def _are_one(last: Message, turn: Message) -> bool:
    plain = not last.tool_calls and not turn.tool_calls and turn.role != "tool"
    return plain and last.role == turn.role and last.weight == turn.weight
