"""Writing recipes as a person would, and reading them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tuneful.recipe.schema import Recipe
from tuneful.recipe.write import to_yaml

WHOLE: dict[str, Any] = {
    "name": "whole",
    "model": "package:some-model",
    "data": {
        "source": "mails.csv",
        "columns": {"text": "body", "label": "on"},
        "where": {"language": "no", "year": 2024, "score": 2e-4, "seen": True},
        "take": {"train": 100, "order": "first"},
        "split": {"test": 0.25},
    },
    "method": {"name": "classify", "class_weights": "balanced"},
    "adapter": {"name": "lora", "rank": 4, "targets": ["query", "value"]},
    "train": {"learning_rate": 2e-4, "epochs": 3, "batch_size": 16, "patience": 2},
    "evaluate": {"metrics": ["macro_f1"], "base": False},
    "seed": 7,
}


def back(recipe: Recipe, folder: Path) -> Recipe:
    path = folder / "back.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    return Recipe.load(path)


def smallest(**data: Any) -> Recipe:
    values = {"source": "mails.csv", **data}
    return Recipe.make({"name": "small", "model": "tiny", "data": values, "method": "sft"})


def test_a_recipe_with_every_section_comes_back_equal(tmp_path):
    recipe = Recipe.make(WHOLE)
    assert back(recipe, tmp_path) == recipe


def test_a_chat_template_of_several_lines_comes_back_equal(tmp_path):
    lines = "Translate:\n\n  {source}  \n# no comment: {{braces}}\n"
    recipe = smallest(template={"system": "", "user": lines, "assistant": "{target}"})
    assert back(recipe, tmp_path) == recipe


@pytest.mark.parametrize(
    "text",
    ["no", "on", "null", "~", "true", "2e-4", "1_000", "0o17", "0x1f", ".nan", "2024-01-31",
     "12:30", "", " ", "- a", "a: b", "# a", "'", '"', "\\", "*a", "&a", "!a", "%a", "@a", "{a}",
     "[a", "\t", "tail ", "é", "日本", "🙂", "\u2028", "\x85", "\x07", "\ufeff",
     "a\nb", "\n", "<<", "word " * 50],
)  # fmt: skip
def test_any_text_comes_back_as_the_same_text(tmp_path, text):
    recipe = smallest(where={"column": text, text: "value"})
    assert back(recipe, tmp_path) == recipe


def test_a_long_text_stays_on_its_line():
    source = "a folder with spaces/" * 20
    assert f"  source: {source}\n" in to_yaml(smallest(source=source))


def test_defaults_are_left_out_but_for_the_keys_everyone_looks_for():
    assert to_yaml(smallest()) == (
        "version: 1\nname: small\nmodel: tiny\ndata:\n  source: mails.csv\nmethod: sft\n"
        "adapter: full\nseed: 0\n"
    )


def test_a_part_without_settings_is_its_bare_name():
    recipe = Recipe.make({**WHOLE, "adapter": {"name": "lora", "rank": 8}})  # 8 is the default
    assert "\nadapter: lora\n" in to_yaml(recipe)


def test_an_optimizer_is_shown_where_it_is_not_the_usual_one():
    recipe = Recipe.make({**WHOLE, "train": {"optimizer": {"name": "lion", "beta1": 0.9}}})
    assert "\ntrain:\n  optimizer: lion\n" in to_yaml(recipe)


def test_a_part_with_settings_shows_those_that_differ():
    assert "\nmethod:\n  name: classify\n  class_weights: balanced\n" in to_yaml(Recipe.make(WHOLE))
