"""Files that grow by a line of JSON at a time, and whose last line a killed process may have cut.

Only the last line can be cut off. A broken one before it is a fault of the disk or of a person, and
is not passed over in silence.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line; none where there is no file.

    Raises:
        RunError: A line is no JSON.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield json.loads(line)
            except ValueError:
                raise RunError(
                    "This line is broken; a process that was killed breaks the last one at most.",
                    where=f"{path}, line {number}",
                    fix="Remove it: what it said is done again.",
                ) from None


def cut_to_lines(path: Path, most: int | None = None) -> None:
    """Take a last line that has no end off the file, and lines after the first `most`, in one step.

    Must not be called while another process writes.
    """
    if not path.exists():
        return
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number == most or not line.endswith(b"\n"):
                break
            end += len(line)
    if end < path.stat().st_size:
        os.truncate(path, end)
