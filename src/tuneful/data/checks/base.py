"""What every check of rows is made of."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows as rows_in_words
from tuneful.data.arrow import pyarrow, read_batches, row_of
from tuneful.data.dataset import FOUND
from tuneful.data.faults.language import is_installed, language_of
from tuneful.data.judged import text_judged
from tuneful.data.reading.lengths import MOST_SHOWN, TextFacts
from tuneful.data.splitting.divide import NUMBERS
from tuneful.data.strings import answers_in, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.arrow import Batch
    from tuneful.data.copies.groups import Copies
    from tuneful.data.reading.scan import Scan
    from tuneful.data.splitting.amounts import Amounts
    from tuneful.data.splitting.divide import Rows
    from tuneful.recipe.schema import Recipe

MOST_OF_LANGUAGE = 1000
FEWEST_OF_LANGUAGE = 50
"""Below this the main language is not sure."""
ONE = {"have": "has", "are": "is"}


Embed = Callable[[str, "Sequence[str]", int], "NDArray[np.float32]"]
"""An encoder's reference, texts and how many tokens of each are read, to a vector of each text."""


@dataclass(frozen=True)
class Facts:
    """What is known of rows once they are read, grouped and divided.

    Attributes:
        split_N: Where each staged row goes (data.divide).
        folder: Of the data set, in the making.
        embed: Where something here can embed texts.
    """

    recipe: Recipe
    scan: Scan
    rows: Rows
    amounts: Amounts
    copies: Copies
    split_N: NDArray[np.int8]
    folder: Path
    texts: TextFacts = field(default_factory=TextFacts)
    embed: Embed | None = None

    def batches(self) -> Iterator[tuple[Batch, NDArray[np.int64]]]:
        """The rows that are used, with their numbers among the staged ones."""
        import numpy as np

        begin = 0
        for batch in read_batches(self.scan.rows_file):
            is_used = self.split_N[begin : begin + batch.num_rows] > 0
            yield batch.filter(pyarrow().array(is_used)), np.flatnonzero(is_used) + begin
            begin += batch.num_rows

    def strings(self, pattern: str = "") -> Iterator[tuple[int, str]]:
        """Every text of the rows that are used, with the row's number among the staged ones.

        Args:
            pattern: What a text must match somewhere, as RE2 has it; empty: any text.
        """
        for batch, number_N in self.batches():
            for row, text in texts_in(batch, self.scan.row_type, pattern):
                yield int(number_N[row]), text

    def answers(self) -> Iterator[tuple[int, str]]:
        """Every answer that is learned, with its row's number among the staged ones."""
        for batch, number_N in self.batches():
            for row, text in answers_in(batch, self.scan.row_type):
                yield int(number_N[row]), text

    @property
    def num_used(self) -> int:
        """Rows of all splits."""
        return int((self.split_N > 0).sum())

    def sample(self, most: int) -> Iterator[tuple[int, str]]:
        """What is judged as the text of a row, of at most so many rows, evenly spaced."""
        import numpy as np

        step, passed = -(-self.num_used // most), 0
        for batch, number_N in self.batches():
            chosen = np.arange(-passed % step, len(number_N), step)
            passed += len(number_N)
            for at, values in zip(chosen, batch.take(chosen).to_pylist(), strict=True):
                yield int(number_N[at]), text_judged(row_of(values, self.scan.row_type))

    @cached_property
    def languages(self) -> list[tuple[int, str]]:
        """Rows, evenly spaced, and the language of each ("": too short or in doubt).

        Empty where the library that tells them is missing, or there are too few rows.
        """
        if self.num_used < FEWEST_OF_LANGUAGE or not is_installed():
            return []
        return [(row, language_of(text)) for row, text in self.sample(MOST_OF_LANGUAGE)]

    def place(self, row: int) -> dict[str, Any]:
        """Where a staged row was read and where it went, for a list."""
        place: dict[str, Any] = {"row": self.scan.source_N[row], "split": self.split_of(row)}
        return place | ({} if row < self.rows.num_main else {"from": "test_source"})

    def split_of(self, row: int) -> str:
        """The split that a staged row goes to."""
        number = int(self.split_N[row])
        return next((split for split, known in NUMBERS.items() if known == number), "none")

    def numbered(self, row: int) -> str:
        """A staged row's number in its source, for a person."""
        test = "" if row < self.rows.num_main else "test source's "
        return f"{test}{self.scan.source_N[row]:,}"

    def listed(self, rows: Sequence[int], total: int) -> str:
        """Staged rows by their numbers in the source: "source rows 3, 17 and 40 more"."""
        shown = ", ".join(self.numbered(row) for row in rows[:MOST_SHOWN])
        more = total - min(len(rows), MOST_SHOWN)
        return f"source rows {shown}" + (f" and {more:,} more" if more > 0 else "")

    def write_list(self, name: str, lines: Iterable[Mapping[str, Any]]) -> str:
        """Write all that a check found as JSON lines, and return the file's name in the folder."""
        path = self.folder / FOUND / f"{name}.jsonl"
        lines = iter(lines)
        first = next(lines, None)
        if first is not None:
            path.parent.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                for line in itertools.chain([first], lines):
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return f"{FOUND}/{path.name}"

    def clean_with(self, step: str, **settings: Any) -> Mapping[str, Any]:
        """The change that adds a step to data.clean; none where it is there already."""
        steps = self.recipe.data.model_dump(mode="json")["clean"]
        if any(known["name"] == step for known in steps):
            return {}
        return {"data.clean": [*steps, {"name": step, **settings}]}

    @cached_property
    def labels(self) -> dict[str, int]:
        """The classes in alphabetical order, and their numbers in `rows.label_N`."""
        return {name: self.scan.labels[name].number for name in sorted(self.scan.labels)}

    def num_rows(self, split: str) -> int:
        """Rows of a split."""
        return int((self.split_N == NUMBERS[split]).sum())

    @cached_property
    def label_counts(self) -> dict[str, dict[str, int]]:
        """Rows of each class, by split; empty for chats."""
        import numpy as np

        counts: dict[str, dict[str, int]] = {}
        for split, number in NUMBERS.items():
            label_N = self.rows.label_N[self.split_N == number]
            count_C = np.bincount(label_N, minlength=len(self.labels))
            counts[split] = {name: int(count_C[at]) for name, at in self.labels.items()}
        return counts if self.labels else {}


Check = Callable[[Facts], Iterable[Finding]]


class Tally:
    """Rows that a check found: how many, the first of them, what was found there.

    Args:
        facts: All rows.
        name: Of the finding and of its list.

    Attributes:
        listing: The file in the data set's folder that lists all.
    """

    def __init__(self, facts: Facts, name: str) -> None:
        import numpy as np

        self._facts, self._name = facts, name
        self._is_found_N = np.zeros(len(facts.split_N), np.bool_)
        self._examples: dict[str, None] = {}
        self.num_rows = 0
        self.listing = ""

    def add(self, row: int, what: str) -> None:
        """Count a staged row, once however much is found in it."""
        self.num_rows += not self._is_found_N[row]
        self._is_found_N[row] = True
        if len(self._examples) < MOST_SHOWN:
            self._examples[what] = None

    @property
    def evidence(self) -> str:
        """The first rows, examples, and where all are listed."""
        import numpy as np

        rows = np.flatnonzero(self._is_found_N)[:MOST_SHOWN].tolist()
        shown = ", ".join(map(repr, self._examples))
        return f"{self._facts.listed(rows, self.num_rows)}: {shown}; {self.listing} lists all"

    def warning(self, title: str, fix: str, step: str, **settings: Any) -> Iterator[Finding]:
        """A warning where rows were found.

        Args:
            title: What they have.
            fix: What to do.
            step: Of data.clean that does it.
            settings: Of the step.
        """
        if self.num_rows:
            yield Finding(
                Level.WARNING,
                self._name,
                title,
                evidence=self.evidence,
                fix=fix,
                where="data.clean",
                change=self._facts.clean_with(step, **settings),
            )


def search(facts: Facts, name: str, pattern: str, judge: Callable[[str], str]) -> Tally:
    """Judge every text that may have a fault, and list the rows that do.

    Args:
        facts: The rows.
        name: Of the list.
        pattern: What a text with the fault matches, as RE2 has it.
        judge: A text to what is wrong in it, "" where nothing is.
    """
    tally = Tally(facts, name)
    tally.listing = facts.write_list(name, _judged(facts.strings(pattern), tally, facts, judge))
    return tally


def tell(facts: Facts, name: str, faults: Iterable[tuple[int, str]]) -> Tally:
    """Count and list rows with what is wrong in each, "" where nothing is."""
    tally = Tally(facts, name)
    tally.listing = facts.write_list(name, _judged(faults, tally, facts, str))
    return tally


def search_sample(facts: Facts, name: str, most: int, judge: Callable[[str], str]) -> Tally:
    """Judge the texts of at most so many rows, evenly spaced, and list those with a fault."""
    tally = Tally(facts, name)
    tally.listing = facts.write_list(name, _judged(facts.sample(most), tally, facts, judge))
    return tally


def _judged(
    texts: Iterable[tuple[int, str]], tally: Tally, facts: Facts, judge: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    for row, text in texts:
        what = judge(text)
        if what:
            tally.add(row, what)
            yield facts.place(row) | {"what": what}


def rows_that(number: int, verb: str) -> str:
    """A number of rows and what they do, to begin a sentence: "1 row holds", "2 rows hold"."""
    return f"{rows_in_words(number)} {verb if number != 1 else ONE.get(verb, f'{verb}s')}"


def listed(rows: list[int], total: int) -> str:
    """Row numbers for a person: "3, 17, 21 and 40 more"."""
    shown = ", ".join(f"{row:,}" for row in rows[:MOST_SHOWN])
    more = total - min(len(rows), MOST_SHOWN)
    return f"{shown} and {more:,} more" if more > 0 else shown
