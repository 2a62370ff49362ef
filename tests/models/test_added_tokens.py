"""Tokens that a recipe adds are one token each, trained, saved, and loaded by transformers."""

from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.workflow import Gate, train_recipe

ANYTHING = Gate(fail_on=None)


def test_an_added_token_is_saved_with_a_row_of_its_own(tmp_path: Path, store: Store):
    recipe = with_changes(classify_recipe(tmp_path, max_steps=3), {"add_tokens": ["<spoiler>"]})
    model = train_recipe(recipe, store, gate=ANYTHING).model
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    plain = AutoModelForSequenceClassification.from_pretrained(model.path)
    (token,) = tokenizer("<spoiler>", add_special_tokens=False)["input_ids"]
    assert token == plain.get_input_embeddings().num_embeddings - 1
    assert plain.config.vocab_size == len(tokenizer)


def test_an_adapter_that_freezes_embeddings_refuses_new_tokens(tmp_path: Path, store: Store):
    recipe = with_changes(chat_recipe(tmp_path, max_steps=3), {"add_tokens": ["<spoiler>"]})
    with pytest.raises(ModelError, match="New tokens"):
        train_recipe(recipe, store, gate=ANYTHING)
