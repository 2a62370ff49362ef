"""The whole way, from rows to a measured model with its card."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.workflow.gate import CAREFUL, Gate
from tuneful.workflow.stages import evaluate
from tuneful.workflow.training import Trained, train_recipe

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.recipe.origins import Written
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Outcome:
    """What a whole run came to."""

    trained: Trained
    report: Report
    seconds: float


def run(
    recipe: Recipe,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
    gate: Gate = CAREFUL,
    written: Written | None = None,
) -> Outcome:
    """The whole way: prepare, plan, check, train, evaluate, card.

    Raises:
        Refused: A check found what `gate` does not let pass.
        TunefulError: As the stages raise it.
    """
    began = time.time()
    place = store or Store.default()
    trained = train_recipe(recipe, place, listener, gate=gate, written=written)
    report = evaluate(trained.model, trained.recipe, trained.data, store=place, listener=listener)
    return Outcome(trained, report, time.time() - began)
