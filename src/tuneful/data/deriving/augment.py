"""A data set with more training rows: made of those there are, each with what it was made of.

Rows that are made stand after all others in the train split, with the source row and the group of
copies of their first parent. `augmented.jsonl` lists them, `rejected.jsonl` rows that were made and
left out; all other tries that came to nothing are counted by reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, cast

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.errors import DataError
from tuneful.data.arrow import Writer, columns_of, pyarrow, read_batches, schema
from tuneful.data.augmenting import AUGMENTERS
from tuneful.data.augmenting.base import Material, TryConfig, text_of
from tuneful.data.dataset import Dataset
from tuneful.data.deriving.derived import take_over
from tuneful.data.deriving.made import LISTED, REJECTED, Lines, Tally, There, facts_of, report_of
from tuneful.data.deriving.preserved import Judge, NoCheck, Verdict, learn_head
from tuneful.data.faults.leaning import Leaning
from tuneful.data.rewriting import TaughtConfig
from tuneful.data.showing.written import write_report
from tuneful.recipe.data import Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.core.store import Store
    from tuneful.data.augmenting.base import AugmentConfig, Try
    from tuneful.data.deriving.preserved import Check
    from tuneful.data.rewriting import Ask, Question, Said
    from tuneful.data.rows import Row
    from tuneful.recipe.schema import Recipe

VERSION = 2
COPIES = "balance"
"""Copies are left out, but for the part that makes copies."""
MOST_WORDS = 20_000
"""Words of the training texts, the commonest, that neighbours are looked for among."""
AT_ONCE = 256
"""Tries that are checked together."""


class Teachers(Protocol):
    """Models that write, from a floor above."""

    def ask(self, config: TaughtConfig, question: Question) -> Sequence[Sequence[Said]]:
        """Their replies to each text."""
        ...

    def origin(self, config: TaughtConfig) -> Mapping[str, str]:
        """Where one is (`place`), and the `licence` of what it writes."""
        ...


@dataclass(frozen=True)
class TrainRows:
    """The training rows of a data set by number."""

    data: Dataset

    def __len__(self) -> int:
        return self.data.num_rows("train")

    def __getitem__(self, number: int) -> Row:
        return self.data.row("train", number)


def augment(
    data: Dataset,
    recipe: Recipe,
    store: Store,
    neighbours: Callable[[Sequence[str]], Mapping[str, Sequence[str]]],
    teachers: Teachers,
) -> Dataset:
    """The data set with the rows that `data.augment` makes: made now, or by an earlier call.

    Args:
        data: What rows are made of.
        recipe: Names the augmenters, and the model whose embeddings neighbours come from.
        store: Where data sets stand.
        neighbours: Of words, words that the recipe's model uses alike.
        teachers: Models that write.

    Raises:
        DataError: An augmenter does not fit the rows, or would make labels wrong; or the ceiling of
            a teacher's cost is reached.
        ModelError: A teacher is not to be found, or answers nothing.
    """
    configs = [cast("AugmentConfig", config) for config in recipe.data.augment]
    for config in configs:
        _refuse_unfit(config, data.row_type)
    taught = [config for config in configs if isinstance(config, TaughtConfig)]
    origins = [{"teacher": config.model, **teachers.origin(config)} for config in taught]
    asked = [_asked(config) for config in configs]
    seen = recipe.model if any(config.name == "synonyms" for config in configs) else ""
    key = digest([VERSION, data.hash, asked, recipe.seed, seen, origins])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    manifest = {**data.manifest, "hash": key}
    with building(final, manifest) as draft:
        take_over(draft, data)
        making = _Making(data, configs, recipe.seed, neighbours, teachers.ask)
        total = making.write(draft)
        manifest |= facts_of(data, making.tallies, total, asked, origins)
        write_report(Dataset(draft, manifest), report_of(data, making.tallies, manifest))
    return Dataset.open(final)


def _asked(config: AugmentConfig) -> dict[str, Any]:
    """What changes the rows that are made."""
    patience = {"endpoint": set(Remote.PATIENCE)}
    return config.model_dump(
        mode="json", exclude=patience if isinstance(config, TaughtConfig) else None
    )


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
    ask: Ask
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])

    @cached_property
    def material(self) -> Material:
        """What rows are made of."""
        leaning = Leaning.of(self.data.rows("train"))
        counts = self.data.manifest.get("label_counts", {}).get("train", {})

        def near() -> Mapping[str, Sequence[str]]:
            return self.neighbours([w for w, _ in leaning.vocabulary().most_common(MOST_WORDS)])

        rows = TrainRows(self.data)
        return Material(rows, leaning.guard, self.data.labels, counts, near, self.ask)

    @cached_property
    def head(self) -> Check:
        """The quick classifier, learned once for all augmenters."""
        return learn_head(self.data)

    def write(self, draft: Path) -> int:
        """Write the train split and the lists of rows made and left out; return all rows' count."""
        columns = schema(self.data.row_type)
        writer = Writer(draft / "rows" / "train.arrow", columns)
        made, rejected = (Lines(draft / name) for name in (LISTED, REJECTED))
        there = There.of(self.data, taught=any(isinstance(c, TaughtConfig) for c in self.configs))
        try:
            for batch in read_batches(self.data.file("train")):
                writer.write(batch)
            for place, config in enumerate(self.configs):
                for one, verdict in self._tried(place, config, there):
                    line = self._line(config.name, one, verdict)
                    if verdict.why:
                        rejected.write(line)
                        continue
                    made.write({"row": writer.num_rows, **line})
                    record = self.data.record("train", one.parents[0])
                    beside = {name: [record[name]] for name in ("source_row", "group")}
                    values = {**columns_of([cast("Row", one.row)]), **beside}
                    writer.write(pyarrow().RecordBatch.from_pydict(values, schema=columns))
        finally:
            made.close()
            rejected.close()
            writer.close()
        return writer.num_rows

    def _tried(
        self, place: int, config: AugmentConfig, there: There
    ) -> Iterator[tuple[Try, Verdict]]:
        """Rows made, and tries whose coming to nothing is to be listed; all are counted."""
        import numpy as np

        draw = np.random.default_rng([self.seed, place, 0xA0631])
        tally = self.tallies.setdefault(config.name, Tally())
        check = self._check(config)
        tally.unchecked = check.why if isinstance(check, NoCheck) else ""
        tries = AUGMENTERS[config.name](config).make(self.material, draw)
        may_repeat = config.name == COPIES
        while some := list(islice(tries, AT_ONCE)):
            new: list[Try] = []
            for one in some:
                why = one.note if one.row is None else "" if may_repeat else there.why_not(one)
                if not why:
                    new.append(one)
                    continue
                tally.nothing[why] += 1
                if one.facts:
                    yield one, Verdict(why)
            for one, verdict in zip(new, check.verdicts(new) if new else [], strict=True):
                tally.count(one, verdict)
                yield one, verdict

    def _check(self, config: AugmentConfig) -> Check:
        if not isinstance(config, TryConfig | TaughtConfig) or config.check == "none":
            return NoCheck("")
        if isinstance(config, TaughtConfig) and config.check == "judge":
            return Judge(self.material, config)
        return self.head

    def _line(self, name: str, one: Try, verdict: Verdict) -> dict[str, Any]:
        """What a list says of a row made, or of one that was left out."""
        records = [self.data.record("train", parent) for parent in one.parents]
        line: dict[str, Any] = {"by": name, "from": [record["source_row"] for record in records]}
        if verdict.why:
            text = {"text": text_of(one.row)} if one.row is not None else {}
            more = {"detail": verdict.detail} if verdict.detail else {}
            return {**line, "why": verdict.why, **more, **text, **one.facts}
        return {**line, "note": one.note, **one.facts}
