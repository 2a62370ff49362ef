"""A recipe with some keys changed, checked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.recipe.load import put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.recipe.schema import Recipe


def with_changes(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Set dotted keys ("data.take.order") to new values.

    Raises:
        RecipeError: A key does not exist or its value does not fit.
    """
    tree = recipe.model_dump(mode="json")
    for key, value in changes.items():
        put(tree, key, value)
    return type(recipe).make(tree)
