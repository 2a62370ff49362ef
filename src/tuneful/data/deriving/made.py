"""What was made of a data set's rows, and what was not: copies, counts, lists, findings."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.core.units import rows as counted
from tuneful.data.augmenting import AUGMENTERS
from tuneful.data.augmenting.base import text_of
from tuneful.data.rows import Labelled, Pair, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tuneful.data.augmenting.base import Try
    from tuneful.data.dataset import Dataset
    from tuneful.data.deriving.preserved import Verdict
    from tuneful.data.rows import Row

LISTED, REJECTED = "augmented.jsonl", "rejected.jsonl"
THERE, HELD_OUT = "the same row was there", "the same text is in a held-out split"
GRAVE_SHARE = 0.2
"""Share of checked rows that are left out which says that an augmenter does not fit the rows."""


@dataclass
class Lines:
    """A list in a file, which is there only if it has a line."""

    path: Path
    _file: Any = None

    def write(self, line: Mapping[str, Any]) -> None:
        """One more."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8")
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """End it."""
        if self._file is not None:
            self._file.close()


@dataclass
class Tally:
    """What an augmenter's tries came to.

    Attributes:
        made: Rows.
        nothing: Tries that made none, by reason.
        judged: Rows that a check looked at, those left out among them.
        labels: Of the rows made.
        unchecked: Why no check looked at them; "" where one did or none was wanted.
        example: Of what a check left out.
    """

    made: int = 0
    nothing: Counter[str] = field(default_factory=Counter[str])
    judged: int = 0
    rejected: int = 0
    labels: Counter[str] = field(default_factory=Counter[str])
    unchecked: str = ""
    example: str = ""

    def count(self, one: Try, verdict: Verdict) -> None:
        """A row that was made, and what its check says."""
        self.judged += verdict.is_judged
        if verdict.why:
            self.nothing[verdict.why] += 1
            self.rejected += 1
            said = f"{text_of(one.row)[:60]!r}: {verdict.detail}" if one.row is not None else ""
            self.example = self.example or said
            return
        self.made += 1
        if isinstance(one.row, Labelled | Pair):
            self.labels[one.row.label] += 1


@dataclass
class There:
    """Rows that are there already.

    Attributes:
        rows: Marks of whole rows: an edit may differ in a single letter's case.
        texts: Of their texts but for case, space and marks: what a model said again is no new text,
            under whatever label.
        held_out: The same of validation and test rows.
    """

    rows: set[bytes]
    texts: set[bytes]
    held_out: set[bytes]

    @classmethod
    def of(cls, data: Dataset, *, taught: bool) -> There:
        """What a data set has; texts of its training rows only where a model writes more."""
        held = {_text_mark(row) for split in ("validation", "test") for row in data.rows(split)}
        texts = {_text_mark(row) for row in data.rows("train")} if taught else set[bytes]()
        return cls({_mark(to_json(row)) for row in data.rows("train")}, texts, held)

    @classmethod
    def among(cls, rows: Iterable[Row]) -> There:
        """These rows alone: a model that says one of them again has made no new text."""
        return cls(set(), {_text_mark(row) for row in rows}, set())

    def why_not(self, one: Try) -> str:
        """Why a row is none to add; "" where it is new, and from then on there."""
        assert one.row is not None, one
        row, text = _mark(to_json(one.row)), _text_mark(one.row)
        is_text_there = "teacher" in one.facts and text in self.texts
        if row in self.rows or is_text_there:
            return THERE
        if text in self.held_out:
            return HELD_OUT
        self.rows.add(row)
        if "teacher" in one.facts:
            self.texts.add(text)
        return ""


def _text_mark(row: Row) -> bytes:
    texts = [text_of(row), row.second] if isinstance(row, Pair) else [text_of(row)]
    return _mark([" ".join(re.findall(r"\w+", text.casefold())) or text for text in texts])


def _mark(value: Any) -> bytes:
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).digest()


