"""A recipe out of rows and a model alone: task, format, columns and method found out and said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.prepare import prepare
from tuneful.data.rows import kinds_of
from tuneful.methods import METHODS
from tuneful.models.catalog import describe
from tuneful.models.references import locate
from tuneful.recipe.load import set_value
from tuneful.recipe.schema import Recipe
from tuneful.recipe.write import to_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store

LARGE = 500_000_000
"""Parameters above which only an adapter is trained unless asked otherwise."""
ROWS_SEEN = 10_000
"""Passes over few rows are repeated until about so many were seen, three times at most."""
MOST_EPOCHS = 3
USUAL = ("classify", "classify_multi", "pair", "rate", "tag", "sft", "pretrain", "dpo")
"""Methods that come first where several learn from the same rows."""


@dataclass(frozen=True)
class Inferred:
    """A recipe, its text, and the reason of each choice."""

    recipe: Recipe
    text: str
    reasons: Sequence[str]


def infer(
    source: str, model: str, overrides: Sequence[str], store: Store, listener: Listener
) -> Inferred:
    """Look at the rows and the model, and settle what a recipe must say.

    Args:
        source: As in a recipe's data.source.
        model: As in a recipe's model.
        overrides: `key.path=value`, applied on top.
        store: Where data sets and models are.
        listener: Hears of progress.

    Raises:
        DataError: The rows are in no format that is known, or no method learns from them.
        ModelError: There is no such model.
    """
    located = locate(model, store, listener)
    name = f"{Path(source.partition(':')[2] or source).name.split('.')[0]}-{located.folder.name}"
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:60]
    # Rows are the same whatever the method; any will do to prepare them.
    tree: dict[str, Any] = {"name": name, "model": model, "data": {"source": source}}
    draft = _made({**tree, "method": next(iter(METHODS))}, overrides)
    data = prepare(draft, store, listener)
    fitting = [kind for kind in METHODS if data.row_type in kinds_of(METHODS[kind])]
    fitting.sort(key=lambda kind: kind not in USUAL)
    if not fitting:
        raise DataError(
            f"No method learns from {data.row_type} rows.",
            where=source,
            fix="tuneful list methods shows what there is; write a recipe for it.",
        )
    parameters = describe(located.folder).parameters
    is_chat = METHODS[fitting[0]].head == "tokens"
    adapter = "lora" if is_chat or parameters > LARGE else "full"
    rows = max(1, data.num_rows("train"))
    epochs = min(MOST_EPOCHS, max(1, round(ROWS_SEEN / rows)))
    tree |= {"method": fitting[0], "adapter": adapter, "train": {"epochs": epochs}}
    tree["data"] |= {"format": data.manifest["format"], "columns": data.manifest["columns"]}
    recipe = _made(tree, overrides)
    columns = ", ".join(f"{ours}: {own}" for ours, own in data.manifest["columns"].items())
    splits = ", ".join(f"{data.num_rows(split):,} {split}" for split in data.splits)
    reasons = {
        "method": f"method {fitting[0]}: the source gives {data.row_type} rows",
        "data": f"format {data.manifest['format']}, columns {columns}",
        "split": f"split: {splits} rows",
        "adapter": f"adapter {adapter}: {_why(adapter, parameters, is_chat=is_chat)}",
        "train.epochs": f"epochs {epochs}: there are {rows:,} training rows",
        "rest": "everything else is settled by the plan (tuneful plan)",
    }
    for override in overrides:  # what was asked for needs no reason of ours
        reasons.pop(override.partition("=")[0].strip(), None)
    return Inferred(recipe, to_yaml(recipe), list(reasons.values()))


def _why(adapter: str, parameters: int, *, is_chat: bool) -> str:
    """The reason of an adapter."""
    if is_chat:
        return "the model writes, and forgets less with its weights frozen"
    few = "few enough" if adapter == "full" else "too many"
    return f"the model has {parameters:,} parameters, {few} to train all"


def _made(tree: dict[str, Any], overrides: Sequence[str]) -> Recipe:
    copy: dict[str, Any] = json.loads(json.dumps(tree))
    for override in overrides:
        set_value(copy, override)
    return Recipe.make(copy)
