"""A prepared data set for a person: what was found, its rows, and what an epoch of them takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.showing.page import page
from tuneful.data.showing.seen import look_over
from tuneful.data.showing.tokens import tokens_table
from tuneful.planning.epoch import NUM_ROWS, tokens_per_epoch

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Portrait:
    """What is known of a data set.

    Attributes:
        report: For a terminal or a program.
        page: As HTML that loads nothing.
    """

    report: Report
    page: str


def portrait(
    data: Dataset,
    recipe: Recipe | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
    num_rows: int = NUM_ROWS,
    usd: float | None = None,
) -> Portrait:
    """Say what a data set holds; with a recipe also what an epoch takes in its model's tokens.

    Args:
        data: Prepared.
        recipe: Names model, method and train.max_length.
        store: Where models lie.
        listener: Hears of a model that is fetched.
        num_rows: Training rows to encode at most; 0 for all.
        usd: Of a million tokens, where an epoch's price is wanted.

    Raises:
        DataError: There is no training row, or the method cannot learn from such rows.
        ModelError: The model is not to be found or has no tokenizer.
    """
    report, seen, tokens = data.report(), look_over(data), None
    if recipe is not None:
        place = store or Store.default()
        tokens = tokens_per_epoch(recipe, data, place, listener, num_rows=num_rows, usd=usd)
        tables = [*report.tables, tokens_table(tokens)]
        report = replace(report, tables=tables, facts={**report.facts, "tokens": tokens.to_json()})
    return Portrait(report, page(data, report, seen, tokens))
