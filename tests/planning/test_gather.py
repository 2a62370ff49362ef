"""Rows that a method cannot learn from are refused, with what would make them fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import rows as row_files
from tests import world
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.models.catalog import describe
from tuneful.planning.plan import plan as make_plan
from tuneful.planning.speed import Timing
from tuneful.recipe.schema import Recipe
from tuneful.workflow import plan, prepare


@pytest.mark.parametrize(
    ("method", "kind", "ways"),
    [
        ("dpo", "preference", ("data.format: preference", "user, chosen, rejected")),
        ("kto", "judged", ("data.format: judged", "label (true or false)")),
        ("classify", "labelled", ("data.format: labelled",)),
    ],
)
def test_rows_of_the_wrong_kind_are_named_with_what_makes_the_right_ones(
    tmp_path: Path, store: Store, method: str, kind: str, ways: tuple[str, ...]
):
    recipe = Recipe.make(
        {
            "model": str(world.chat_model(tmp_path / "model")),
            "data": {"source": str(world.chats(tmp_path / "chats.jsonl"))},
            "method": method,
        }
    )
    with pytest.raises(DataError, match="came out as chat rows") as caught:
        plan(recipe, prepare(recipe, store=store), store=store)
    assert f"come out as {kind} rows" in caught.value.fix
    assert "Set method to" in caught.value.fix
    assert all(way in caught.value.fix for way in ways)


def beside(recipe: Recipe, store: Store) -> float:
    """Other models in memory, in times of the model's own float32 weights."""
    data = prepare(recipe, store=store)
    found = make_plan(recipe, data, store, probe=lambda settings: Timing(1e-6))
    weights = describe(Path(recipe.model)).parameters * 4 / 2**30
    return found.memory["other_models"] / weights


@pytest.mark.parametrize(
    ("method", "adapter", "copies"),
    [
        ({"name": "distill", "teacher": "TEACHER"}, "lora", 1),
        ({"name": "distill", "teacher": "TEACHER", "top_k": 4}, "lora", 0),
        ({"name": "distill", "teacher": "TEACHER", "on_policy": 0.5}, "full", 1),
        ({"name": "sft"}, "full", 0),
    ],
)
def test_a_teacher_counts_where_it_is_in_memory(
    tmp_path: Path, store: Store, method: dict[str, str], adapter: str, copies: int
):
    model = str(world.chat_model(tmp_path / "model"))
    recipe = Recipe.make(
        {
            "model": model,
            "data": {"source": str(world.chats(tmp_path / "chats.jsonl"))},
            "method": {k: model if v == "TEACHER" else v for k, v in method.items()},
            "adapter": adapter,
            "train": {"precision": "fp32"},
        }
    )
    assert beside(recipe, store) == pytest.approx(copies)


@pytest.mark.parametrize(
    ("method", "adapter", "copies"),
    [
        ({"name": "grpo", "beta": 0.1}, "full", 1),
        ({"name": "grpo", "beta": 0.1}, "lora", 0),
        ({"name": "grpo", "beta": 0.0}, "full", 0),
        ({"name": "dpo"}, "full", 0),
        ({"name": "dpo", "reference": "frozen"}, "lora", 1),
    ],
)
def test_a_frozen_reference_counts_where_there_is_one(
    tmp_path: Path, store: Store, method: dict[str, object], adapter: str, copies: int
):
    model = str(world.chat_model(tmp_path / "model"))
    is_dpo = method["name"] == "dpo"
    kind = "preference" if is_dpo else "prompt"
    recipe = Recipe.make(
        {
            "model": model,
            "data": {"source": str(row_files.source(kind, tmp_path / "rows.jsonl"))},
            "method": method if is_dpo else {**method, "rewards": [{"name": "length"}]},
            "adapter": adapter,
            "train": {"precision": "fp32"},
        }
    )
    assert beside(recipe, store) == pytest.approx(copies)
