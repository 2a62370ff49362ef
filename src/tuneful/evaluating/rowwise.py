"""The first metric of a model, row by row: what comparisons of several runs are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.evaluating.evaluate import check_metrics, metric_names
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.predictions import ask_tuned, measure_of

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.evaluating.metrics.base import Array
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Rowwise:
    """A metric of a model's test rows.

    Attributes:
        metric: Its name.
        statistics_NK: What is summed over rows.
    """

    metric: str
    statistics_NK: Array


def row_by_row(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> Rowwise:
    """Ask a model about the test rows. Nothing is calibrated, and its base is not asked.

    Raises:
        DataError: There are no test rows, or a metric does not fit the method.
        ModelError: The model cannot be loaded.
    """
    if not data.num_rows("test"):
        raise DataError(
            "There are no test rows to compare models by.",
            where=str(data.path),
            fix="Set data.split.test (0.1 is usual) or data.test_source.",
        )
    check_metrics(recipe)
    rows = list(data.rows("test"))
    measure = measure_of(model, recipe, store)
    sample = measure.sample(ask_tuned(model, recipe, rows, store, listener), rows)
    name = metric_names(recipe, measure.metrics(sample))[0]
    return Rowwise(name, metric(name).statistics(sample))
