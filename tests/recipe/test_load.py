"""Reading recipes: YAML's traps, files that are none, values set on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipe.conftest import MINIMAL
from tuneful.core.errors import RecipeError
from tuneful.recipe.load import load
from tuneful.recipe.parts import config_of
from tuneful.recipe.schema import Recipe


def test_a_minimal_recipe_is_named_after_its_file(read):
    recipe = read()
    assert (recipe.name, recipe.model, recipe.data.source) == ("mails", "tiny", "mails.csv")
    assert (recipe.method.name, recipe.adapter.name) == ("classify", "full")


def test_a_name_in_the_file_is_kept(read):
    assert read("name: other\n").name == "other"


# YAML's traps


def test_two_e_minus_four_is_a_number(read):
    assert read("train: {learning_rate: 2e-4}\n").train.learning_rate == 2e-4


@pytest.mark.parametrize("word", ["on", "off", "no", "yes", "n", "y", "2024-01-31", "12:30:00"])
def test_words_that_older_yaml_turns_into_something_else_stay_text(path, word):
    text = MINIMAL.replace("mails.csv\n", f"mails.csv\n  where: {{{word}: {word}}}\n")
    path.write_text(text, encoding="utf-8")
    assert Recipe.load(path).data.where == {word: word}


def test_a_truth_with_an_anchor_is_still_a_truth(path):
    text = MINIMAL.replace("mails.csv\n", "mails.csv\n  where: {seen: &t true, read: *t}\n")
    path.write_text(text, encoding="utf-8")
    where = Recipe.load(path).data.where
    assert [where["seen"], where["read"]] == [True, True]
    assert {type(value) for value in where.values()} == {bool}


def test_a_key_that_stands_twice_is_refused_with_its_line(refuse):
    error = refuse("seed: 1\nseed: 2\n")
    assert error.message.startswith("A key stands twice: ")
    assert '"seed"' in error.message
    assert error.where == "mails.yaml:6"


def test_a_tab_as_indentation_is_refused_with_its_line(refuse):
    error = refuse("train:\n\tepochs: 3\n")
    assert (error.where, error.fix) == ("mails.yaml:6", "Indent with spaces.")


def test_an_open_bracket_is_refused_with_its_line(refuse):
    error = refuse("train: {epochs: 3\nseed: 1\n")
    assert error.message.startswith("This is no YAML: ")
    assert error.where in {"mails.yaml:6", "mails.yaml:7"}


def test_a_control_character_is_refused_with_its_line(refuse):
    error = refuse("seed: \x00\n")
    assert "0x00" in error.message
    assert error.where == "mails.yaml:5"


# Files


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_called_empty(path, text):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=r"^The recipe is empty\.") as caught:
        Recipe.load(path)
    assert caught.value.where == "mails.yaml"


@pytest.mark.parametrize("text", ["- model\n- data\n", "a sentence\n", "3\n"])
def test_anything_but_a_mapping_is_refused(path, text):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match="A recipe is a mapping of keys to values"):
        Recipe.load(path)


def test_a_missing_file_is_answered_with_the_command_that_makes_one(path):
    with pytest.raises(RecipeError, match="There is no such recipe") as caught:
        Recipe.load(path)
    assert caught.value.fix == "tuneful new mails.yaml"


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(RecipeError, match="This is a folder, not a recipe"):
        Recipe.load(tmp_path)


def test_a_path_below_a_file_is_refused(path):
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(RecipeError, match="cannot be read: Not a directory"):
        Recipe.load(path / "below.yaml")


def test_a_file_in_another_encoding_is_refused_with_the_byte(path):
    path.write_bytes("model: café\n".encode("latin-1"))
    with pytest.raises(RecipeError, match="not UTF-8: byte 0xe9 at 10"):
        Recipe.load(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(path):
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert Recipe.load(path).model == "tiny"


# Values set on top


def test_set_values_are_read_as_yaml_and_win(read):
    recipe = read("seed: 1\n", "seed=2", "train.learning_rate=2e-4", "evaluate.metrics=[ece]")
    assert (recipe.seed, recipe.train.learning_rate) == (2, 2e-4)
    assert recipe.evaluate.metrics == ["ece"]


def test_setting_below_a_bare_name_keeps_the_name(read):
    recipe = read("adapter: lora\n", "adapter.rank=4")
    assert recipe.adapter == config_of("adapter", "lora").model_validate({"rank": 4})


def test_set_without_an_equals_sign_is_refused(refuse):
    error = refuse("", "train.epochs")
    assert error.message == "--set train.epochs has no '='."
    assert error.fix == "--set train.learning_rate=2e-4"


def test_setting_below_a_value_is_refused(refuse):
    error = refuse("", "model.name=x")
    assert error.message == "model.name cannot be set: model is 'tiny', not a section."


@pytest.mark.parametrize(
    ("override", "where", "fix"),
    [
        ("train.lr=1", "--set train.lr", "Here it is train.learning_rate."),
        ("adapter=lorra", "--set adapter", "Did you mean 'lora'?"),
        ("data.clean=[htlm]", "--set data.clean", "Did you mean 'html'?"),
        ("train.epochs.x=1", "--set train.epochs.x", "Passes over the training rows."),
        ("seed=-1", "--set seed", "Of split, order, dropout and initial weights."),
    ],
)
def test_a_fault_that_was_set_is_not_sought_in_the_file(refuse, override, where, fix):
    error = refuse("seed: 3\n", override)
    assert (error.where, error.fix) == (where, fix)


@pytest.mark.parametrize("split", ["{test: 1.5}", "{test: 0.7, validation: 0.6}"])
def test_splits_that_leave_nothing_or_half_a_row_are_refused(refuse, split):
    error = refuse("", f"data.split={split}")
    assert "below 1 together, or whole numbers" in error.message
    assert error.where == "--set data.split"


def test_a_fault_of_the_file_beside_a_set_value_keeps_its_line(refuse):
    assert refuse("train:\n  epocs: 3\n", "train.epochs=2").where == "mails.yaml:6: train.epocs"


def test_load_reads_any_path_that_is_given(tmp_path: Path):
    path = tmp_path / "deep" / "other.yml"
    path.parent.mkdir()
    path.write_text(MINIMAL, encoding="utf-8")
    assert load(Recipe, path, ["seed=4"]).seed == 4


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("train.epochs=true", "a number"),
        ("train.batch_size=true", "a number"),
        ("train.learning_rate=.inf", "finite"),
        ("adapter={name: lora, rank: true}", "a number"),
    ],
)
def test_a_truth_or_infinity_is_no_number(refuse, override, word):
    assert word in refuse("", override).message


@pytest.mark.slow
def test_what_is_nested_without_end_is_refused(refuse):
    assert "nested" in refuse(f"seed: {'[' * 3000}{']' * 3000}\n").message
