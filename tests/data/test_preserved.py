"""Whether a made row is still what it is called: who can say, and where nobody can."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.world import BAD, GOOD, PLAIN
from tuneful.core.store import Store
from tuneful.data.augmenting.base import Try
from tuneful.data.dataset import Dataset
from tuneful.data.deriving.preserved import OTHER, Head, NoCheck, learn_head
from tuneful.data.prepare import prepare
from tuneful.data.rows import Labelled
from tuneful.recipe.schema import Recipe


def prepared(path: Path, store: Store, rows: list[dict[str, object]]) -> Dataset:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    split = {"test": 0, "validation": 0, "group_duplicates": "none"}
    method = "classify" if "label" in rows[0] else "rate"
    data = {"source": str(path), "split": split}
    return prepare(Recipe.make({"model": "m", "method": method, "data": data}), store)


def text_of(draw: random.Random, words: list[str]) -> str:
    return " ".join([*draw.choices(PLAIN, k=4), *draw.choices(words, k=2), str(draw.random())])


def test_a_row_is_judged_by_who_did_not_learn_its_parent_and_has_it_right(
    tmp_path: Path, store: Store
):
    draw = random.Random(1)
    rows = [{"text": text_of(draw, (GOOD, BAD)[n % 2]), "label": "gb"[n % 2]} for n in range(260)]
    rows[0]["label"] = "b"  # a wrong label: the classifier says otherwise
    head = learn_head(prepared(tmp_path / "rows.jsonl", store, list(rows)))
    assert isinstance(head, Head)
    assert head.right > 0.95

    def verdict(text: str, label: str, *parents: int) -> tuple[str, bool]:
        (found,) = head.verdicts([Try(Labelled(text, label), parents, "")])
        return found.why, found.is_judged

    assert verdict(f"so {rows[2]['text']}", "g", 2) == ("", True)
    assert verdict(text_of(draw, BAD), "g", 2) == (OTHER, True)
    assert verdict(text_of(draw, GOOD), "b", 0) == ("", False)
    assert verdict(f"{rows[2]['text']} {rows[4]['text']}", "g", 2, 4) == ("", True)
    assert verdict(text_of(draw, BAD), "g", 2, 4) == (OTHER, True)
    assert verdict(text_of(draw, GOOD), "b", 3, 0) == ("", False)  # one parent is not judged
    detail = head.verdicts([Try(Labelled(text_of(draw, BAD), "g"), (2,), "")])[0].detail
    assert detail.startswith("likelier 'b' (")


def test_where_nobody_can_judge_it_is_said(tmp_path: Path, store: Store):
    draw = random.Random(1)
    few = [{"text": text_of(draw, GOOD), "label": "gb"[n % 2]} for n in range(60)]
    vague = [{"text": text_of(draw, GOOD), "label": draw.choice("gb")} for _ in range(240)]
    stars = [{"text": text_of(draw, GOOD), "rating": n % 5} for n in range(60)]
    said = {"too few rows": few, "too little of the class": vague, "no single class": stars}
    for number, (why, rows) in enumerate(said.items()):
        check = learn_head(prepared(tmp_path / f"{number}.jsonl", store, list(rows)))
        assert isinstance(check, NoCheck), why
        assert why in check.why
        assert check.verdicts([Try(Labelled("x", "g"), (0,), "")])[0].is_judged is False
