"""A data set with the training rows that a selector chose; other splits stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.data.arrow import Writer, pyarrow, read_batches, schema
from tuneful.data.dataset import Dataset
from tuneful.data.deriving.derived import take_over
from tuneful.data.selecting import SELECTORS
from tuneful.data.selecting.base import SelectConfig, choose_rows
from tuneful.data.showing.written import write_report
from tuneful.models.references import locate
from tuneful.selecting.features import Known, refuse_unfit

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe

    Numbers = NDArray[np.int64]

VERSION = 1


def select(data: Dataset, recipe: Recipe, store: Store, listener: Listener) -> Dataset:
    """The data set with the rows that `data.select` chooses: chosen now, or by an earlier call.

    Raises:
        DataError: Rows or method lack what the selector needs.
        ModelError: The model that it looks through cannot be loaded.
    """
    config = recipe.data.select
    assert isinstance(config, SelectConfig), config
    kind = SELECTORS[config.name]
    refuse_unfit(config.name, kind, recipe, data.row_type)
    seen = _looks_through(recipe, store, listener) if kind.needs else []
    key = digest([VERSION, data.hash, config.model_dump(mode="json"), recipe.seed, seen])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    features = Known.of(recipe, data, store, listener).features(kind.needs)
    count = max(1, round(config.fraction * features.num_rows))
    draw = np.random.default_rng([recipe.seed, 0x5E1EC7])
    row_K = choose_rows(kind(config), features, count, draw, keep_shares=config.keep_shares)
    manifest = {**data.manifest, "hash": key}
    with building(final, manifest) as draft:
        _write_rows(draft, data, row_K)
        manifest |= _facts(data, row_K, config, features.label_N)
        write_report(Dataset(draft, manifest), _report(data.report(), manifest))
    return Dataset.open(final)


def _looks_through(recipe: Recipe, store: Store, listener: Listener) -> list[Any]:
    """What decides the numbers that rows are chosen by, beside the rows."""
    place = locate(recipe.model, store, listener).folder.resolve()
    return [str(place), recipe.train.max_length, recipe.method.model_dump(mode="json")]


def _write_rows(draft: Path, data: Dataset, row_K: Numbers) -> None:
    """Write the chosen training rows, and the other splits as they are."""
    take_over(draft, data)
    is_chosen_N = np.zeros(data.num_rows("train"), np.bool_)
    is_chosen_N[row_K] = True
    writer, begin = Writer(draft / "rows" / "train.arrow", schema(data.row_type)), 0
    try:
        for batch in read_batches(data.file("train")):
            end = begin + batch.num_rows
            writer.write(batch.filter(pyarrow().array(is_chosen_N[begin:end])))
            begin = end
    finally:
        writer.close()


def _facts(
    data: Dataset, row_K: Numbers, config: SelectConfig, label_N: Numbers | None
) -> dict[str, Any]:
    """What the manifest says of the choice."""
    known = data.manifest
    counts = dict(known["label_counts"])
    if label_N is not None:
        count_C = np.bincount(label_N[row_K], minlength=len(data.labels))
        counts["train"] = dict(zip(data.labels, count_C.tolist(), strict=True))
    selected = {**config.model_dump(mode="json"), "rows": len(row_K)}
    return {
        "splits": {**known["splits"], "train": len(row_K)},
        "label_counts": counts,
        "selected": {**selected, "of": data.num_rows("train"), "dataset": data.hash},
        "parents": [*known["parents"], data.hash],
    }


def _report(report: Report, manifest: dict[str, Any]) -> Report:
    """What was known of the rows, and how many were chosen."""
    known = manifest["selected"]
    finding = Finding(
        Level.NOTE,
        "selected",
        f"{known['name']} chose {known['rows']:,} of {known['of']:,} training rows.",
        fix="tuneful select RECIPE says whether that beats as many random rows.",
        where="data.select",
    )
    table = Table(
        "Rows after selection", ["split", "rows"], [*map(list, manifest["splits"].items())]
    )
    facts = {**report.facts, "splits": manifest["splits"], "selected": known}
    return Report(report.title, [*report.findings, finding], [*report.tables, table], facts)
