"""A head that says what to expect: one number from the last hidden state.

It is trained with the model and belongs to its training: a saved model does not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import safetensors.torch
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

NAME = "value_head"


def add_value_head(model: nn.Module) -> None:
    """Give the model a head that expects 0 everywhere, in float32 whatever its precision."""
    core = cast("Any", model)
    width = core.config.get_text_config().hidden_size
    head = nn.Linear(width, 1, dtype=torch.float32, device=next(model.parameters()).device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    setattr(model, NAME, head)


def part_with_value_head(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Write the head's trained weights to a file and take it off the model, if it has one."""
    if not hasattr(model, NAME):
        return
    own = {name: weights[f"{NAME}.{name}"].contiguous() for name in ("weight", "bias")}
    cast("Any", safetensors.torch).save_file(own, path)
    delattr(model, NAME)
