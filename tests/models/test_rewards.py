"""What a reward model reads, and how it is loaded to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import rows as row_files
from tests import world
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.data.rows import Prompt
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.measures.graded import Graded
from tuneful.grading.graders.base import Answer
from tuneful.grading.graders.reward_model import RewardModelConfig
from tuneful.grading.panel import Panel
from tuneful.methods.base import DataFacts
from tuneful.methods.grpo import GRPO, GRPOConfig
from tuneful.models.rewards import encode_answered, load_reward_model
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL

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


def reward_recipe(folder: Path, kind: str) -> Recipe:
    return Recipe.make(
        {
            "name": "reward",
            "model": str(world.encoder(folder / "model", 0.0)),
            "data": {"source": str(row_files.source(kind, folder / "rows.jsonl"))},
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


@pytest.mark.parametrize("kind", ["preference", "ranked"])
def test_a_trained_reward_model_scores_answers(tmp_path: Path, store: Store, kind: str):
    recipe = reward_recipe(tmp_path, kind)
    folder = train_recipe(recipe, store, gate=TRIAL).model.path
    model = load_reward_model(folder, store)
    both = model.scores([(PROMPT, ANSWER), (PROMPT, (Message("assistant", "dull"),))])
    assert both.shape == (2,)
    assert both[0] != both[1]
    assert model.scores([(PROMPT, ANSWER)])[0] == pytest.approx(both[0], abs=1e-3)


class Parrot:
    """Says what the user said."""

    def answers(self, talks: list[Any], max_new_tokens: int, told: Any = None) -> list[str]:
        return [talk.messages[-1].content for talk in talks]


def test_answers_are_graded_by_the_stores_reward_model(tmp_path: Path):
    """By its name, in a store that the environment does not name; moved by shift and scale."""
    place = Store(tmp_path / "elsewhere")
    folder = train_recipe(reward_recipe(tmp_path, "preference"), place, gate=TRIAL)
    graded_by = {"name": "reward_model", "model": "run:reward", "shift": 0.5, "scale": 2.0}
    config = GRPOConfig.model_validate({"rewards": [graded_by]})
    measure = Graded(Context(method=GRPO(config, DataFacts()), store=place))
    rows = [Prompt((Message("user", text),)) for text in ("warm", "dull film")]
    said = measure.ask(Parrot(), rows, lambda what: lambda done: None)  # type: ignore[arg-type]
    model = load_reward_model(folder.model.path, place)
    raw = model.scores(
        [(row.prompt, (Message("assistant", row.prompt[0].content),)) for row in rows]
    )
    assert raw[0] != raw[1]
    expected = [(float(score) - 0.5) / 2 for score in raw]
    assert list(measure.sample(said, rows).rewards) == pytest.approx(expected, abs=1e-3)


def test_a_grader_that_is_no_reward_model_is_refused(tmp_path: Path, store: Store):
    model = str(world.chat_model(tmp_path / "model"))
    panel = Panel([RewardModelConfig(model=model)], store)
    with pytest.raises(ModelError, match="no reward model"):
        panel.grade([Answer("warm", "", PROMPT)])


def test_what_is_no_reward_model_is_refused(tmp_path: Path, store: Store):
    with pytest.raises(ModelError, match="no reward model"):
        load_reward_model(world.chat_model(tmp_path / "model"), store)
