"""Rows that a method cannot learn from are refused, with what would make them fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import world
from tuneful.core.errors import DataError
from tuneful.core.store import Store
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
