"""Ask a model about test rows. What an untuned model says is kept: it is the same for every run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.artifact import digest, write_json
from tuneful.core.events import Event
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context, Told
from tuneful.models.model import Model
from tuneful.models.predict import Untuned, load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.evaluating.measures.base import Measure
    from tuneful.models.predict import Predictor
    from tuneful.recipe.schema import Recipe

VERSION = 2


def measure_of(
    model: Model, recipe: Recipe, store: Store | None = None, *, is_base: bool = False
) -> Measure:
    """How the model, or its base, is measured; as calibrated by now.

    `store` is needed where the measure is to ask and not just to say what was found.
    """
    context = Context.of(model, recipe.evaluate.max_new_tokens, store, is_base=is_base)
    return MEASURES[model.measured_as](context)


def load_to_ask(
    reference: str, store: Store, max_new_tokens: int, listener: Listener
) -> tuple[Measure, Predictor]:
    """Any model, and what `Measure.say` makes of it: an untuned one answers as in a conversation.

    Raises:
        ModelError: Nothing answers to the reference.
    """
    located = locate(reference, store, listener)
    predictor = load_predictor(reference, store, listener=listener)
    if not located.is_tuned:
        return MEASURES["answers"](Context(max_new_tokens=max_new_tokens)), predictor
    model = Model.open(located.folder)
    return MEASURES[model.measured_as](Context.of(model, max_new_tokens, store)), predictor


def ask_tuned(
    model: Model, recipe: Recipe, rows: Sequence[Row], store: Store, listener: Listener
) -> list[Any]:
    """Ask the tuned model about rows."""
    predictor = load_predictor(model.path, store, listener=listener)
    told = _progress(listener, "tuned", len(rows))
    return measure_of(model, recipe, store).ask(predictor, rows, told)


def ask_base(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> list[Any]:
    """Ask the model as it was before tuning about the test rows; a new head is fresh."""
    located = locate(recipe.model, store, listener)
    measure = measure_of(model, recipe, store, is_base=True)
    asked = [
        VERSION,
        str(located.folder),
        data.hash,
        [model.measured_as, measure.version, *measure.depends_on()],
        list(model.labels),
        model.max_length,
        recipe.seed,
    ]
    path = store.home / "predictions" / f"{digest(asked)[:16]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))["said"]
    untuned = Untuned(model.head, model.labels, recipe.seed)
    predictor = load_predictor(recipe.model, store, untuned=untuned, listener=listener)
    cut_alike = replace(predictor, max_length=model.max_length)
    told = _progress(listener, "base", data.num_rows("test"))
    said = measure.ask(cut_alike, list(data.rows("test")), told)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"asked": asked, "said": said})
    return said


def _progress(listener: Listener, who: Literal["base", "tuned"], total: int) -> Told:
    def told(what: str) -> Callable[[int], None]:
        def on_done(done: int) -> None:
            facts = {"stage": "evaluate", "done": done, "total": total, "unit": "rows"}
            listener(Event("progress", facts | {"text": f"{who} {what}"}))

        return on_done

    return told
