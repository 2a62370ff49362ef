"""Files of rows in the making: beside their places, and put there whole or not at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tuneful.data.converting import layouts

if TYPE_CHECKING:
    from pathlib import Path

LISTED = ".left-out.jsonl"
"""After the file's name: the list of rows that were left out or lost something."""


class Drafts:
    """The files in the making, beside their places; gone where the work does not end."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self.rows, self.list, self._last = (
            output.with_name(f".{output.name}.{os.getpid()}.{word}.draft")
            for word in ("rows", "list", "file")
        )

    def __enter__(self) -> Drafts:
        self._output.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        for path in (self.rows, self.list, self._last):
            path.unlink(missing_ok=True)

    def finish(self, layout: str, columns: list[str], *, has_list: bool) -> None:
        """Write the file in its layout and put it, and the list before it, into their places."""
        with self.rows.open(encoding="utf-8") as lines:
            layouts.write(layout, map(json.loads, lines), columns, self._last)
        listed = self._output.with_name(self._output.name + LISTED)
        if has_list:
            self.list.replace(listed)
        else:
            listed.unlink(missing_ok=True)
        self._last.replace(self._output)