def facts_of(
    data: Dataset,
    tallies: Mapping[str, Tally],
    total: int,
    asked: Sequence[Mapping[str, Any]],
    origins: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """What the manifest says of the rows made."""
    known = data.manifest
    counts = dict(known["label_counts"])
    labels = sum((tally.labels for tally in tallies.values()), Counter[str]())
    if labels:
        counts["train"] = {label: n + labels[label] for label, n in counts["train"].items()}
    facts: dict[str, Any] = {
        "of": data.num_rows("train"),
        "made": total - data.num_rows("train"),
        "dataset": data.hash,
        "by": list(asked),
        "tries": {name: {"made": t.made, **t.nothing} for name, t in tallies.items()},
        "judged": {name: t.judged for name, t in tallies.items()},
    }
    licences = "".join(f", {one['teacher']}'s rows: {one['licence']}" for one in origins)
    return {
        "splits": {**known["splits"], "train": total},
        "label_counts": counts,
        "augmented": facts | ({"teachers": list(origins)} if origins else {}),
        "licence": f"{known['licence']}{licences}",
        "parents": [*known["parents"], data.hash],
    }


def report_of(data: Dataset, tallies: Mapping[str, Tally], manifest: Mapping[str, Any]) -> Report:
    """What was known of the rows, how many were made, and what a person is to look at."""
    report, known = data.report(), manifest["augmented"]
    findings = [
        Finding(
            Level.NOTE,
            "augmented",
            f"{known['made']:,} training rows were made of {known['of']:,}.",
            evidence="; ".join(f"{name}: {_said(tally)}" for name, tally in tallies.items()),
            fix=f"{LISTED} in the data set's folder lists each with what it was made of.",
            where="data.augment",
        ),
        *_rejected(tallies),
        *_doubted(tallies, data),
    ]
    rows = [[split, count] for split, count in manifest["splits"].items()]
    table = Table("Rows after augmenting", ["split", "rows"], rows)
    facts = {**report.facts, "splits": manifest["splits"], "augmented": known}
    return Report(report.title, [*report.findings, *findings], [*report.tables, table], facts)


def _rejected(tallies: Mapping[str, Tally]) -> list[Finding]:
    """Rows that a check left out."""
    left = {name: tally for name, tally in tallies.items() if tally.rejected}
    if not left:
        return []
    is_grave = any(t.rejected > GRAVE_SHARE * (t.made + t.rejected) for t in left.values())
    total = sum(tally.rejected for tally in left.values())
    shown = (f"{name}: {t.rejected:,} of {t.made + t.rejected:,}" for name, t in left.items())
    examples = [tally.example for tally in left.values()]
    return [
        Finding(
            Level.WARNING if is_grave else Level.NOTE,
            "label-changed",
            f"{counted(total)} made were left out: their check says that they are no longer what "
            "they are called.",
            evidence=f"{'; '.join(shown)}, such as {examples[0]}",
            fix=f"{REJECTED} in the data set's folder lists them; where many are wrongly left out, "
            "set check: none.",
            where="data.augment",
        )
    ]


def _doubted(tallies: Mapping[str, Tally], data: Dataset) -> list[Finding]:
    """Rows that no check looked at, and whose label may be wrong."""
    doubts = {name: doubt for name, t in tallies.items() if (doubt := _doubt(name, t, data))}
    if not doubts:
        return []
    return [
        Finding(
            Level.WARNING,
            "label-may-change",
            f"Nothing checks whether rows made by {', '.join(doubts)} are still what they are "
            "called.",
            evidence="; ".join(f"{name}: {doubt}" for name, doubt in doubts.items()),
            fix=f"Read some of them ({LISTED}), or leave these out; a model's own words can be "
            "checked by check: judge.",
            where="data.augment",
        )
    ]


def _doubt(name: str, tally: Tally, data: Dataset) -> str:
    """Why an augmenter may have made a label wrong with these rows, or ""."""
    changes = AUGMENTERS[name].changes
    if not tally.made or tally.judged:
        return ""
    doubts = {
        "people": "rows that are about the people swapped are no longer so",
        "whole": "two halves may not say what either text said",
        "wording": "a model's words may say something else",
    }
    if changes == "words" and data.row_type not in {"labelled", "pair"}:
        return f"in {data.row_type} rows, which words the label hangs on is not known"
    if changes not in doubts:
        return ""
    return doubts[changes] + (f"; {tally.unchecked}" if tally.unchecked else "")


def _said(tally: Tally) -> str:
    more = ", ".join(f"{count:,} {reason}" for reason, count in tally.nothing.most_common())
    judged = f"{tally.judged:,} judged" if tally.judged else ""
    both = "; ".join(filter(None, (more, judged)))
    return f"{tally.made:,} made" + (f" ({both})" if both else "")
