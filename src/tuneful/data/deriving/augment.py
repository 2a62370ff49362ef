"""A data set with more training rows: made of those there are, each with what it was made of.

Rows that are made stand after all others in the train split, with the source row and the group of
copies of their first parent. `augmented.jsonl` lists them; tries that came to nothing are counted
by reason.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, building, digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.data.arrow import Writer, columns_of, pyarrow, read_batches, schema
from tuneful.data.augmenting import AUGMENTERS
from tuneful.data.augmenting.base import Material
from tuneful.data.dataset import REPORT, Dataset
from tuneful.data.deriving.derived import take_over
from tuneful.data.faults.leaning import Leaning
from tuneful.data.rows import Labelled, Pair, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.core.store import Store
    from tuneful.data.augmenting.base import AugmentConfig, Try
    from tuneful.data.rows import Row
    from tuneful.recipe.schema import Recipe

VERSION = 1
LISTED = "augmented.jsonl"
THERE, SAME = "the same row was there", "balance"
"""Copies are left out, but for the part that makes copies."""
MOST_WORDS = 20_000
"""Words of the training texts, the commonest, that neighbours are looked for among."""


@dataclass(frozen=True)
class TrainRows:
    """The training rows of a data set by number."""

    data: Dataset

    def __len__(self) -> int:
        return self.data.num_rows("train")

    def __getitem__(self, number: int) -> Row:
        return self.data.row("train", number)


@dataclass
class Tally:
    """What an augmenter's tries came to."""

    made: int = 0
    nothing: Counter[str] = field(default_factory=Counter[str])


def augment(
    data: Dataset,
    recipe: Recipe,
    store: Store,
    neighbours: Callable[[Sequence[str]], Mapping[str, Sequence[str]]],
) -> Dataset:
    """The data set with the rows that `data.augment` makes: made now, or by an earlier call.

    Args:
        data: What rows are made of.
        recipe: Names the augmenters, and the model whose embeddings neighbours come from.
        store: Where data sets stand.
        neighbours: Of words, words that the recipe's model uses alike.

    Raises:
        DataError: An augmenter does not fit the rows, or would make labels wrong.
    """
    configs = [cast("AugmentConfig", config) for config in recipe.data.augment]
    for config in configs:
        _refuse_unfit(config, data.row_type)
    asked = [config.model_dump(mode="json") for config in configs]
    seen = recipe.model if any(config.name == "synonyms" for config in configs) else ""
    key = digest([VERSION, data.hash, asked, recipe.seed, seen])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    manifest = {**data.manifest, "hash": key}
    with building(final, manifest) as draft:
        take_over(draft, data)
        making = _Making(data, configs, recipe.seed, neighbours)
        total = making.write(draft)
        manifest |= _facts(data, making, total, asked)
        write_json(draft / REPORT, _report(data, making, manifest).to_json())
    return Dataset.open(final)


def _refuse_unfit(config: AugmentConfig, row_type: str) -> None:
    if row_type not in AUGMENTERS[config.name].kinds:
        fitting = [name for name in AUGMENTERS if row_type in AUGMENTERS[name].kinds]
        raise DataError(
            f"{config.name} does not make {row_type} rows.",
            where="data.augment",
            fix=f"Choose from: {', '.join(fitting)}." if fitting else "Leave out data.augment.",
        )


