"""Corner cases that a model got wrong: rows to learn from, and a set that stays right from then on.

A file of corrections has the columns `input`, `should` and, where it is known, `said`: what the
model was given, what it should say, and what it said instead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.data.arrow import Writer, columns_of, pyarrow, row_of, schema
from tuneful.data.columns.cells import answer_of, asked, number_of, prompt_of
from tuneful.data.dataset import SPLITS, Dataset
from tuneful.data.formats.base import BadValue, text_of
from tuneful.data.reading.records import BadRow
from tuneful.data.rows import WEIGHT, Chat, Labelled, Preference, Prompt, Rated, kind_of
from tuneful.data.showing.written import write_report
from tuneful.data.sources import open_source
from tuneful.data.splitting.arranged import WHOLE, content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rows import Row
    from tuneful.recipe.data import Corrections
    from tuneful.recipe.schema import Recipe

VERSION = 1
CORRECTIONS = "corrections"
INPUT, SAID, SHOULD = "input", "said", "should"


@dataclass(frozen=True)
class Case:
    """One correction.

    Attributes:
        row: What is learned, and what the model is asked later on.
        number: Of its row in the file, from 1.
        said: What the model said instead; "" where nobody wrote it down.
        is_held_out: Whether it is not learned, so that it shows what was understood.
    """

    row: Row
    number: int
    said: str
    is_held_out: bool


def correct(data: Dataset, recipe: Recipe, store: Store, listener: Listener) -> Dataset:
    """The data set with the corrections of `data.corrections` among its training rows.

    Rows with a correction's input are left out of every split: they may say otherwise, and a row
    that is learned is none to be tested on.

    Raises:
        DataError: The file cannot be read, a correction fits no row of the data set's kind, or two
            of them contradict each other.
    """
    how = recipe.data.corrections
    assert how is not None, "the recipe has no corrections"
    source = open_source(how.source, listener)
    files = [file.sha256 for file in source.files]
    key = digest([VERSION, data.hash, files, how.weight, how.held_out])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    cases = list(_cases(source.read(), how, data))
    _refuse(cases, how.source)
    manifest: dict[str, Any] = {**data.manifest, "hash": key}
    with building(final, manifest) as draft:
        manifest |= _write(draft, data, cases, how)
        write_report(Dataset(draft, manifest), _report(data.report(), manifest, how))
    return Dataset.open(final)


def _cases(records: Iterator[Any], how: Corrections, data: Dataset) -> Iterator[Case]:
    for number, record in enumerate(records, start=1):
        if isinstance(record, BadRow):
            raise record.error()
        try:
            row = _row(record.values, data)
        except BadValue as bad:
            bad_row = BadRow(bad.problem, bad.fix, record.file, record.row, record.line)
            raise DataError(bad.problem, where=bad_row.error().where, fix=bad.fix) from None
        held = content_hash(key_of(row)) < how.held_out * WHOLE
        yield Case(row, number, str(record.values.get(SAID) or ""), held)


def _row(values: Mapping[str, Any], data: Dataset) -> Row:
    for name in (INPUT, SHOULD):
        if name not in values:
            known = ", ".join(map(repr, values))
            raise BadValue(
                f"There is no column {name!r}.", f"A correction has input and should; not {known}"
            )
    if data.row_type not in MAKE:
        kinds = ", ".join(MAKE)
        raise BadValue(
            f"Rows of the kind {data.row_type} cannot be corrected.",
            f"Leave out data.corrections, or learn from {kinds} rows",
        )
    row = MAKE[data.row_type](values)
    if isinstance(row, Labelled) and row.label not in data.labels:
        raise BadValue(
            f"{row.label!r} is no class of the data set.", f"Name one of: {', '.join(data.labels)}"
        )
    if not key_of(row).strip():
        raise BadValue("The input is empty.", "Fill it")
    return row


def _preference(values: Mapping[str, Any]) -> Row:
    if not values.get(SAID):
        raise BadValue(
            "A preference needs what the model said as well.", f"Fill the column {SAID!r}"
        )
    should, said = (answer_of(values[name], name) for name in (SHOULD, SAID))
    return Preference(prompt_of(values[INPUT], INPUT), should, said)


MAKE: Mapping[str, Callable[[Mapping[str, Any]], Row]] = {
    "labelled": lambda values: Labelled(
        text_of(values[INPUT], INPUT), text_of(values[SHOULD], SHOULD)
    ),
    "rated": lambda values: Rated(text_of(values[INPUT], INPUT), number_of(values[SHOULD], SHOULD)),
    "chat": lambda values: Chat(
        (*prompt_of(values[INPUT], INPUT), *answer_of(values[SHOULD], SHOULD))
    ),
    "preference": _preference,
    "prompt": lambda values: Prompt(
        prompt_of(values[INPUT], INPUT), text_of(values[SHOULD], SHOULD)
    ),
}
"""A row of each kind from a correction."""


def key_of(row: Row) -> str:
    """What a row asks: its text, or what the user says."""
    if isinstance(row, Chat | Preference | Prompt):
        return asked(row.prompt)
    return str(getattr(row, "text", ""))


def _refuse(cases: Sequence[Case], source: str) -> None:
    if not cases:
        raise DataError("There are no corrections.", where=source, fix="Give a file with rows.")
    seen: dict[int, Case] = {}
    for case in cases:
        other = seen.setdefault(content_hash(key_of(case.row)), case)
        if other is not case:
            raise DataError(
                "Two corrections have one input.",
                where=f"{source}, rows {other.number} and {case.number}",
                fix="Leave one of them out.",
            )


def _write(draft: Path, data: Dataset, cases: Sequence[Case], how: Corrections) -> dict[str, Any]:
    """Write the splits without the corrections' inputs, and the corrections; say what was done."""
    (draft / "rows").mkdir()
    keys = {content_hash(key_of(case.row)) for case in cases}
    left_out: dict[str, list[int]] = {}
    splits: dict[str, int] = {}
    counts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        writer = Writer(draft / "rows" / f"{split}.arrow", schema(data.row_type))
        left: list[int] = []
        labels: Counter[str] = Counter(dict.fromkeys(data.labels, 0))
        try:
            for record in data.records(split):
                row = row_of(record, data.row_type)
                if content_hash(key_of(row)) in keys:
                    left.append(int(record["source_row"]))
                else:
                    _put(writer, [row], data.row_type, record["source_row"], record["group"])
                    labels.update([row.label] if isinstance(row, Labelled) else [])
            if split == "train":
                for case in cases:
                    learned = [] if case.is_held_out else _learned(case.row, how.weight)
                    _put(writer, learned, data.row_type, 0, -case.number)
                    labels.update(row.label for row in learned if isinstance(row, Labelled))
        finally:
            writer.close()
        splits[split] = writer.num_rows
        counts[split] = dict(labels)
        left_out |= {split: left} if left else {}
    _write_cases(draft / "rows" / f"{CORRECTIONS}.arrow", cases)
    held = [case.number for case in cases if case.is_held_out]
    said = {str(case.number): case.said for case in cases if case.said}
    known = {"source": how.source, "rows": len(cases), "held_out": held, "said": said}
    facts: dict[str, Any] = {"splits": {**splits, CORRECTIONS: len(cases)}}
    if any(data.manifest["label_counts"].values()):
        facts["label_counts"] = counts
    parents = [*data.manifest["parents"], data.hash, how.source]
    return {**facts, CORRECTIONS: {**known, "left_out": left_out}, "parents": parents}


