"""The chat model that recipes/chat-json.yaml tunes, for real."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.rows import Chat, to_json
from tuneful.models.chat import Talk, encode_chat
from tuneful.models.load import load_weights, set_up
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe

pytestmark = pytest.mark.slow
RECIPE = Path(__file__).parents[2] / "recipes" / "chat-json.yaml"


def test_tokens_mask_and_scores_are_the_models_own(store: Store):
    recipe = Recipe.load(RECIPE, ["data.take.train=6"])
    data = prepare(recipe, store)
    folder = locate(recipe.model, store).folder
    tokenizer = load_tokenizer(folder, needs_chat=True)
    plain_tokenizer = AutoTokenizer.from_pretrained(folder)
    chats = [row for row in data.rows("train") if isinstance(row, Chat)]
    encoded = [encode_chat(tokenizer, Talk(chat.messages), 512) for chat in chats]
    for chat, row in zip(chats, encoded, strict=True):
        turns = to_json(chat)["messages"]
        whole = plain_tokenizer.apply_chat_template(turns, return_dict=False)
        assert row.tokens == list(whole)
        learned = [t for t, w in zip(row.tokens, row.weights, strict=True) if w > 0]
        assert tokenizer.hf.decode(learned).removesuffix("\n") == chat.answer + "<|im_end|>"
        assert json.loads(chat.answer)["stars"] in range(1, 6)
    model = load_weights(folder, head="tokens", precision=torch.float32)
    set_up(model, tokenizer, None)
    weights = [[0.0, *row.weights[1:]] for row in encoded]
    with torch.no_grad():
        scorer = Scorer(model.eval(), pad_id=tokenizer.pad_id, packed=True)
        logp_N, _, owner_N = scorer.token_logp([row.tokens for row in encoded], weights)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    for number, row in enumerate(encoded[:3]):
        tokens = torch.tensor([row.tokens])
        with torch.no_grad():
            shares = plain(input_ids=tokens).logits.log_softmax(-1)[0, :-1]
        every = shares.gather(1, tokens[0, 1:, None])[:, 0]
        expected = every[torch.tensor(row.weights[1:]) > 0]
        assert torch.allclose(logp_N[owner_N == number], expected, atol=1e-4)
