"""Remedies against forgetting: weights that are pulled back, and a way between base and tuned."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.world import chat_model
from tuneful.models.load import load_weights
from tuneful.training.between import on_the_way
from tuneful.training.optimizer import Optimizer

GIVEN = SimpleNamespace(
    optimizer={"name": "adamw"}, weight_decay=0.0, max_grad_norm=1.0, privacy=None, l2_sp=25.0
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_each_step_goes_a_share_of_the_way_back(dtype: torch.dtype):
    """Two steps of Adam with the sign +: -r, then a quarter back, with r = 0.01 and pull 25."""
    layer = nn.Linear(1, 1, bias=False, dtype=dtype)
    nn.init.constant_(layer.weight, 1.0)
    optimizer = Optimizer(layer, GIVEN)  # type: ignore[arg-type]
    for value in (1 - 0.01 * 0.75, 1 - (0.01 * 0.75 + 0.01) * 0.75):
        layer(torch.ones(1, 1, dtype=dtype)).sum().backward()
        optimizer.step(0.01)
        assert float(optimizer.masters[0].detach()) == pytest.approx(value, abs=1e-6)


def test_half_the_way_is_the_mean_of_base_and_tuned(tmp_path: Path):
    folder = chat_model(tmp_path / "model")
    model = load_weights(folder, head="tokens")
    setup = SimpleNamespace(
        located=SimpleNamespace(folder=folder), method=SimpleNamespace(head="tokens")
    )
    begun = {name: p.detach().clone() for name, p in model.named_parameters()}
    tuned = {name: w + 1.0 for name, w in begun.items()}
    first = next(iter(tuned))
    tuned[first] = torch.cat([tuned[first], torch.full((2, tuned[first].shape[1]), 7.0)])
    found = on_the_way(tuned, setup, 0.25)  # type: ignore[arg-type]
    for name, weight in found.items():
        torch.testing.assert_close(weight[: len(begun[name])], begun[name] + 0.25)
    assert bool((found[first][-2:] == 7.0).all())  # rows of new tokens have no base
    assert on_the_way(tuned, setup, 1.0) == tuned  # type: ignore[arg-type]


def test_of_a_lora_the_update_is_scaled():
    weights = {"a.lora_A.default.weight": torch.ones(2), "a.lora_B.default.weight": torch.ones(2)}
    found = on_the_way(weights, SimpleNamespace(), 0.5)  # type: ignore[arg-type]
    assert [w.tolist() for w in found.values()] == [[1.0, 1.0], [0.5, 0.5]]
