"""The untrained model's log-probabilities are the same however they are had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import rows as row_files
from tests import world
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.training.beforehand import score_now, with_reference
from tuneful.training.sequences import encode_split
from tuneful.training.setup import Setup, set_up_run
from tuneful.workflow import prepare


def set_up(folder: Path, store: Store, adapter: Any, **method: Any) -> tuple[Setup, Any]:
    kind = "judged" if method["name"] == "kto" else "preference"
    recipe = Recipe.make(
        {
            "name": "reference",
            "model": str(world.chat_model(folder / "model")),
            "data": {"source": str(row_files.source(kind, folder / "rows.jsonl"))},
            "method": method,
            "adapter": adapter,
            "train": {"batch_size": 8, "precision": "fp32", "threads": 1},
        }
    )
    data = prepare(recipe, store=store)
    setup = set_up_run(recipe, data, world.settings_of(recipe, data, store), store, print)
    return setup, encode_split(data, "train", setup.encoding, store, print)


def moved(setup: Setup) -> Setup:
    """The same setup after a step away from where it began."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in setup.model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return setup


@pytest.mark.parametrize("name", ["dpo", "kto"])
@pytest.mark.slow
def test_adapter_off_precomputed_and_frozen_give_the_same_loss(
    tmp_path: Path, store: Store, name: str
):
    found: list[float] = []
    for how in ("adapter_off", "precomputed", "frozen"):
        setup, encoded = set_up(tmp_path, store, "lora", name=name, reference=how)
        base = setup.base()
        rows = (with_reference(encoded, base, store, print) if base else encoded).take(range(8))
        learner = moved(setup).learner()
        found.append(learner.measure(rows).loss)
        apart = replace(learner, tokens_per_pass=1).measure(rows)
        assert apart.loss == pytest.approx(found[-1], abs=1e-6)
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert found[2] == pytest.approx(found[0], abs=1e-6)
    at_start = 0.6931 if name == "dpo" else 0.5
    assert abs(found[0] - at_start) > 1e-4


def test_without_an_adapter_the_reference_is_computed_before_the_first_step(
    tmp_path: Path, store: Store
):
    setup, encoded = set_up(tmp_path, store, "full", name="dpo")
    assert setup.learner().reference is None
    base = setup.base()
    assert base is not None
    rows = encoded.take(range(4))
    on_disk = with_reference(encoded, base, store, print).take(range(4))
    now = score_now(rows, base)
    assert setup.learner().measure(now).loss == pytest.approx(0.693147, abs=1e-5)
    for one, other in zip(now, on_disk, strict=True):
        for mine, kept in zip(one, other, strict=True):
            assert mine.facts["reference"] == pytest.approx(kept.facts["reference"], abs=1e-5)


def test_an_adapter_that_cannot_be_switched_off_is_refused_as_a_reference(
    tmp_path: Path, store: Store
):
    with pytest.raises(ModelError, match="changes the model's own weights") as caught:
        set_up(tmp_path, store, "full", name="dpo", reference="adapter_off")
    assert "precomputed" in caught.value.fix
