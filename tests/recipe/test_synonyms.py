"""Other tools' words, and whether our answers to them are true."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tuneful.core.errors import RecipeError
from tuneful.recipe.parts import config_of, registry
from tuneful.recipe.schema import Recipe
from tuneful.recipe.sections import section_at
from tuneful.recipe.synonyms import answer, table


def test_a_key_that_moved_is_answered_with_its_new_home():
    assert answer("kl", "method") == "Here it is remember.kl."


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("num_train_epochs", "train.epochs"),
        ("lr", "train.learning_rate"),
        ("lr_scheduler_type", "train.schedule"),
        ("warmup_ratio", "train.warmup_share"),
        ("per_device_train_batch_size", "train.batch_size"),
        ("gradient-accumulation-steps", "train.batch_size"),
        ("max_seq_length", "train.max_length"),
        ("eval_steps", "train.validate_every"),
        ("base_model", "model"),
        ("dataset", "data.source"),
        ("val_set_size", "data.split.validation"),
        ("task_type", "method"),
        ("lora_r", "adapter: {name: lora, rank: N}"),
        ("r", "adapter: {name: lora, rank: N}"),
        ("lora_alpha", "adapter: {name: lora, alpha: N}"),
        ("target_modules", "adapter: {name: lora, targets: [...]}"),
    ],
)
def test_another_tools_word_is_answered_with_ours(refuse, word, ours):
    error = refuse(f"{word}: 1\n")
    assert error.where == f"mails.yaml:5: {word}"
    assert re.match(rf"Here it is {re.escape(ours)}[.: ]", error.fix)


@pytest.mark.parametrize("word", ["r", "lora_r"])
def test_another_tools_word_inside_a_part_is_answered_too(refuse, word):
    error = refuse(f"adapter:\n  name: lora\n  {word}: 8\n")
    assert error.where == f"mails.yaml:7: adapter.{word}"
    assert error.fix == "Here it is adapter: {name: lora, rank: N}."


@pytest.mark.parametrize("section", ["method", "adapter"])
def test_the_type_of_a_part_is_its_name(section):
    assert answer("type", section) == f"Here it is {section}.name."


@pytest.mark.parametrize(
    ("tree", "ours"),
    [
        (
            {"method": "gkd"},
            "method: {name: distill, on_policy: 0.5, divergence: jensen_shannon}",
        ),
        ({"method": {"name": "Token-Classification"}}, "method: tag"),
        ({"adapter": "none"}, "adapter: full"),
        ({"train": {"optimizer": "adamw_8bit"}}, "train.optimizer: adam8bit"),
    ],
)
def test_another_tools_name_of_a_part_is_answered_with_ours(tree: dict[str, Any], ours: str):
    with pytest.raises(RecipeError) as caught:
        Recipe.make({"model": "m", "data": {"source": "rows.csv"}, "method": "sft", **tree})
    assert caught.value.fix == f"Here it is {ours}."


def test_a_word_without_a_counterpart_says_why_it_may_go(refuse):
    fix = refuse("output_dir: out\n").fix
    assert fix == "Leave it out. Runs and models go to $TUNEFUL_HOME (./.tuneful)."


OURS = {word: ours for word, ours in table().items() if not ours.startswith("nothing: ")}


@pytest.mark.parametrize("word", OURS)
def test_every_answer_names_a_key_that_exists(word):
    ours = OURS[word]
    found = re.match(r"[a-z_.]+", ours)
    assert found
    *above, last = found[0].split(".")
    section = section_at(Recipe, tuple(above), {"method": "classify", "adapter": "lora"})
    assert section is not None
    assert last in section.model_fields
    setting = re.match(r"adapter: \{name: (\w+), (\w+):", ours)
    if setting:
        assert setting[2] in config_of("adapter", setting[1]).model_fields


@pytest.mark.parametrize("word", [w for w in OURS if OURS[w].startswith(("method:", "adapter:"))])
def test_every_part_that_an_answer_names_exists(word):
    section, _, words = OURS[word].partition(": ")
    named = re.findall(r"name: (\w+)", words) or words.split(" or ")
    assert set(named) <= set(registry(section))
