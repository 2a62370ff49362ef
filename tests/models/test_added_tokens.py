"""Tokens that a recipe adds are one token each, trained, saved, and loaded by transformers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import AutoPeftModelForCausalLM
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.models.predict import load_predictor
from tuneful.recipe.change import with_changes
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL


def test_an_added_token_is_saved_with_a_row_of_its_own(tmp_path: Path, store: Store):
    recipe = with_changes(classify_recipe(tmp_path, max_steps=3), {"add_tokens": ["<spoiler>"]})
    model = train_recipe(recipe, store, gate=TRIAL).model
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    plain = AutoModelForSequenceClassification.from_pretrained(model.path)
    (token,) = tokenizer("<spoiler>", add_special_tokens=False)["input_ids"]
    assert token == plain.get_input_embeddings().num_embeddings - 1
    assert plain.config.vocab_size == len(tokenizer)


@pytest.mark.parametrize("adapter", [{"name": "lora", "rank": 4}, "last_layers"])
@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.slow
def test_new_tokens_are_trained_and_saved_with_an_adapter(
    tmp_path: Path, store: Store, adapter: Any, *, is_tied: bool
):
    recipe = chat_recipe(tmp_path, max_steps=3, learning_rate=0.05)
    untie(Path(recipe.model), is_tied=is_tied)
    asked = {"add_tokens": ["<spoiler>", "good"], "adapter": adapter}
    model = train_recipe(with_changes(recipe, asked), store, gate=TRIAL).model
    ours = load_predictor(model.path, store, precision="fp32")
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    tokens = tokenizer("the <spoiler> film was good .", add_special_tokens=False)["input_ids"]
    assert max(tokens) == len(tokenizer) - 1
    if model.is_adapter:
        plain = AutoPeftModelForCausalLM.from_pretrained(model.path, dtype=torch.float32)
    else:
        plain = AutoModelForCausalLM.from_pretrained(model.path, dtype=torch.float32)
    with torch.no_grad():
        expected = plain(input_ids=torch.tensor([tokens])).logits[0].log_softmax(-1)
        found, _, _ = ours.scorer.token_logp([tokens], [[0.0] + [1.0] * (len(tokens) - 1)])
    expected = expected[:-1].gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    rows = plain.get_output_embeddings()
    rows = rows.token_adapter.get_merged_weights(["default"]) if model.is_adapter else rows.weight
    # "good" is every other answer: its row of the head has learned to be likely.
    assert float((rows[-1] - rows[-2]).detach().norm()) > 0.05


def untie(folder: Path, *, is_tied: bool) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.config.tie_word_embeddings = is_tied
    if is_tied:
        model.tie_weights()
    model.save_pretrained(folder)


def test_a_tuner_that_cannot_train_new_tokens_says_so(tmp_path: Path, store: Store):
    recipe = chat_recipe(tmp_path, max_steps=3)
    untie(Path(recipe.model), is_tied=True)
    asked = {"add_tokens": ["<spoiler>"], "adapter": "ia3"}
    with pytest.raises(ModelError, match="new tokens"):
        train_recipe(with_changes(recipe, asked), store, gate=TRIAL)
