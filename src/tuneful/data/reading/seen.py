"""What reading remembers of a source: its classes, how sorted it is, what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_RUNS = 10
MOST_EXAMPLES = 5


@dataclass
class LabelSeen:
    """A class as the source has it: its number, and the first rows for each way it is written."""

    number: int
    rows: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


@dataclass
class Runs:
    """Stretches of rows with the same label: how sorted a source is.

    Attributes:
        num_rows: Rows looked at.
        count: Stretches.
        first: The first of them: label, first and last row.
    """

    num_rows: int = 0
    count: int = 0
    first: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    _label: str | None = None

    def add(self, label: str, row: int) -> None:
        """The next row's label."""
        self.num_rows += 1
        if label != self._label:
            self._label = label
            self.count += 1
            if len(self.first) < MOST_RUNS:
                self.first.append((label, row, row))
        elif self.count <= MOST_RUNS:
            self.first[-1] = (label, self.first[-1][1], row)


@dataclass
class Skipped:
    """Rows that were left out because they could not be read, or that something was left out of."""

    count: int = 0
    first: list[str] = field(default_factory=list[str])

    def add(self, row: str) -> None:
        """Count a row in; the first are kept in words."""
        self.count += 1
        if len(self.first) < MOST_EXAMPLES:
            self.first.append(row)
