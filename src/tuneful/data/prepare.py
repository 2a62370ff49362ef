"""Prepare: a source becomes a finished folder of rows, split and checked.

Every row passes by twice, a batch at a time, and leaves a few numbers behind: memory hardly grows
with the data. Once to be read, converted and staged on disk, once to be written into its split.
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.events import Event, ignore
from tuneful.data.arrow import Writer, pyarrow, read_batches, schema
from tuneful.data.checks import check_rows
from tuneful.data.checks.base import Facts
from tuneful.data.copies.groups import find_copies
from tuneful.data.dataset import CLEANED, SKIPPED, Dataset
from tuneful.data.readers.base import suffix
from tuneful.data.reading.scan import Scan
from tuneful.data.rows import kinds_of
from tuneful.data.sharing.crew import gathered
from tuneful.data.showing.seen import look_over
from tuneful.data.showing.summary import describe, manifest_facts
from tuneful.data.showing.written import write_report
from tuneful.data.sources import open_source
from tuneful.data.splitting.amounts import rows_needed, settle
from tuneful.data.splitting.arranged import by_content, by_time, joined, leave_out_copies
from tuneful.data.splitting.divide import NUMBERS, Rows, choose, divide, generator, in_order
from tuneful.recipe.data import WHO
from tuneful.recipe.parts import registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.checks.base import Embed
    from tuneful.data.reading.lengths import TextFacts
    from tuneful.data.reading.records import Source
    from tuneful.data.sharing.crew import Crew
    from tuneful.data.splitting.amounts import Amounts
    from tuneful.recipe.schema import Recipe

VERSION = 10
"""Changes where the same source would be prepared otherwise than before."""
STAGING = "staging"
"""Of a folder in the making: rows as they were read, until they are checked."""


def prepare(
    recipe: Recipe, store: Store, listener: Listener = ignore, embed: Embed | None = None
) -> Dataset:
    """Read, convert, check and split the recipe's source, or find that done.

    The folder's name carries a hash of the files' contents, the recipe's data section and seed:
    whatever changes the rows changes the name.

    Args:
        recipe: Its section data, and the kind of rows that its method learns from.
        store: Where data sets lie.
        listener: Hears of progress.
        embed: Embeds texts, where data.doubtful names an encoder.

    Raises:
        DataError: The source cannot be found, or a row cannot be read as what it is said to be.
    """
    source = open_source(recipe.data.source, listener, recipe.data.query)
    test = recipe.data.test_source
    sources = [source] if test is None else [source, open_source(test, listener)]
    hash_ = _hash(recipe, sources)
    final = store.artifact_folder("datasets", source.name, hash_)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    manifest: dict[str, Any] = {"kind": "dataset", "name": source.name, "hash": hash_}
    with building(final, manifest) as draft, gathered(recipe.data) as crew:
        facts = replace(_write(recipe, sources, draft, listener, crew), embed=embed)
        manifest |= manifest_facts(facts)
        seen = look_over(Dataset(draft, manifest))
        report = describe(facts, check_rows(facts, crew), seen)
        write_report(Dataset(draft, manifest), report, seen)
        shutil.rmtree(draft / STAGING)
    return Dataset.open(final)


def rows_wanted(recipe: Recipe) -> tuple[str, ...]:
    """Kinds of the rows that the recipe's method learns from."""
    return kinds_of(registry("method")[recipe.method.name])


def _hash(recipe: Recipe, sources: list[Source]) -> str:
    # What is made of the rows afterwards, and what is part of the hash below.
    made = {"answers", "augment", "canaries", "corrections", "select"}
    later = {*made, "seed", *WHO}
    asked = recipe.data.model_dump(mode="json", exclude={"source", "test_source", *later})
    contents = [
        [source.name, *([suffix(Path(file.name)), file.sha256] for file in source.files)]
        for source in (*sources, *_measured(recipe))
    ]
    return digest([VERSION, " ".join(rows_wanted(recipe)), asked, _seed(recipe), contents])


def _measured(recipe: Recipe) -> list[Source]:
    """Benchmarks that rows are held against, by checks and by steps of cleaning."""
    steps = [step.model_dump().get("sources", []) for step in recipe.data.clean]
    named = dict.fromkeys(itertools.chain(recipe.data.benchmarks, *steps))
    return [open_source(name, ignore) for name in named]


def _seed(recipe: Recipe) -> int:
    """Of take and split."""
    return recipe.seed if recipe.data.seed is None else recipe.data.seed


