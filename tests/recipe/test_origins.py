"""Where the values of a recipe come from."""

from __future__ import annotations

import pytest

from tests.recipe.conftest import MINIMAL
from tuneful.core.errors import RecipeError
from tuneful.recipe.origins import origins

FILE = {
    "model": "mails.yaml:1",
    "data.source": "mails.yaml:3",
    "method.name": "mails.yaml:4",
}


def test_values_of_the_file_come_from_their_lines_and_defaults_from_nowhere(path):
    path.write_text(MINIMAL + "train:\n\n  epochs: 3\n", encoding="utf-8")
    assert origins(path) == {**FILE, "train.epochs": "mails.yaml:7"}


def test_set_values_come_from_set(path):
    path.write_text(MINIMAL + "seed: 1\n", encoding="utf-8")
    found = origins(path, ["seed=2", "train.epochs=2"])
    assert found == {**FILE, "seed": "--set", "train.epochs": "--set"}


def test_setting_below_a_bare_name_leaves_the_name_to_the_file(path):
    path.write_text(MINIMAL + "adapter: lora\n", encoding="utf-8")
    found = origins(path, ["adapter.rank=4"])
    assert found == {**FILE, "adapter.name": "mails.yaml:5", "adapter.rank": "--set"}


def test_setting_below_a_bare_name_works_one_level_down(path):
    path.write_text(MINIMAL + "train:\n  optimizer: lion\n", encoding="utf-8")
    found = origins(path, ["train.optimizer.beta1=0.8"])
    more = {"train.optimizer.name": "mails.yaml:6", "train.optimizer.beta1": "--set"}
    assert found == {**FILE, **more}


def test_setting_a_whole_part_forgets_what_the_file_said_of_it(path):
    path.write_text(MINIMAL + "adapter: {name: lora, rank: 4}\n", encoding="utf-8")
    assert origins(path, ["adapter=full"]) == {**FILE, "adapter.name": "--set"}


def test_a_list_is_one_value(path):
    path.write_text(MINIMAL + "evaluate:\n  metrics: [ece, macro_f1]\n", encoding="utf-8")
    assert origins(path) == {**FILE, "evaluate.metrics": "mails.yaml:6"}


def test_keys_that_begin_alike_are_kept_apart(path):
    path.write_text(MINIMAL + "train: {warmup_steps: 1, epochs: 1}\n", encoding="utf-8")
    found = origins(path, ["train.warmup=3"])
    assert found["train.warmup_steps"] == "mails.yaml:5"


def test_what_cannot_be_set_is_refused_here_too(path):
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(RecipeError, match="model is 'tiny', not a section"):
        origins(path, ["model.name=x"])
