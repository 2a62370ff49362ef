"""Ask a model about test rows. What an untuned model says is kept: it is the same for every run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest, write_json
from tuneful.core.events import Event
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context, Extra, Told
from tuneful.evaluating.rivals import refuse_too_long
from tuneful.models.chat import Talk, encode_prompt
from tuneful.models.model import Model
from tuneful.models.predict import Untuned, load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.evaluating.measures.base import Measure
    from tuneful.evaluating.rivals import Rival
    from tuneful.models.predict import Chatter, Predictor
    from tuneful.recipe.schema import Recipe

VERSION = 2
TIMED = 24
"""Rows that are asked one at a time where latency is measured."""


def measure_of(
    model: Model,
    recipe: Recipe,
    store: Store | None = None,
    *,
    is_base: bool = False,
    scores_reference: bool = True,
) -> Measure:
    """How the model, or its base, is measured; as calibrated by now.

    `store` is needed where the measure is to ask and not just to say what was found. Without
    `scores_reference` models that write are asked for answers alone.
    """
    context = Context.of(model, recipe.evaluate.max_new_tokens, store, is_base=is_base)
    extra = replace(_extra(recipe), scores_reference=scores_reference)
    return MEASURES[model.measured_as](replace(context, extra=extra))


def _extra(recipe: Recipe) -> Extra:
    """What the metrics that were asked for need: answers are drawn for no other."""
    names = recipe.evaluate.metrics
    asked = {name.partition(":")[0] for name in names} if names != "auto" else set[str]()
    draws = "pass_at_k" in asked and recipe.evaluate.samples > 1
    return Extra(
        samples=recipe.evaluate.samples if draws else 0,
        temperature=recipe.evaluate.temperature,
        timed=TIMED if "latency_s" in asked else 0,
        seed=recipe.seed,
        runs_code="pass_at_k" in asked,
    )


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
    model: Model,
    recipe: Recipe,
    data: Dataset,
    store: Store,
    listener: Listener,
    rival: Rival | None = None,
) -> list[Any]:
    """Ask the model as it was before tuning about the test rows; a new head is fresh.

    Args:
        model: The tuned model, as which it is measured.
        recipe: Names the untuned model.
        data: Has the rows.
        store: Where what it says is kept.
        listener: Hears how far it is.
        rival: What stands before each question.

    Raises:
        DataError: With it, a question is too long for the model.
    """
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
        *([] if rival is None else [rival.to_json()]),
    ]
    path = _place(asked, store)
    if path.exists():
        return _kept(path)
    untuned = Untuned(model.head, model.labels, recipe.seed)
    predictor = load_predictor(recipe.model, store, untuned=untuned, listener=listener)
    rows: list[Any] = list(data.rows("test"))
    told = _progress(listener, rival.name if rival else "base", len(rows))
    if rival is None:
        cut_alike = replace(predictor, max_length=model.max_length)
        return _keep(path, asked, measure.ask(cut_alike, rows, told))
    rows = [rival.put_before(row) for row in rows]
    talker = cast("Chatter", predictor)
    lengths = [len(encode_prompt(talker.tokenizer, Talk(row.prompt, row.tools))) for row in rows]
    refuse_too_long(lengths, talker.max_length - recipe.evaluate.max_new_tokens, rival)
    return _keep(path, asked, measure.ask(talker, rows, told))


def ask_tuned_once(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> list[Any]:
    """Ask a tuned model about the test rows of any data set; what it says is kept."""
    measure = measure_of(model, recipe, store)
    measured = [model.measured_as, measure.version, *measure.depends_on()]
    asked = [VERSION, "tuned", str(model.path), model.hash, data.hash, measured]
    path = _place(asked, store)
    if path.exists():
        return _kept(path)
    rows = list(data.rows("test"))
    return _keep(path, asked, ask_tuned(model, recipe, rows, store, listener))


def _place(asked: list[Any], store: Store) -> Path:
    return store.home / "predictions" / f"{digest(asked)[:16]}.json"


def _kept(path: Path) -> list[Any]:
    return json.loads(path.read_text(encoding="utf-8"))["said"]


def _keep(path: Path, asked: list[Any], said: list[Any]) -> list[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"asked": asked, "said": said})
    return said


def _progress(listener: Listener, who: str, total: int) -> Told:
    def told(what: str) -> Callable[[int], None]:
        def on_done(done: int) -> None:
            facts = {"stage": "evaluate", "done": done, "total": total, "unit": "rows"}
            listener(Event("progress", facts | {"text": f"{who} {what}"}))

        return on_done

    return told
