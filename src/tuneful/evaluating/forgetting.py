"""What tuning cost elsewhere: how likely a general text is to base and tuned model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest, write_json
from tuneful.core.events import Event
from tuneful.data.collections.general import measured_rows
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.predict import Untuned, load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rows import Text
    from tuneful.evaluating.measures.base import Measure
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 2


def ask_general(
    model: Model, recipe: Recipe, store: Store, listener: Listener
) -> tuple[Any, Any] | None:
    """Samples of the tuned and of the untuned model on the general text, or None.

    None for classifiers, whose heads read no text aloud, and where the recipe asks for no text or
    no base.

    Raises:
        DataError: The recipe's text cannot be read.
    """
    text = recipe.remember.text
    if model.head != "tokens" or text is None or not recipe.evaluate.base:
        return None
    rows, kind = measured_rows(recipe, store, listener), METHODS["pretrain"]
    method = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
    measure = MEASURES["texts"](Context(method=method))
    tuned = load_predictor(model.path, store, listener=listener)
    said = measure.ask(tuned, rows, _told(listener, len(rows)))
    base = _ask_base(model, recipe, measure, rows, (store, listener))
    return measure.sample(said, rows), measure.sample(base, rows)


def _ask_base(
    model: Model,
    recipe: Recipe,
    measure: Measure,
    rows: Sequence[Text],
    place: tuple[Store, Listener],
) -> list[Any]:
    """Ask the untuned model; what it says is kept, for it is the same in every run."""
    store, listener = place
    folder = locate(recipe.model, store, listener).folder
    asked = [VERSION, str(folder), [row.text for row in rows], model.max_length]
    path = store.home / "predictions" / f"{digest(asked)[:16]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))["said"]
    untuned = Untuned(model.head, model.labels, recipe.seed)
    predictor = load_predictor(recipe.model, store, untuned=untuned, listener=listener)
    cut_alike = replace(predictor, max_length=model.max_length)
    said = measure.ask(cut_alike, rows, _told(listener, len(rows)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"said": said})
    return said


def _told(listener: Listener, total: int) -> Callable[[str], Callable[[int], None]]:
    def told(what: str) -> Callable[[int], None]:
        def on_done(done: int) -> None:
            facts = {"stage": "evaluate", "done": done, "total": total, "unit": "rows"}
            listener(Event("progress", facts | {"text": f"general text, {what}"}))

        return on_done

    return told
