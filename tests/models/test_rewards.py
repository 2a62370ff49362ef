"""What a reward model reads, and how it is loaded to be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import rows as row_files
from tests import world
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.models.rewards import encode_answered, load_reward_model
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe
from tuneful.workflow import Gate, train_recipe

PROMPT, ANSWER = (Message("user", "the film was"),), (Message("assistant", "warm"),)


def test_a_chat_model_reads_the_whole_conversation_and_loses_its_beginning(tmp_path: Path):
    tokenizer = load_tokenizer(world.chat_model(tmp_path), needs_chat=False)
    whole = encode_answered(tokenizer, PROMPT, ANSWER, 1000)
    assert tokenizer.decode(whole.tokens) == "user\nthe film was\nassistant\nwarm\n"
    cut = encode_answered(tokenizer, PROMPT, ANSWER, 7)
    assert list(cut.tokens) == list(whole.tokens)[-7:]
    assert cut.num_cut == len(whole.tokens) - 7


def test_a_model_without_a_template_reads_prompt_and_answer_as_two_texts(tmp_path: Path):
    tokenizer = load_tokenizer(world.encoder(tmp_path), needs_chat=False)
    found = encode_answered(tokenizer, PROMPT, ANSWER, 64)
    assert tokenizer.decode(found.tokens) == "the film was warm"


@pytest.mark.parametrize("kind", ["preference", "ranked"])
def test_a_trained_reward_model_scores_answers(tmp_path: Path, store: Store, kind: str):
    recipe = Recipe.make(
        {
            "name": "reward",
            "model": str(world.encoder(tmp_path / "model", 0.0)),
            "data": {"source": str(row_files.source(kind, tmp_path / "rows.jsonl"))},
            "method": "reward",
            "train": {
                "max_steps": 4,
                "learning_rate": 1e-2,
                "batch_size": 8,
                "precision": "fp32",
                "threads": 1,
            },
        }
    )
    folder = train_recipe(recipe, store, gate=Gate(fail_on=None)).model.path
    model = load_reward_model(folder, store)
    both = model.scores([(PROMPT, ANSWER), (PROMPT, (Message("assistant", "dull"),))])
    assert both.shape == (2,)
    assert both[0] != both[1]
    assert model.scores([(PROMPT, ANSWER)])[0] == pytest.approx(both[0], abs=1e-3)


def test_what_is_no_reward_model_is_refused(tmp_path: Path, store: Store):
    with pytest.raises(ModelError, match="no reward model"):
        load_reward_model(world.chat_model(tmp_path / "model"), store)
