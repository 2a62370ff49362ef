"""What people said, a line each: on disk before the next item is shown, and never rewritten.

The last line of a person and an item counts. An undone verdict is a line, too. A line that a crash
tore is passed over and counted, and what is appended after it begins on a line of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.evaluating.people.order import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Verdict:
    """What one person said of one item.

    Attributes:
        rater: Who said it.
        item: The item's number in the review.
        numbers: Of each of the item's answers, in the item's order: its rank (1 is best, equal
            ranks are ties); or its rating, where people rate.
        shown: Which answer stood at each place; () where they said it elsewhere.
        is_bad: Whether no answer will do.
        note: What they wrote beside it.
        seconds: How long they looked.
        time: When, as ISO 8601 in UTC.
        is_undone: It was taken back: it counts no more.
    """

    rater: str
    item: int
    numbers: tuple[int, ...]
    shown: tuple[int, ...]
    is_bad: bool = False
    note: str = ""
    seconds: float = 0.0
    time: str = ""
    is_undone: bool = False


@dataclass(frozen=True)
class Said:
    """Everything that counts.

    Attributes:
        verdicts: In the order they were last given; each person and item stands once.
        num_torn: Lines that could not be read.
    """

    verdicts: tuple[Verdict, ...]
    num_torn: int = 0

    def of(self, rater: str) -> dict[int, Verdict]:
        """One person's verdicts by item, the latest last."""
        return {v.item: v for v in self.verdicts if key_of(v.rater) == key_of(rater)}


def append(path: Path, verdict: Verdict) -> None:
    """Add a verdict to the file; it is on disk when this returns."""
    append_line(path, asdict(verdict))


def append_line(path: Path, *values: Mapping[str, Any]) -> None:
    """Add JSON objects, a line each; they are on disk when this returns."""
    texts = [json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") for value in values]
    lines = b"".join(text + b"\n" for text in texts)
    number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        size = os.fstat(number).st_size
        if size and os.pread(number, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        written = os.write(number, lines)
        assert written == len(lines), "regular files take all or raise"
        os.fsync(number)
    finally:
        os.close(number)


def lines_of(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Every whole JSON object of a file, and how many lines are none."""
    found: list[dict[str, Any]] = []
    torn = 0
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            found.append(cast("dict[str, Any]", value))
        else:
            torn += 1
    return found, torn


def read(path: Path) -> Said:
    """The verdicts that count; none where nobody has said anything yet."""
    latest: dict[tuple[str, int], Verdict] = {}
    lines, torn = lines_of(path)
    for line in lines:
        verdict = _verdict(line)
        if verdict is None:
            torn += 1
            continue
        key = (key_of(verdict.rater), verdict.item)
        latest.pop(key, None)
        if not verdict.is_undone:
            latest[key] = verdict
    return Said(tuple(latest.values()), torn)


def _verdict(known: Mapping[str, Any]) -> Verdict | None:
    try:
        of: dict[str, Any] = {name: tuple(known[name]) for name in ("numbers", "shown")}
        return Verdict(**{**known, **of})
    except (LookupError, TypeError):
        return None
