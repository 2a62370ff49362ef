"""JSON lines: one JSON object a line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.readers.base import MOST_COLUMNS, TO_UTF8, Lines, empty, opened, unlike
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

HINTS = (
    (re.compile(r"[\[{]$"), "Write each object on one line: jq -c . old.json > new.jsonl "
     "(jq -c '.data[]' takes a list out of an object)"),
    (re.compile(r"\},$"), "Leave out the comma at the end of each line"),
    (re.compile(r"^\{'"), "Write it by json.dumps: this is Python, not JSON"),
)  # fmt: skip
"""What a broken line looks like, and what to do about it."""
TOO_WIDE = f"Keep those with texts and labels; {MOST_COLUMNS:,} are the most"


def read_json_lines(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """One JSON object a line; empty lines do not count."""
    with opened(path, meter) as file:
        lines = Lines(file, path)
        row = 0
        for line in lines:
            if not line.strip():
                continue
            row += 1
            if lines.problem:
                yield BadRow(lines.take_problem(), TO_UTF8, path.name, row, lines.number)
            else:
                yield _parse(line, path.name, row, lines.number)
        if not row:
            raise empty(path)


def _parse(line: str, file: str, row: int, number: int) -> Record | BadRow:
    fix = "Mend the line: one JSON object a line, strings in double quotes"
    try:
        value = json.loads(
            line.rstrip(), object_pairs_hook=unlike
        )  # an error at its end is not in the next line
    except json.JSONDecodeError as error:
        shown = line[max(0, error.pos - 20) : error.pos + 20].strip()
        problem = f"The line is broken JSON: {error.msg} at column {error.colno}, near {shown!r}."
        fix = next((words for looks, words in HINTS if looks.search(line.strip())), fix)
        return BadRow(problem, fix, file, row, number)
    except RecursionError:
        return BadRow("The line is JSON nested too deep to read.", fix, file, row, number)
    except ValueError as error:  # a key that stands twice, a number of thousands of digits
        return BadRow(f"The line is JSON that cannot be read: {error}.", fix, file, row, number)
    if not isinstance(value, dict):
        problem = f"The line is a JSON {type(value).__name__}, not an object with columns."
        return BadRow(problem, fix, file, row, number)
    known = cast("dict[str, Any]", value)
    if len(known) > MOST_COLUMNS:
        return BadRow(f"The line has {len(known):,} columns.", TOO_WIDE, file, row, number)
    return Record(known, file, row, number)
