"""A step of eight rows is the same step in one pass or in eight, and packed or padded."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.world import chat_recipe, classify_recipe
from tuneful.core.store import Store
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL


def trained(recipe: Any, home: Path) -> dict[str, torch.Tensor]:
    model = train_recipe(recipe, Store(home), gate=TRIAL).model
    (path,) = model.path.glob("*.safetensors")
    return load_file(path)


@pytest.mark.parametrize("make", [partial(classify_recipe, dropout=0.0), chat_recipe])
@pytest.mark.parametrize(
    "other", [{"tokens_per_pass": 1}, {"packing": "padded"}], ids=["eight passes", "padded"]
)
@pytest.mark.slow
def test_weights_do_not_depend_on_how_a_step_is_cut(tmp_path: Path, make, other: dict[str, Any]):
    same: dict[str, Any] = {"max_steps": 6, "keep": "last", "tokens_per_pass": 8192}
    one = trained(make(tmp_path, **same), tmp_path / "one")
    eight = trained(make(tmp_path, **{**same, **other}), tmp_path / "other")
    assert one.keys() == eight.keys()
    for name, value in one.items():
        # Adam's first steps amplify rounding: g / sqrt(g^2) is the sign of the smallest gradient.
        assert torch.allclose(value, eight[name], atol=2e-4), name
