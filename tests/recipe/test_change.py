"""Changing a recipe that is already read."""

from __future__ import annotations

import pytest

from tuneful.core.errors import RecipeError
from tuneful.recipe.change import with_changes


def test_changed_keys_are_new_and_all_others_as_before(read):
    recipe = read("seed: 3\ntrain: {epochs: 2}\n")
    changed = with_changes(recipe, {"train.epochs": 4, "data.take.order": "first"})
    assert (changed.train.epochs, changed.data.take.order) == (4, "first")
    undone = with_changes(changed, {"train.epochs": 2, "data.take.order": "random"})
    assert undone == recipe


def test_the_recipe_itself_stays_as_it_is(read):
    recipe = read("evaluate: {metrics: [ece]}\n")
    with_changes(recipe, {"evaluate.metrics": ["macro_f1"], "data.columns.text": "body"})
    assert (recipe.evaluate.metrics, recipe.data.columns) == (["ece"], {})


def test_no_changes_give_an_equal_recipe(read):
    recipe = read("adapter: {name: lora, rank: 4}\n")
    assert with_changes(recipe, {}) == recipe


def test_a_setting_of_the_adapter_can_be_changed(read):
    recipe = read("adapter: {name: lora, rank: 4, alpha: 8}\n")
    adapter = with_changes(recipe, {"adapter.rank": 2}).adapter.model_dump()
    assert (adapter["name"], adapter["rank"], adapter["alpha"]) == ("lora", 2, 8)


def test_another_adapter_brings_its_own_settings(read):
    recipe = read("adapter: {name: lora, rank: 4}\n")
    assert with_changes(recipe, {"adapter": "full"}).adapter.model_dump() == {"name": "full"}


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("train.epocs", 2, "Did you mean 'epochs'?"),
        ("adapter.rnk", 2, "Did you mean 'rank'?"),
        ("train.epochs", 0, "Passes over the training rows."),
        ("model.name", "x", "Set model itself, or a key that exists."),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(read, key, value, fix):
    with pytest.raises(RecipeError) as caught:
        with_changes(read("adapter: lora\n"), {key: value})
    assert (caught.value.where, caught.value.fix) == (key, fix)
