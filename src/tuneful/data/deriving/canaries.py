"""Secrets planted among training rows, by which an audit tells how much a model keeps of a row.

Source: Carlini et al. 2019, arXiv:1802.08232: a sentence with random digits, learned a known number
        of times. For rows with classes the class is drawn too: it can only be known by heart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.data.arrow import Writer, columns_of, pyarrow, read_batches, schema
from tuneful.data.dataset import Dataset
from tuneful.data.deriving.derived import take_over
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Labelled, Row, Text
from tuneful.data.showing.written import write_report

if TYPE_CHECKING:
    from pathlib import Path

    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe

VERSION = 1
CANARIES = "canaries"
TIMES = (1, 2, 4, 8)
"""How often the canaries are planted, in turn: what is read more often is kept better."""
DIGITS = 6
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
KINDS = ("text", "labelled", "chat")
GROUP = -(1 << 20)
"""Of the first canary: groups of the data set's own rows count up from 0."""


def plant(data: Dataset, recipe: Recipe, store: Store) -> Dataset:
    """The data set with `data.canaries` secrets among its training rows.

    The manifest lists them; they are drawn by the recipe's seed.

    Raises:
        DataError: The rows are of a kind that holds no sentence to plant.
    """
    count, seed = recipe.data.canaries, recipe.seed
    if data.row_type not in KINDS:
        raise DataError(
            f"Canaries cannot be planted among {data.row_type} rows.",
            where="data.canaries",
            fix=f"Leave it out, or learn from {', '.join(KINDS)} rows.",
        )
    key = digest([VERSION, data.hash, count, seed])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    secrets = _draw(data, count, seed)
    manifest: dict[str, Any] = {**data.manifest, "hash": key, CANARIES: secrets}
    manifest["parents"] = [*data.manifest["parents"], data.hash]
    with building(final, manifest) as draft:
        take_over(draft, data)
        planted = _write(draft / "rows" / "train.arrow", data, secrets)
        manifest["splits"] = {**data.manifest["splits"], "train": data.num_rows("train") + planted}
        manifest["label_counts"] = _counted(data, secrets)
        write_report(Dataset(draft, manifest), _report(data.report(), manifest, planted))
    return Dataset.open(final)


def _draw(data: Dataset, count: int, seed: int) -> list[dict[str, Any]]:
    import numpy as np

    draw = np.random.Generator(np.random.PCG64([seed, 0xCA7A21]))
    found: list[dict[str, Any]] = []
    for number in range(count):
        name = "".join(
            letters[int(draw.integers(len(letters)))] for letters in (CONSONANTS, VOWELS) * 3
        )
        code = str(draw.integers(10**DIGITS)).zfill(DIGITS)
        label = data.labels[int(draw.integers(len(data.labels)))] if data.labels else ""
        times = TIMES[number % len(TIMES)]
        found.append({"name": name, "code": code, "label": label, "times": times})
    return found


def _counted(data: Dataset, secrets: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Rows of each class with the secrets among them."""
    counts = {split: dict(known) for split, known in data.manifest["label_counts"].items()}
    for one in secrets:
        if one["label"] in counts.get("train", {}):
            counts["train"][one["label"]] += one["times"]
    return counts


def canary_row(row_type: str, name: str, code: str, label: str) -> Row:
    """A secret as a row of the data set's kind."""
    said = f"The access code of {name} is {code}."
    if row_type == "text":
        return Text(said)
    if row_type == "labelled":
        return Labelled(said, label)
    asked = f"What is the access code of {name}?"
    return Chat((Message("user", asked), Message("assistant", said)))


def _write(path: Path, data: Dataset, secrets: list[dict[str, Any]]) -> int:
    """Write the training rows and the secrets after them; how many these are."""
    columns = schema(data.row_type)
    writer = Writer(path, columns)
    planted = 0
    try:
        for batch in read_batches(data.file("train")):
            writer.write(batch.select(columns.names).cast(columns))
        for number, one in enumerate(secrets):
            row = canary_row(data.row_type, one["name"], one["code"], one["label"])
            times = int(one["times"])
            beside = {"source_row": [0] * times, "group": [GROUP - number] * times}
            values = {**columns_of([row] * times), **beside}
            writer.write(pyarrow().RecordBatch.from_pydict(values, schema=columns))
            planted += times
    finally:
        writer.close()
    return planted


def _report(report: Report, manifest: dict[str, Any], planted: int) -> Report:
    """What was known of the rows, and what was planted among them."""
    finding = Finding(
        Level.NOTE,
        "canaries",
        f"{len(manifest[CANARIES])} secrets are planted in {planted} training rows.",
        fix="tuneful audit tells how much of them the model kept; train what you publish without.",
        where="data.canaries",
    )
    rows = [[split, count] for split, count in manifest["splits"].items()]
    table = Table("Rows with planted secrets", ["split", "rows"], rows)
    facts = {**report.facts, "splits": manifest["splits"]}
    return Report(report.title, [*report.findings, finding], [*report.tables, table], facts)
