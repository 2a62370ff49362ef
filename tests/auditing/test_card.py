"""The card says what was measured, in a form that hubs read."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.world import classify_recipe
from tuneful.auditing.environment import energy_of
from tuneful.core.machine import Machine
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.workflow import run
from tuneful.workflow.gate import TRIAL


def test_the_card_holds_the_measured_numbers(tmp_path: Path, store: Store):
    outcome = run(classify_recipe(tmp_path, max_steps=8), store=store, gate=TRIAL)
    model, report = outcome.trained.model, outcome.report
    text = (model.path / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    metadata = YAML(typ="safe").load(head)
    assert metadata["pipeline_tag"] == "text-classification"
    (result,) = metadata["model-index"][0]["results"]
    accuracy = report.facts["metrics"]["accuracy"]["tuned"]["value"]
    assert result["metrics"][0] == {"type": "accuracy", "name": "accuracy", "value": accuracy}
    assert outcome.trained.data.hash in body
    assert model.hash in body
    assert f"{model.manifest['measured']['steps']:,} steps" in body
    assert "few-test-rows" not in body
    assert "only 20 test rows" in body
    assert not list(model.path.glob(".*draft"))


def test_a_card_without_a_base_says_nothing_of_one(tmp_path: Path, store: Store):
    changes = {"evaluate.base": False, "data.augment": [{"name": "typos", "share": 0.1}]}
    recipe = with_changes(classify_recipe(tmp_path, max_steps=4), changes)
    outcome = run(recipe, store=store, gate=TRIAL)
    text = (outcome.trained.model.path / "README.md").read_text(encoding="utf-8")
    assert "accuracy is" in text
    assert "untuned" not in text
    assert "- 16 of the training rows made of the others by data.augment" in text


def test_energy_is_power_times_time():
    machine = Machine("Linux", "EPYC", cores=2, memory_gib=24, has_bf16=True)
    energy = energy_of(machine, 3600)
    assert energy.kwh == pytest.approx(0.02)
    assert energy.kg_co2 == pytest.approx(0.02 * energy.kg_per_kwh)
