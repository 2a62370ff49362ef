"""What a few steps before a run say, and that they leave nothing behind."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests import rows as row_files
from tests import world
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.training import timing
from tuneful.training.probe import FirstAnswers
from tuneful.training.setup import Setup, set_up_run
from tuneful.workflow import plan, prepare

LENGTH = {"name": "length", "unit": "characters", "at_most": 4, "falloff": 8}


def recipe_of(method: str, folder: Path) -> Recipe:
    settings = {"rewards": [LENGTH], "num_answers": 3, "max_new_tokens": 8}
    return Recipe.make(
        {
            "model": str(world.chat_model(folder / "model")),
            "data": {"source": str(row_files.source("prompt", folder / "rows.jsonl"))},
            "method": {"name": method, **settings},
            "train": {"batch_size": 8, "learning_rate": 1e-3, "precision": "fp32", "threads": 1},
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grpo", "rloo", "ppo"])
def test_the_better_of_a_few_answers_become_likelier(method: str, tmp_path: Path, store: Store):
    recipe = recipe_of(method, tmp_path)
    data = prepare(recipe, store=store)
    setup = set_up_run(recipe, data, world.settings_of(recipe, data, store), store, ignore)
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


@pytest.mark.slow
def test_what_is_asked_once_of_rows_is_no_part_of_a_tokens_time(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    recipe = recipe_of("grpo", tmp_path)
    data = prepare(recipe, store=store)
    settings = plan(recipe, data, store=store, probes=False).settings
    make, passed = Setup.optimizer, [0.0]

    def asks_much(setup: Setup, first: Any) -> Any:
        passed[0] += 1e6
        return make(setup, first)

    clock = SimpleNamespace(perf_counter=lambda: time.perf_counter() + passed[0])
    monkeypatch.setattr(timing, "time", clock)
    monkeypatch.setattr(Setup, "optimizer", asks_much)
    found = timing.make_probe(recipe, data, store, ignore)(settings)
    assert passed[0] == 1e6
    assert 0 < found.per_given_token < found.seconds_per_token < 1
