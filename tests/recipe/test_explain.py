"""What a refusal says: the fault, its line and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recipe.conftest import MINIMAL
from tuneful.core.errors import RecipeError
from tuneful.methods import METHODS
from tuneful.models.adapters import ADAPTERS
from tuneful.recipe.schema import Evaluate, Recipe

NAMES = ", ".join(ADAPTERS)

# Misspelt keys


@pytest.mark.parametrize(
    ("more", "where", "fix"),
    [
        ("sed: 3\n", "mails.yaml:5: sed", "Did you mean 'seed'?"),
        ("train:\n  epocs: 3\n", "mails.yaml:6: train.epocs", "Did you mean 'epochs'?"),
        ("adapter: {name: lora, rnk: 8}\n", "mails.yaml:5: adapter.rnk", "Did you mean 'rank'?"),
        (
            "adapter:\n  name: lora\n\n  alhpa: 8\n",
            "mails.yaml:8: adapter.alhpa",
            "Did you mean 'alpha'?",
        ),
        ("learning_rte: 1\n", "mails.yaml:5: learning_rte", "Did you mean 'train.learning_rate'?"),
    ],
)
def test_a_misspelt_key_is_answered_with_its_line_and_the_likely_one(refuse, more, where, fix):
    error = refuse(more)
    assert (error.where, error.fix) == (where, fix)


def test_a_misspelt_key_of_a_method_is_answered_from_that_method(path):
    method = "method:\n  name: classify\n  class_wieghts: balanced\n"
    path.write_text(MINIMAL.replace("method: classify\n", method), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        Recipe.load(path)
    assert caught.value.message == "Method 'classify' has no key 'class_wieghts'."
    assert caught.value.where == "mails.yaml:6: method.class_wieghts"
    assert caught.value.fix == "Did you mean 'class_weights'?"


def test_a_misspelt_key_comes_before_what_it_leaves_missing(path):
    path.write_text(MINIMAL.replace("source:", "sorce:"), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        Recipe.load(path)
    assert caught.value.message == "Section data has no key 'sorce'. (1 more)"
    assert caught.value.where == "mails.yaml:3: data.sorce"
    assert caught.value.fix == "Did you mean 'source'?"


def test_a_key_like_no_other_is_answered_with_the_keys_of_its_section(refuse):
    error = refuse("evaluate: {zzz: 1}\n")
    keys = ", ".join(Evaluate.model_fields)
    assert error.fix == f"Keys here: {keys}."


@pytest.mark.parametrize("name", ["int", "str", "bool", "list[str]", "literal['auto']"])
def test_a_key_called_like_a_type_is_an_unknown_key(refuse, name):
    assert refuse(f'"{name}": 3\n').message == f"A recipe has no key {name!r}."


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("order: random\n", "data.take.order"),
        ("train: {adapter: lora}\n", "adapter"),
        ("rank: 8\n", "adapter: {name: lora, rank: ...}"),
        ("adapter: {name: full, rank: 8}\n", "adapter: {name: lora, rank: ...}"),
    ],
)
def test_a_key_in_the_wrong_section_is_answered_with_the_right_one(refuse, more, place):
    assert refuse(more).fix == f"It stands elsewhere: {place}"


# Wrong values


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        (
            "train: {epochs: 0}\n",
            "train.epochs is 0: input should be greater than 0.",
            "Passes over the training rows.",
        ),
        (
            "train: {batch_size: -8}\n",
            "train.batch_size is -8: input should be greater than or equal to 1, or 'auto'.",
            "Rows of one optimizer step, however many forward passes they take.",
        ),
        (
            "adapter: {name: lora, rank: 0}\n",
            "adapter.rank is 0: input should be greater than or equal to 1.",
            "Width of the update (r).",
        ),
        (
            "train:\n",
            "train is empty: it takes keys and values of its own.",
            "Its keys: epochs, max_steps, ",
        ),
        (
            "adapter: {rank: 8}\n",
            f"adapter is a mapping: it lacks a name ({NAMES}).",
            "Which weights move: a name, or {name, settings}.",
        ),
        (
            "adapter: [lora]\n",
            f"adapter is ['lora']: it takes a name ({NAMES}) or a mapping with a name.",
            "Which weights move: a name, or {name, settings}.",
        ),
        ("version: 2\n", "version is 2: input should be 1.", "Version of the recipe format: 1."),
    ],
)
def test_a_wrong_value_is_shown_with_its_line_and_what_the_key_is_for(refuse, more, message, hint):
    error = refuse(more)
    assert error.message == message
    assert error.where.startswith("mails.yaml:5: ")
    assert error.fix.startswith(hint)


@pytest.mark.parametrize(
    "value",
    ["learning_rate: 0", "learning_rate: -1e-4", "threads: 0", "max_length: 0",
     "tokens_per_pass: -1", "validate_every: 0", "attention_dropout: 1.0"],
)  # fmt: skip
def test_numbers_that_cannot_train_are_refused(refuse, value):
    key = value.partition(":")[0]
    assert refuse(f"train: {{{value}}}\n").where == f"mails.yaml:5: train.{key}"


def test_a_value_in_a_list_is_answered_with_the_key_of_the_list(refuse):
    error = refuse("evaluate: {metrics: [accuracy, 3]}\n")
    assert error.message.startswith("evaluate.metrics.1 is 3: ")
    assert error.fix.startswith("Names from `tuneful list metrics`")


@pytest.mark.parametrize("missing", ["model", "data", "method"])
def test_a_missing_key_is_named_with_what_it_is_for(missing):
    whole: dict[str, Any] = {"model": "m", "data": {"source": "s"}, "method": "sft"}
    del whole[missing]
    with pytest.raises(RecipeError, match=f"The recipe lacks '{missing}'.") as caught:
        Recipe.make(whole)
    assert caught.value.where == missing
    assert not caught.value.fix.startswith("See ")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("adapter: lorra\n", "mails.yaml:5: adapter"),
        ("# lorra\nadapter:\n  name: lorra\n", "mails.yaml:7: adapter.name"),
    ],
)
def test_an_unknown_adapter_is_answered_with_its_line_and_a_close_name(refuse, more, where):
    error = refuse(more)
    assert error.message == "There is no adapter called 'lorra'."
    assert (error.where, error.fix) == (where, "Did you mean 'lora'?")


def test_an_optimizer_is_a_part_one_level_down(refuse):
    error = refuse("train:\n  optimizer: lionn\n")
    assert error.message == "There is no optimizer called 'lionn'."
    assert (error.where, error.fix) == ("mails.yaml:6: train.optimizer", "Did you mean 'lion'?")
    error = refuse("train: {optimizer: {name: galore, rnk: 4}}\n")
    assert error.message == "Optimizer 'galore' has no key 'rnk'."
    assert error.fix == "Did you mean 'rank'?"
    error = refuse("train: {momentum: 0.9}\n")
    assert error.fix == "It stands elsewhere: train.optimizer: {name: muon, momentum: ...}"


def test_an_unknown_method_is_answered_with_the_ones_there_are():
    with pytest.raises(RecipeError) as caught:
        Recipe.make({"model": "m", "data": {"source": "s"}, "method": "guess"})
    fix = f"Choose from: {', '.join(sorted(METHODS))}."
    assert (caught.value.where, caught.value.fix) == ("method", fix)
