"""Rows and a model alone: what is chosen for them, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.world import chat_model, chats, encoder, reviews
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.methods import METHODS
from tuneful.planning.infer import USUAL, infer


def test_the_usual_methods_are_methods():
    assert set(USUAL) <= set(METHODS)


def test_the_usual_method_is_chosen_where_several_learn_from_the_rows(tmp_path: Path, store: Store):
    model = str(chat_model(tmp_path / "model"))
    source = tmp_path / "pairs.jsonl"
    pairs = [{"prompt": f"Say {n}.", "chosen": f"{n}", "rejected": "No."} for n in range(40)]
    source.write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    assert infer(str(source), model, [], store, ignore).recipe.method.name == "dpo"
    source = chats(tmp_path / "chats.jsonl")
    assert infer(str(source), model, [], store, ignore).recipe.method.name == "sft"


def test_what_was_asked_for_needs_no_reason(tmp_path: Path, store: Store):
    source, model = str(reviews(tmp_path / "rows.csv")), str(encoder(tmp_path / "model"))
    found = infer(source, model, ["train.epochs=2"], store, ignore)
    assert found.recipe.train.epochs == 2
    assert not any(reason.startswith("epochs") for reason in found.reasons)
