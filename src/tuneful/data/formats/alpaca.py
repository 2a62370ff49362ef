"""Alpaca's rows: instruction, input and output; system and history may stand beside.

Source: Taori et al. 2023, Stanford Alpaca; history as LLaMA-Factory has it: a list of pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import is_alpaca, is_list, items_in, json_in
from tuneful.data.columns.chats import chat_row, exchanges
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

COLUMNS = ("instruction", "input", "output", "system", "history")
HISTORY = 'Write it as [["what was asked", "what was answered"]]'


class AlpacaFormat:
    """Columns instruction and output; input, system and history may stand beside."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = COLUMNS
    wants: ClassVar[str] = "columns instruction and output; input, system and history as needed"

    def detect(self, sample: Sample) -> Match | None:
        """The columns by name."""
        if not (is_alpaca(sample) or {"instruction", "output"} <= set(sample.chosen)):
            return None
        found = {ours: sample.pick(ours, (ours,)) for ours in COLUMNS}
        columns = {ours: name for ours, name in found.items() if name}
        return Match.of(columns)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """An empty line stands before an input."""
        del sample
        columns = match.columns

        def read(values: Mapping[str, Any], ours: str) -> str:
            name = columns.get(ours)
            return text_of(values.get(name), name) if name else ""

        def convert(values: Mapping[str, Any]) -> Converted:
            asked = "\n\n".join(filter(None, (read(values, "instruction"), read(values, "input"))))
            answer, system = read(values, "output"), read(values, "system")
            if not asked and not answer:
                raise BadValue("Instruction and output are both empty.", "Fill or remove the row")
            before = [Message("system", system)] if system else []
            if "history" in columns:
                before += _history(values.get(columns["history"]))
            return chat_row(Chat((*before, Message("user", asked), Message("assistant", answer))))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The last question as the instruction, an empty input, earlier turns as the history."""
        assert isinstance(row, Chat)
        system, said = exchanges(row.messages, "Alpaca")
        found: dict[str, Any] = {"instruction": said[-1][0], "input": "", "output": said[-1][1]}
        found |= {"system": system} if system else {}
        return found | ({"history": [list(pair) for pair in said[:-1]]} if len(said) > 1 else {})


def _history(value: object) -> list[Message]:
    found: object = json_in(value)
    if found is None or found == "":
        return []
    if not is_list(found):
        raise BadValue(f"The history is {found!r}, not a list of pairs.", HISTORY)
    turns: list[Message] = []
    for pair in items_in(found):
        texts = items_in(pair)
        if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
            raise BadValue(f"The history holds {pair!r}, not a pair of texts.", HISTORY)
        turns += [Message("user", texts[0]), Message("assistant", texts[1])]
    return turns
