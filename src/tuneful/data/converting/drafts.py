"""Files of rows in the making: beside their places, and put there whole or not at all."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.drafts import drafted
from tuneful.data.converting import layouts

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LISTED = ".left-out.jsonl"
"""After the file's name: the list of rows that were left out or lost something."""


@dataclass(frozen=True)
class Drafts:
    """The files in the making.

    Attributes:
        output: Where the file goes.
        rows: The rows as JSON lines.
        list: Of the rows that were left out or lost something.
        file: The rows in their layout.
    """

    output: Path
    rows: Path
    list: Path
    file: Path

    def finish(self, layout: str, columns: list[str], *, has_list: bool) -> None:
        """Write the file in its layout and put it, and the list before it, into their places."""
        with self.rows.open(encoding="utf-8") as lines:
            layouts.write(layout, map(json.loads, lines), columns, self.file)
        listed = self.output.with_name(self.output.name + LISTED)
        if has_list:
            self.list.replace(listed)
        else:
            listed.unlink(missing_ok=True)
        self.file.replace(self.output)


@contextmanager
def drafts_of(output: Path) -> Generator[Drafts]:
    """Files to fill beside a file to be; gone where the work does not end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with drafted(output) as rows, drafted(output) as listed, drafted(output) as file:
        yield Drafts(output, rows, listed, file)
