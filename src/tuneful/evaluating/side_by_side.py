"""Several models on the same rows: every metric of each, and each against the first.

All are asked the same test rows in the same way, and resampled together. p of all tests of the
report is corrected together (Holm), however many models and metrics there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.evaluate import check_metrics, metric_names
from tuneful.evaluating.few import made_by
from tuneful.evaluating.measured import correct_all, measure_one
from tuneful.evaluating.predictions import ask_base, ask_tuned_once, measure_of
from tuneful.evaluating.summary import differences, interval, p_text
from tuneful.recipe.change import with_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

BESIDE = {"source_row", "group"}
"""Columns that are not of the row itself."""


@dataclass(frozen=True)
class Contestant:
    """A model that is compared.

    Attributes:
        name: As the user named it.
        model: Where it was tuned; None for an untuned one.
        data: What it was trained and tested on, if that still stands in the store.
    """

    name: str
    model: Model | None
    data: Dataset | None = None


@dataclass(frozen=True)
class Contest:
    """Models, the recipe they are asked by, and the rows.

    Attributes:
        models: The first is what the others are held against; one at least is tuned.
        is_own: Whether the rows are those that the first tuned model was tested on.
    """

    models: Sequence[Contestant]
    recipe: Recipe
    data: Dataset
    is_own: bool

    def check(self) -> None:
        """Refuse what cannot be compared fairly.

        Raises:
            DataError: Models are measured in other ways, were tested on other rows, or learned
                rows that they would be tested on.
        """
        check_metrics(self.recipe)
        first = self._tuned()[0]
        wanted = _rows(self.data, "test")
        if not wanted:
            raise DataError(
                "There are no test rows to compare on.",
                where=str(self.data.path),
                fix="Name a recipe whose data has some: --recipe FILE.",
            )
        for one in self._tuned():
            _same_kind(first, one)
            if one.data is not None and one.data.hash == self.data.hash:
                continue
            if self.is_own:
                _same_rows(first, one, wanted)
            if one.data is not None:
                _unlearned(one, wanted)

    def _tuned(self) -> list[Contestant]:
        return [one for one in self.models if one.model is not None]

    def run(self, store: Store, listener: Listener) -> Report:
        """Ask all, and say what came out.

        Raises:
            DataError: As `check` does.
            ModelError: A model cannot be loaded.
        """
        self.check()
        like = self._tuned()[0].model
        assert like is not None, "one at least is tuned"
        rows = list(self.data.rows("test"))
        samples: dict[str, Any] = {}
        for one in self.models:
            if one.model is None:
                recipe = with_changes(self.recipe, {"model": one.name})
                measure = measure_of(like, recipe, is_base=True)
                said = ask_base(like, recipe, self.data, store, listener)
            else:
                measure = measure_of(one.model, self.recipe)
                said = ask_tuned_once(one.model, self.recipe, self.data, store, listener)
            samples[one.name] = measure.sample(said, rows)
        more = measure_of(like, self.recipe).metrics(next(iter(samples.values())))
        names = metric_names(self.recipe, more)
        metrics = {name: _measured(name, samples, self.recipe) for name in names}
        correct_all(metrics)
        facts = {
            "models": list(samples),
            "rows": len(rows),
            "dataset": self.data.hash,
            "metrics": metrics,
        }
        findings = [*_about_rows(self), *_verdicts(facts)]
        return Report("Comparison", findings, [_values(facts), _against(facts)], facts)


def _measured(name: str, samples: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """A metric of every model, and of every other one its difference to the first."""
    first, *others = samples
    found = {one: measure_one(name, samples[one], samples[first], recipe) for one in others}
    known = next(iter(found.values()))
    return {
        "title": known["title"],
        "better": known["better"],
        "by_formula": known["by_formula"],
        "is_share": known["is_share"],
        "values": {first: known["base"], **{one: part["tuned"] for one, part in found.items()}},
        "undefined": next((part["undefined"] for part in found.values() if part["undefined"]), ""),
        "difference": None,
        "rivals": {one: {"difference": part["difference"]} for one, part in found.items()},
    }


def _rows(data: Dataset, split: str) -> Counter[str]:
    """What the rows of a split hold, each as a digest."""
    return Counter(
        digest({key: value for key, value in row.items() if key not in BESIDE})
        for row in data.records(split)
    )


def _same_kind(first: Contestant, one: Contestant) -> None:
    assert first.model is not None
    assert one.model is not None
    ours, theirs = first.model, one.model
    for what, mine, its in (
        ("measured as", ours.measured_as, theirs.measured_as),
        ("of the classes", ours.labels, theirs.labels),
    ):
        if mine != its:
            one_is, other_is = (
                each if isinstance(each, str) else ", ".join(each) for each in (mine, its)
            )
            raise DataError(
                f"{first.name} is {what} {one_is or 'none'}, and {one.name} {other_is or 'none'}.",
                where=str(theirs.path),
                fix="Compare models that were made for the same task.",
            )


def _same_rows(first: Contestant, one: Contestant, wanted: Counter[str]) -> None:
    if one.data is None:
        raise DataError(
            f"The rows that {one.name} was tested on are not in the store any more, so nobody "
            f"knows whether they are those of {first.name}.",
            where=str(one.model.path) if one.model else one.name,
            fix="Say which rows to test all on: --recipe FILE.",
        )
    theirs = _rows(one.data, "test")
    if theirs != wanted:
        raise DataError(
            f"{first.name} was tested on {wanted.total():,} rows and {one.name} on "
            f"{theirs.total():,}, of which {(wanted & theirs).total():,} are the same: numbers of "
            "other rows say nothing about which model is better.",
            where=str(one.data.path),
            fix="Say which rows to test all on: --recipe FILE. None may have learned them.",
        )


def _unlearned(one: Contestant, wanted: Counter[str]) -> None:
    assert one.data is not None
    learned = wanted & _rows(one.data, "train")
    if learned:
        raise DataError(
            f"{one.name} learned {learned.total():,} of the {wanted.total():,} rows that all would "
            "be tested on.",
            where=str(one.data.path),
            fix="Test on rows that none of them has learned: --recipe with another source.",
        )


def _about_rows(contest: Contest) -> Iterator[Finding]:
    """Models of which nobody knows whether they learned the test rows."""
    unknown = [one.name for one in contest.models if one.model is not None and one.data is None]
    if unknown:
        yield Finding(
            Level.WARNING,
            "learned-unknown",
            f"Whether {', '.join(unknown)} learned some of the test rows is not known.",
            evidence="the rows that it learned are not in the store any more",
            fix="Prepare them again with its recipe.",
        )


def _verdicts(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """By the first metric: which models are better than the first, which worse, which neither."""
    first, known = facts["models"][0], next(iter(facts["metrics"].values()))
    for name, metric in facts["metrics"].items():
        if metric["undefined"]:
            yield Finding(
                Level.WARNING,
                "undefined-metric",
                f"{metric['title']} is not defined for all models: {metric['undefined']}.",
                where=f"evaluate.metrics: {name}",
            )
    for name, part in known["rivals"].items():
        apart = part["difference"]
        if not apart:
            continue
        low, high = apart["low"], apart["high"]
        if known["better"] == "lower":
            low, high = -high, -low
        verdict = "better than" if low > 0 else "worse than" if high < 0 else ""
        shown = interval(apart, is_share=known["is_share"], sign=True)
        p = p_text(apart["p_corrected"])
        yield Finding(
            Level.NOTE,
            verdict.split(" ", maxsplit=1)[0] or "not-shown",
            f"By {known['title']} {name} is {verdict or 'not shown to differ from'} {first}.",
            evidence=f"difference {shown}, p {p} among {_tests(facts)} tests",
        )


def _tests(facts: Mapping[str, Any]) -> int:
    parts = [part for known in facts["metrics"].values() for part in known["rivals"].values()]
    return sum(part["difference"] is not None for part in parts)


def _values(facts: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = []
    for known in facts["metrics"].values():
        parts = [known["values"][name] for name in facts["models"]]
        shown = [interval(part, is_share=known["is_share"]) if part else None for part in parts]
        rows.append([known["title"], *shown])
    note = f"{facts['rows']:,} test rows, the same for all; 95 % intervals {made_by(facts)}."
    return Table("Models on the same rows", ["metric", *facts["models"]], rows, note)


def _against(facts: Mapping[str, Any]) -> Table:
    rows = differences(facts)
    note = (
        "Paired over rows; p by McNemar's exact test where rows are right or wrong, else by "
        f"permutation, corrected for {_tests(facts)} tests (Holm)."
    )
    title = f"Difference to {facts['models'][0]}"
    return Table(title, ["metric", "model", "difference", "p"], rows, note)
