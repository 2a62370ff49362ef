"""A recipe whose rows are another source's, all of them to test on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.recipe.data import Split, Take

if TYPE_CHECKING:
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

ALL = 1 << 40
"""More rows than a source has."""


def on_other_rows(recipe: Recipe, source: str, model: Model) -> Recipe:
    """The recipe with the source's rows to test on, which `data.test_where` chooses.

    Columns, format and class names are the recipe's; classes that the source calls by the model's
    own names are taken as they are. Rows are not cleaned, and one row of each class is left out: a
    data set keeps it to train on.

    Args:
        recipe: The model's, perhaps with other columns.
        source: As in data.source.
        model: Whose classes the rows have.
    """
    data = recipe.data
    own = {label: label for label in model.labels} if data.labels else {}
    other = data.model_copy(
        update={
            "source": source,
            "test_source": None,
            "where": data.test_where or {},
            "test_where": None,
            "query": "",
            "labels": {**own, **data.labels},
            "split": Split(validation=0, test=ALL, group_duplicates="none"),
            "take": Take(test=data.take.test),
            "clean": [],
            "augment": [],
            "answers": None,
            "select": None,
            "corrections": None,
        }
    )
    return recipe.model_copy(update={"data": other})
