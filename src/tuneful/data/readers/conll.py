"""CoNLL: a word and its tags on each line, an empty line after each sentence.

Source: Tjong Kim Sang & De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task"; its files
have word, part of speech, chunk and name. The last column becomes the tags, others stand beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.readers.base import TO_UTF8, Lines, empty, opened
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

DOCUMENT = "-DOCSTART-"
UNIVERSAL = (
    "id", "words", "lemma", "tags", "xpos", "feats", "head", "deprel", "deps", "misc",
)  # fmt: skip
"""CoNLL-U's columns (universaldependencies.org), with our names for FORM and UPOS."""
MOST_WORDS = 100_000
"""Of a sentence: a file without empty lines must not become one row."""
FIX = "Write a word and its tag on each line, and an empty line after each sentence"


def read_conll(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Sentences as columns words, tags (the last column) and column_2, column_3 … between them.

    In CoNLL-U's ten columns the word is the second, and its part of speech (UPOS) is the tag.
    Columns are separated by tabs, or by spaces where no line of the sentence has a tab. Lines that
    begin with -DOCSTART- and CoNLL-U's comments ("# text = …") are left out.
    """
    with opened(path, meter) as file:
        lines = Lines(file, path)
        row, words = 0, _Sentence()
        for line in lines:
            text = line.strip("\r\n")
            if text.strip():
                words.add(text, lines.number)
                continue
            if words:
                row += 1
                yield words.taken(path.name, row, lines)
        if words:
            row += 1
            yield words.taken(path.name, row, lines)
        if not row:
            raise empty(path)


class _Sentence:
    """Lines until the next empty one."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._begin, self._is_long = 0, False

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, line: str, number: int) -> None:
        """Take a line, unless it is a comment or begins a document."""
        is_comment = line.startswith("# ") and (" = " in line or line.startswith("# new"))
        if line.startswith(DOCUMENT) or is_comment:
            return
        if len(self._lines) >= MOST_WORDS:
            self._is_long = True
            return
        self._begin = self._begin if self._lines else number
        self._lines.append(line)

    def taken(self, file: str, row: int, lines: Lines) -> Record | BadRow:
        """The sentence as a row; the next one begins."""
        found, begin, is_long = self._lines, self._begin, self._is_long
        self._lines, self._is_long = [], False
        if lines.problem:
            return BadRow(lines.take_problem(), TO_UTF8, file, row, begin)
        if is_long:
            problem = f"The sentence has more than {MOST_WORDS:,} words."
            return BadRow(problem, FIX, file, row, begin)
        has_tabs = any("\t" in line for line in found)
        cells = [
            line.split("\t") if has_tabs else list(filter(None, line.split(" "))) for line in found
        ]
        width = len(cells[0])
        wrong = next((at for at, parts in enumerate(cells) if len(parts) != width), None)
        if wrong is not None or width < 2:
            at = wrong or 0
            problem = f"The line {found[at][:40]!r} has {len(cells[at])} columns" + (
                f" where the sentence's first has {width}." if wrong else ": no tag."
            )
            return BadRow(problem, FIX, file, row, begin + at)
        if has_tabs and width == len(UNIVERSAL) and cells[0][0].split("-")[0].isdigit():
            return Record(_universal(cells), file, row, begin)
        columns = [list(column) for column in zip(*cells, strict=True)]
        between = {f"column_{at}": columns[at - 1] for at in range(2, width)}
        return Record({"words": columns[0], "tags": columns[-1], **between}, file, row, begin)


def _universal(cells: list[list[str]]) -> dict[str, list[str]]:
    """A sentence of CoNLL-U without ranges ("1-2 don't") and empty nodes ("8.1")."""
    words = [parts for parts in cells if parts[0].isdigit()]
    columns = [list(column) for column in zip(*words, strict=True)]
    found = dict(zip(UNIVERSAL, columns, strict=True))
    return {"words": found.pop("words"), "tags": found.pop("tags"), **found}
