"""data.clean at work: every row through every step, and a list of all that was done to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tuneful.data.cleaning import CLEANERS
from tuneful.data.cleaning.base import Mender, Remembering, RowMender, Sieve
from tuneful.data.strings import over_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tuneful.data.formats.base import Converted
    from tuneful.recipe.parts import PartConfig

MOST_EXAMPLES = 5
AROUND = 30
"""Characters around the first difference that are listed."""
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass
class Done:
    """What a step did.

    Attributes:
        changed: Rows that it mended.
        left_out: Rows that it left out.
        first: Of these rows the first, by their numbers in the source.
    """

    changed: int = 0
    left_out: int = 0
    first: list[str] = field(default_factory=list[str])


class NeedsMemory(Exception):  # noqa: N818  (reads as what was found: "needs memory")
    """A row that a step mends by what it saw before; it is not for others to do."""


class Cleaning:
    """The steps that a recipe names, in the order they are meant to run in.

    Args:
        steps: Their settings.
        is_forgetful: Raise NeedsMemory for a row that a step with a memory would mend.
    """

    def __init__(self, steps: Sequence[PartConfig], *, is_forgetful: bool = False) -> None:
        made = [(str(step.name), CLEANERS[step.name](step)) for step in steps]
        self._steps = sorted(made, key=lambda step: step[1].order)
        self._is_forgetful = is_forgetful

    @property
    def names(self) -> tuple[str, ...]:
        """The steps, in their order."""
        return tuple(name for name, _ in self._steps)

    def clean(
        self, made: Converted, number: int, notes: list[dict[str, Any]], *, is_test: bool = False
    ) -> Converted | None:
        """The row as the steps leave it, None where one leaves it out.

        Args:
            made: The row.
            number: Of the row in its source.
            notes: Gets a line for each thing that is done.
            is_test: Whether it is the test source's.

        Raises:
            NeedsMemory: A step that remembers would mend it, and this is forgetful.
        """
        for name, step in self._steps:
            place: dict[str, Any] = {"row": number, "step": name}
            place |= {"from": "test_source"} if is_test else {}
            if isinstance(step, Mender):
                made = self._mended(made, step, place, notes)
                continue
            row = step.mend_row(made.row) if isinstance(step, RowMender) else made.row
            why = step.why_out(row) if isinstance(step, Sieve) else ""
            if why:
                notes.append(place | {"did": "left out", "why": why})
                return None
            if row != made.row:
                notes.append(place | {"did": "changed"})
                made = made._replace(row=row)
        return made

    def _mended(
        self, made: Converted, step: Mender, place: dict[str, Any], notes: list[dict[str, Any]]
    ) -> Converted:
        before: list[tuple[str, str]] = []
        own = step.mend
        if self._is_forgetful and isinstance(step, Remembering):
            own = partial(_as_it_is, step)

        def mend(text: str) -> str:
            better = mended(text, own)
            if better != text:
                before.append((text, better))
            return better

        row = over_texts(made.row, mend)
        if not before:
            return made
        was, now = differ(*before[0])
        notes.append(
            place | {"did": "changed"} | ({} if step.hides else {"was": was}) | {"now": now}
        )
        return made._replace(row=row, key=own(made.key))


def _as_it_is(step: Remembering, text: str) -> str:
    """A text that a step with a memory leaves alone."""
    if step.would_mend(text):
        raise NeedsMemory
    return text


class CleaningDone:
    """What the steps of cleaning did: counted, and listed in a file.

    Args:
        steps: Their names.
        file: Gets a line of JSON for each thing that is done.

    Attributes:
        done: By the step's name.
    """

    def __init__(self, steps: Sequence[str], file: Path) -> None:
        self._file = file
        self.done: dict[str, Done] = {name: Done() for name in steps}

    def add(self, notes: Sequence[dict[str, Any]]) -> None:
        """Count and list what was done to some rows."""
        for line in notes:
            done = self.done[line["step"]]
            done.changed += line["did"] == "changed"
            done.left_out += line["did"] != "changed"
            if len(done.first) < MOST_EXAMPLES:
                test = "test source's " if "from" in line else ""
                done.first.append(f"{test}{line['row']:,}")
        if notes:
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in notes)


def mended(text: str, mend: Callable[[str], str]) -> str:
    """A text mended; JSON stays JSON: where the whole would break, only its strings are mended."""
    better = mend(text)
    if better == text or text[:1] not in "{[" or not _is_json(text) or _is_json(better):
        return better
    return LITERAL.sub(partial(_literal, mend), text)


def _literal(mend: Callable[[str], str], match: re.Match[str]) -> str:
    inner: str = json.loads(match.group())
    better = mend(inner)
    return match.group() if better == inner else json.dumps(better, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def differ(was: str, now: str) -> tuple[str, str]:
    """Where two texts first differ, with what stands around it.

    >>> differ("a <b>word</b>", "a word")
    ('a <b>word</b>', 'a word')
    """
    pairs = zip(was, now, strict=False)
    at = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(was), len(now)))
    begin = max(0, at - AROUND)
    return was[begin : at + 2 * AROUND], now[begin : at + 2 * AROUND]