def _write(
    recipe: Recipe, sources: list[Source], draft: Path, listener: Listener, crew: Crew
) -> Facts:
    """Fill the draft folder with rows."""
    staging = draft / STAGING
    staging.mkdir()
    scan = Scan(recipe.data, staging, listener, rows_wanted(recipe), crew)
    _read(recipe, sources, scan)
    facts = _split(recipe, scan, listener, crew)
    (draft / "rows").mkdir()
    _write_splits(facts, draft / "rows", listener)
    if scan.skipped_file.exists():
        scan.skipped_file.rename(draft / SKIPPED)
    if scan.cleaned_file.exists():
        scan.cleaned_file.rename(draft / CLEANED)
    return facts


def _read(recipe: Recipe, sources: list[Source], scan: Scan) -> None:
    try:
        scan.read(sources[0], rows_needed(recipe.data))
        if len(sources) > 1:
            take = recipe.data.take
            scan.read(sources[1], take.test if take.order == "first" else None)
    finally:
        scan.close()


def _split(recipe: Recipe, scan: Scan, listener: Listener, crew: Crew) -> Facts:
    """Decide for each staged row where it goes."""
    import numpy as np

    data = recipe.data
    rows = Rows(
        label_N=np.frombuffer(scan.label_N, np.int32),
        num_main=scan.parts[0].end,
        is_labelled=bool(scan.labels),
    )
    num_test = len(rows.label_N) - rows.num_main if rows.has_test_source else None
    amounts = settle(data, rows.num_main, num_test)
    draw = generator(_seed(recipe))
    split_N = _arranged(recipe, rows, scan, amounts)
    used_N = choose(rows, amounts, draw) if split_N is None else split_N > 0
    near = data.split.group_duplicates != "exact"
    copies = find_copies(scan.rows_file, used_N, near=near, listener=listener, crew=crew)
    keep = data.split.group_duplicates != "none"
    if split_N is None:
        group_N = copies.group_N if keep else np.arange(len(used_N), dtype=np.int32)
        if data.split.group:
            group_N = joined(group_N, np.frombuffer(scan.marks, np.uint64), used_N)
        split_N = divide(rows, used_N, group_N, amounts, draw)
    elif keep and data.take.order != "first":
        split_N = leave_out_copies(split_N, copies.group_N)
    return Facts(recipe, scan, rows, amounts, copies, split_N, scan.rows_file.parent.parent)


def _arranged(recipe: Recipe, rows: Rows, scan: Scan, amounts: Amounts) -> NDArray[np.int8] | None:
    """Where each row goes by its place, its time or its content; None where that is drawn."""
    import numpy as np

    data = recipe.data
    if data.take.order == "first":
        return in_order(rows, amounts)
    if data.split.time:
        return by_time(rows, np.frombuffer(scan.marks, np.float64), amounts)
    if data.split.stable:
        return by_content(rows, np.frombuffer(scan.marks, np.uint64), data, _seed(recipe))
    return None


def _write_splits(facts: Facts, folder: Path, listener: Listener) -> None:
    """Write each staged row into its split's file, beside its group."""
    pa = pyarrow()
    columns = schema(facts.scan.row_type)
    writers = {name: Writer(folder / f"{name}.arrow", columns) for name in NUMBERS}
    begin, total = 0, len(facts.split_N)
    try:
        for batch in read_batches(facts.scan.rows_file):
            end = begin + batch.num_rows
            group = pa.array(facts.copies.group_N[begin:end].astype("int64"))
            rows = [batch.column(name) for name in columns.names if name != "group"]
            whole = pa.RecordBatch.from_arrays([*rows, group], schema=columns)
            _note_texts(facts.texts, batch, facts.split_N[begin:end] > 0)
            for name, number in NUMBERS.items():
                writers[name].write(whole.filter(pa.array(facts.split_N[begin:end] == number)))
            begin = end
            progress = {"stage": "prepare", "done": begin, "total": total, "unit": "rows"}
            listener(Event("progress", progress | {"text": "writing"}))
    finally:
        for writer in writers.values():
            writer.close()


def _note_texts(texts: TextFacts, batch: Any, used_N: Any) -> None:
    """Add a batch's lengths to what is known of all texts."""
    pa = pyarrow()
    used = batch.filter(pa.array(used_N))
    if not used.num_rows:
        return
    length_N = pa.compute.utf8_length(pa.compute.utf8_trim_whitespace(used.column("key")))
    texts.add(length_N.to_numpy(), used.column("source_row").to_numpy())
