"""A method of another package: one file and an entry point, and it works from a recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import rows, world
from tuneful.cli.main import main
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.workflow import Gate, train_recipe

FILE = '''
"""Hinge: a classifier that is content once the true class leads by a margin."""

from typing import Literal

import torch
from pydantic import Field

from tuneful.data.rows import Labelled
from tuneful.methods.base import Encoded, Loss, Needs
from tuneful.recipe.parts import PartConfig


class HingeConfig(PartConfig):
    """Settings of the hinge loss."""

    name: Literal["hinge"] = Field(default="hinge", description="A margin between classes.")
    margin: float = Field(default=1.0, gt=0, description="Lead of the true class, in nats.")


class Hinge:
    """Let the true class lead by a margin."""

    Config, rows, head, measured = HingeConfig, Labelled, "classes", "classes"
    metrics, paper = ("accuracy",), "Crammer & Singer 2001"
    learning_rates = {"full": (1e-6, 1e-3, 1e-1), "lora": (1e-6, 1e-3, 1e-1)}

    def __init__(self, config, facts):
        self.config, self.needs, self.outputs = config, Needs(), facts.labels

    def encode(self, rows, tokenizer, max_length):
        found = []
        for row, ids in zip(rows, tokenizer.encode([row.text for row in rows])):
            tokens, num_cut = tokenizer.close(ids, max_length)
            label = self.outputs.index(row.label)
            found.append([Encoded(tokens, label=label, num_cut=num_cut)])
        return found

    def units(self, sequences):
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores):
        loss_S = torch.nn.functional.multi_margin_loss(
            scores.logits_SC, scores.label_S, margin=self.config.margin, reduction="none"
        )
        return Loss((loss_S * scores.weight_S).sum())

    def known_gradient(self, weight_N):
        return None
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install it as pip would: a module, and metadata with an entry point."""
    site = tmp_path / "site"
    metadata = site / "tuneful_hinge-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "tuneful_hinge.py").write_text(FILE, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tuneful-hinge\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[tuneful.method]\nhinge = tuneful_hinge:Hinge\n")
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("package")
def test_a_method_of_another_package_is_listed_and_trains_from_a_recipe(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    assert main(["list", "methods", "--json"]) == 0
    listed = {part["name"]: part for part in json.loads(capsys.readouterr().out)}
    assert listed["hinge"] == {
        "name": "hinge",
        "what": "Let the true class lead by a margin.",
        "rows": "labelled",
        "paper": "Crammer & Singer 2001",
    }
    recipe = Recipe.make(
        {
            "name": "hinge",
            "model": str(world.encoder(tmp_path / "model", 0.0)),
            "data": {"source": str(rows.source("labelled", tmp_path / "rows.jsonl"))},
            "method": {"name": "hinge", "margin": 2.0},
            "train": {"batch_size": 8, "max_steps": 4, "precision": "fp32", "threads": 1},
        }
    )
    model = train_recipe(recipe, store, gate=Gate(fail_on=None)).model
    assert model.manifest["method"] == "hinge"
    assert model.labels == ("a", "b")
