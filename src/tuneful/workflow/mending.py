"""Rows prepared, and prepared again with what their findings say a machine can mend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.events import Event, ignore
from tuneful.recipe.change import with_changes
from tuneful.workflow.gate import CAREFUL, Gate, mending
from tuneful.workflow.stages import prepare

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe

MOST_ROUNDS = 4
"""What is mended may uncover more: HTML that hid an address."""


@dataclass(frozen=True)
class Prepared:
    """A data set, and the recipe's keys that were changed for it.

    Attributes:
        changes: Keys and their new values; empty where nothing was mended.
    """

    data: Dataset
    changes: dict[str, Any] = field(default_factory=dict[str, Any])


def prepare_mended(
    recipe: Recipe, *, store: Store | None = None, listener: Listener = ignore, gate: Gate = CAREFUL
) -> Prepared:
    """Prepare rows; where `gate` says so, mend what its level finds and prepare again.

    Raises:
        DataError: The source cannot be read as what it is said to be.
    """
    changes: dict[str, Any] = {}
    data = prepare(recipe, store=store, listener=listener)
    for _ in range(MOST_ROUNDS):
        change = mending(data.report(), gate, changes)
        if not change:
            break
        changes |= change
        recipe = with_changes(recipe, change)
        words = ", ".join(f"{key}: {value}" for key, value in change.items())
        listener(Event("message", {"text": f"mended {words}"}))
        data = prepare(recipe, store=store, listener=listener)
    return Prepared(data, changes)
