"""A tuned folder is one that plain transformers and peft load, with the same numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import AutoPeftModelForCausalLM
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.models.chat import Talk, encode_prompt
from tuneful.models.classifier import Classifier
from tuneful.models.predict import Chatter, load_predictor
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL

TEXTS = [
    "the film was wonderful and warm .",
    "a dull story .",
    "clumsy plot and a very loud cast .",
]


def test_transformers_loads_a_classifier_with_the_same_logits(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=6)
    model = train_recipe(recipe, store, gate=TRIAL).model
    ours = load_predictor(model.path, store, precision="fp32")
    assert isinstance(ours, Classifier)
    plain = AutoModelForSequenceClassification.from_pretrained(model.path, dtype=torch.float32)
    assert [plain.config.id2label[n] for n in range(2)] == ["bad", "good"]
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    with torch.no_grad():
        logits = plain(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits.numpy()
    assert np.allclose(ours.logits(TEXTS), logits, atol=1e-5)


def test_peft_loads_an_adapter_with_the_same_logits(tmp_path: Path, store: Store):
    model = train_recipe(chat_recipe(tmp_path, max_steps=6), store, gate=TRIAL).model
    assert (model.path / "adapter_config.json").exists()
    ours = load_predictor(model.path, store, precision="fp32")
    assert isinstance(ours, Chatter)
    plain = AutoPeftModelForCausalLM.from_pretrained(model.path, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    assert tokenizer.chat_template
    tokens = encode_prompt(ours.tokenizer, Talk((Message("user", TEXTS[0]),)))
    plain_tokens = tokenizer.apply_chat_template(
        [{"role": "user", "content": TEXTS[0]}], add_generation_prompt=True, return_dict=False
    )
    assert tokens == list(plain_tokens)
    weights = [[0.0] + [1.0] * (len(tokens) - 1)]
    with torch.no_grad():
        logp_N, _, _ = ours.scorer.token_logp([tokens], weights)
        out = plain(input_ids=torch.tensor([tokens])).logits.float().log_softmax(-1)
    expected = out[0, :-1].gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
    assert torch.allclose(logp_N, expected, atol=1e-5)


@pytest.mark.slow
def test_a_base_that_moved_is_said(tmp_path: Path, store: Store):
    model = train_recipe(chat_recipe(tmp_path), store, gate=TRIAL).model
    (tmp_path / "model").rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="not where it was"):
        load_predictor(model.path, store)
