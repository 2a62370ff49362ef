"""Ask a model about test rows. What an untuned model says is kept: it is the same for every run."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.artifact import digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.events import Event
from tuneful.data.rows import Chat, Labelled
from tuneful.models.predict import Chatter, Classifier, load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 1


@dataclass(frozen=True)
class Said:
    """What a model said of the rows of a split, as JSON values.

    Attributes:
        values: Logits of each row, or [answer, log p, tokens] of each row.
        labels: Classes in the order of the logits.
    """

    values: Sequence[Any]
    labels: Sequence[str] = ()


def ask_tuned(
    model: Model, recipe: Recipe, data: Dataset, split: str, store: Store, listener: Listener
) -> Said:
    """Ask the tuned model about a split."""
    predictor = load_predictor(model.path, store, listener=listener)
    return _ask(predictor, recipe, data, split, _progress(listener, "tuned", data.num_rows(split)))


def ask_base(model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener) -> Said:
    """Ask the model as it was before tuning about the test rows; a classifier gets a fresh head."""
    located = locate(recipe.model, store, listener)
    asked = [
        VERSION,
        str(located.folder),
        data.hash,
        list(model.labels),
        model.max_length,
        recipe.seed,
        recipe.evaluate.max_new_tokens if model.head == "tokens" else 0,
    ]
    path = store.home / "predictions" / f"{digest(asked)[:16]}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Said(kept["values"], kept["labels"])
    predictor = load_predictor(
        recipe.model,
        store,
        labels=model.labels if model.head == "classes" else None,
        seed=recipe.seed,
        listener=listener,
    )
    told = _progress(listener, "base", data.num_rows("test"))
    cut_alike = replace(predictor, max_length=model.max_length)
    said = _ask(cut_alike, recipe, data, "test", told)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"asked": asked, "values": said.values, "labels": said.labels})
    return said


def truth(data: Dataset, split: str, labels: Sequence[str]) -> list[int]:
    """Each row's class as its number in `labels`.

    Raises:
        DataError: A row is of a class that the model does not know.
    """
    number = {label: at for at, label in enumerate(labels)}
    found: list[int] = []
    for row in data.rows(split):
        assert isinstance(row, Labelled)
        if row.label not in number:
            raise DataError(
                f"The {split} rows have the class {row.label!r}, which the model does not know.",
                where=str(data.path),
                fix=f"Leave such rows out with data.where; the model knows {', '.join(labels)}.",
            )
        found.append(number[row.label])
    return found


def _ask(
    predictor: Classifier | Chatter,
    recipe: Recipe,
    data: Dataset,
    split: str,
    told: Callable[[str], Callable[[int], None]],
) -> Said:
    if isinstance(predictor, Classifier):
        texts = [row.text for row in data.rows(split) if isinstance(row, Labelled)]
        return Said(predictor.logits(texts, told("rows")).tolist(), list(predictor.labels))
    chats = [row for row in data.rows(split) if isinstance(row, Chat)]
    prompts = [chat.prompt for chat in chats]
    answers = predictor.answers(prompts, recipe.evaluate.max_new_tokens, told("answers"))
    scores = predictor.answer_logp(chats, told("probabilities"))
    return Said([[a, logp, n] for a, (logp, n) in zip(answers, scores, strict=True)])


def _progress(
    listener: Listener, who: Literal["base", "tuned"], total: int
) -> Callable[[str], Callable[[int], None]]:
    def told(what: str) -> Callable[[int], None]:
        def on_done(done: int) -> None:
            facts = {"stage": "evaluate", "done": done, "total": total, "unit": "rows"}
            listener(Event("progress", facts | {"text": f"{who} {what}"}))

        return on_done

    return told