@dataclass
class _Making:
    """Runs the augmenters one after the other; each sees the rows as they were at first."""

    data: Dataset
    configs: Sequence[AugmentConfig]
    seed: int
    neighbours: Callable[[Sequence[str]], Mapping[str, Sequence[str]]]
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    labels: Counter[str] = field(default_factory=Counter[str])

    def write(self, draft: Path) -> int:
        """Write the train split and the list of made rows; return how many rows there are."""
        columns = schema(self.data.row_type)
        writer = Writer(draft / "rows" / "train.arrow", columns)
        lines = (draft / LISTED).open("w", encoding="utf-8")
        try:
            for batch in read_batches(self.data.file("train")):
                writer.write(batch)
            for number, (row, record, line) in enumerate(self._made()):
                beside = {name: [record[name]] for name in ("source_row", "group")}
                values = {**columns_of([row]), **beside}
                writer.write(pyarrow().RecordBatch.from_pydict(values, schema=columns))
                whole = {"row": len(TrainRows(self.data)) + number, **line}
                lines.write(json.dumps(whole, ensure_ascii=False) + "\n")
        finally:
            lines.close()
            writer.close()
        return writer.num_rows

    def _made(self) -> Iterator[tuple[Row, dict[str, Any], dict[str, Any]]]:
        """Each made row, its first parent's record, and its line in the list."""
        import numpy as np

        rows = TrainRows(self.data)
        leaning = Leaning.of(self.data.rows("train"))
        there = {_mark(row) for row in self.data.rows("train")}
        counts = self.data.manifest.get("label_counts", {}).get("train", {})

        def near() -> Mapping[str, Sequence[str]]:
            return self.neighbours([w for w, _ in leaning.vocabulary().most_common(MOST_WORDS)])

        material = Material(rows, leaning.guard, self.data.labels, counts, near)
        for place, config in enumerate(self.configs):
            draw = np.random.default_rng([self.seed, place, 0xA0631])
            tally = self.tallies.setdefault(config.name, Tally())
            for one in AUGMENTERS[config.name](config).make(material, draw):
                if self._counts(one, config.name, there, tally) and one.row is not None:
                    records = [self.data.record("train", parent) for parent in one.parents]
                    origin = [record["source_row"] for record in records]
                    line = {"by": config.name, "from": origin, "note": one.note}
                    yield one.row, records[0], line

    def _counts(self, one: Try, name: str, there: set[bytes], tally: Tally) -> bool:
        """Whether a try made a row that is to be kept; it is counted either way."""
        if one.row is None:
            tally.nothing[one.note] += 1
            return False
        mark = _mark(one.row)
        if mark in there and name != SAME:
            tally.nothing[THERE] += 1
            return False
        there.add(mark)
        tally.made += 1
        if isinstance(one.row, Labelled | Pair):
            self.labels[one.row.label] += 1
        return True


def _mark(row: Row) -> bytes:
    return blake2b(json.dumps(to_json(row), sort_keys=True).encode(), digest_size=8).digest()


def _facts(data: Dataset, making: _Making, total: int, asked: list[Any]) -> dict[str, Any]:
    """What the manifest says of the rows made."""
    known = data.manifest
    counts = dict(known["label_counts"])
    if making.labels:
        counts["train"] = {
            label: count + making.labels[label] for label, count in counts["train"].items()
        }
    return {
        "splits": {**known["splits"], "train": total},
        "label_counts": counts,
        "augmented": {
            "of": data.num_rows("train"),
            "made": total - data.num_rows("train"),
            "dataset": data.hash,
            "by": asked,
            "tries": {
                name: {"made": tally.made, **tally.nothing}
                for name, tally in making.tallies.items()
            },
        },
        "parents": [*known["parents"], data.hash],
    }


def _report(data: Dataset, making: _Making, manifest: Mapping[str, Any]) -> Report:
    """What was known of the rows, how many were made, and what a person is to look at."""
    report, known = data.report(), manifest["augmented"]
    shown = "; ".join(f"{name}: {_said(tally)}" for name, tally in making.tallies.items())
    findings = [
        Finding(
            Level.NOTE,
            "augmented",
            f"{known['made']:,} training rows were made of {known['of']:,}.",
            evidence=shown,
            fix=f"{LISTED} in the data set's folder lists each with what it was made of.",
            where="data.augment",
        )
    ]
    doubtful = [name for name, tally in making.tallies.items() if tally.made and _doubt(name, data)]
    if doubtful:
        findings.append(
            Finding(
                Level.WARNING,
                "label-may-change",
                f"Nothing checks whether rows made by {', '.join(doubtful)} are still what they "
                "are called.",
                evidence="; ".join(f"{name}: {_doubt(name, data)}" for name in doubtful),
                fix=f"Read some of them ({LISTED}), or leave these out.",
                where="data.augment",
            )
        )
    rows = [[split, count] for split, count in manifest["splits"].items()]
    table = Table("Rows after augmenting", ["split", "rows"], rows)
    facts = {**report.facts, "splits": manifest["splits"], "augmented": known}
    return Report(report.title, [*report.findings, *findings], [*report.tables, table], facts)


def _doubt(name: str, data: Dataset) -> str:
    """Why an augmenter may make a label wrong with these rows, or ""."""
    changes = AUGMENTERS[name].changes
    if changes == "people":
        return "rows that are about the people swapped are no longer so"
    if changes == "whole":
        return "two halves may not say what either text said"
    if changes == "words" and data.row_type not in {"labelled", "pair"}:
        return f"in {data.row_type} rows, which words the label hangs on is not known"
    return ""


def _said(tally: Tally) -> str:
    more = ", ".join(f"{count:,} {reason}" for reason, count in tally.nothing.most_common())
    return f"{tally.made:,} made" + (f" ({more})" if more else "")
