"""What a few steps before a run say, and that they leave nothing behind."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests import rows as row_files
from tests import world
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.training.probe import FirstAnswers
from tuneful.training.setup import set_up_run
from tuneful.workflow import plan, prepare

LENGTH = {"name": "length", "unit": "characters", "at_most": 4, "falloff": 8}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grpo", "rloo", "ppo"])
def test_the_better_of_a_few_answers_become_likelier(method: str, tmp_path: Path, store: Store):
    settings = {"rewards": [LENGTH], "num_answers": 3, "max_new_tokens": 8}
    recipe = Recipe.make(
        {
            "model": str(world.chat_model(tmp_path / "model")),
            "data": {"source": str(row_files.source("prompt", tmp_path / "rows.jsonl"))},
            "method": {"name": method, **settings},
            "train": {"batch_size": 8, "learning_rate": 1e-3, "precision": "fp32", "threads": 1},
        }
    )
    data = prepare(recipe, store=store)
    setup = set_up_run(recipe, data, plan(recipe, data, store=store).settings, store, ignore)
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    first = FirstAnswers(setup, data, store)
    found = first.rehearse()
    assert found is not None
    assert (found.num_answers, len(first.tried())) == (6, 8)
    assert found.gain > 0 < found.moved
    for name, value in setup.model.state_dict().items():
        assert torch.equal(value, before[name])
    backwards = replace(setup, settings=replace(setup.settings, learning_rate=-1e-3))
    away = FirstAnswers(backwards, data, store).rehearse()
    assert away is not None
    assert away.gain < 0