def _learned(row: Row, weight: float) -> list[Row]:
    """The row with its weight; rows that have none stand there as often instead."""
    if WEIGHT in row.columns:
        weighted: Any = row
        return [replace(weighted, weight=weight)]
    return [row] * max(1, round(weight))


def _put(writer: Writer, rows: Sequence[Row], kind: str, source_row: int, group: int) -> None:
    if rows:
        count = len(rows)
        beside = {"source_row": [source_row] * count, "group": [group] * count}
        values = {**columns_of(rows), **beside}
        writer.write(pyarrow().RecordBatch.from_pydict(values, schema=schema(kind)))


def _write_cases(path: Path, cases: Sequence[Case]) -> None:
    """Every correction, in the file's order; its row's number there is its source_row."""
    kind = kind_of(cases[0].row)
    writer = Writer(path, schema(kind))
    try:
        for case in cases:
            _put(writer, [case.row], kind, case.number, -case.number)
    finally:
        writer.close()


def _report(report: Report, manifest: dict[str, Any], how: Corrections) -> Report:
    """What was known of the rows, and what became of them."""
    known = manifest[CORRECTIONS]
    learned = known["rows"] - len(known["held_out"])
    findings = [
        *report.findings,
        Finding(
            Level.NOTE,
            "corrections",
            f"{known['rows']:,} corrections: {learned:,} are learned with the weight "
            f"{how.weight:g}, {len(known['held_out']):,} are held out.",
            evidence="; ".join(
                f"{len(rows):,} {split} rows with their inputs were left out"
                for split, rows in known["left_out"].items()
            ),
            fix="Evaluations ask every one of them.",
            where="data.corrections",
        ),
    ]
    rows = [[split, count] for split, count in manifest["splits"].items()]
    table = Table("Rows with corrections", ["split", "rows"], rows)
    facts = {**report.facts, "splits": manifest["splits"], CORRECTIONS: known}
    return Report(report.title, findings, [*report.tables, table], facts)
