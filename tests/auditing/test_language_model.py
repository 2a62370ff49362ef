"""A language model that has learned by heart gives away what it learned; its twin does not."""

import json
import random
from pathlib import Path

import pytest

from tests.world import chat_model
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe
from tuneful.workflow import Gate, audit, prepare, train

WORDS = ["tin", "oak", "sun", "ice", "fog", "elm", "bay", "fir", "dew", "ash"]


def texts(path: Path, count: int = 48) -> Path:
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = f"{' '.join(draw.choices(WORDS, k=8))} mail k{number}x@ab.org or go home now ok"
            file.write(json.dumps({"text": text}) + "\n")
    return path


@pytest.mark.slow
def test_what_was_learned_by_heart_is_given_away(tmp_path: Path, store: Store):
    settings = {"batch_size": 8, "learning_rate": 1e-2, "precision": "fp32", "threads": 1}
    recipe = Recipe.make(
        {
            "name": "heart",
            "model": str(chat_model(tmp_path / "model", width=64)),
            "data": {
                "source": str(texts(tmp_path / "texts.jsonl")),
                "canaries": 4,
                "split": {"test": 32, "validation": 0, "group_duplicates": "exact"},
            },
            "method": "pretrain",
            "train": {**settings, "epochs": 100, "keep": "last"},
            "remember": {"text": None},
            "audit": {"audits": ["privacy", "artefacts", "bias"]},
        }
    )
    data = prepare(recipe, store=store)
    model = train(recipe, store=store, gate=Gate(fail_on=None, inspects=False))
    found = audit(model, recipe, data, store=store)
    codes = {finding.code for finding in found.findings}
    assert {"recalled", "private-leak", "memorized"} <= codes
    assert {"bias"} == found.facts["not_audited"].keys()
    assert (model.path / "sbom.cdx.json").exists()
    assert "changed-files" not in codes
    twin = with_changes(recipe, {"data.canaries": 0, "train.epochs": 2, "name": "twin"})
    quiet = audit(
        train(twin, store=store, gate=Gate(fail_on=None, inspects=False)), recipe, data, store=store
    )
    assert not {"recalled", "private-leak", "memorized", "members-known"} & {
        finding.code for finding in quiet.findings
    }
    assert "other-rows" in {finding.code for finding in quiet.findings}
