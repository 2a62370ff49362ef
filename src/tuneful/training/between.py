"""Weights between base and tuned model: less of the task, more of what was there before.

Paper: Wortsman et al. 2022 (WiSE-FT), arXiv:2109.01903, equation 1: (1 - a) base + a tuned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tuneful.models.load import load_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from tuneful.training.setup import Setup


def on_the_way(weights: Mapping[str, Tensor], setup: Setup, share: float) -> dict[str, Tensor]:
    """The weights at a share of the way from base (0) to tuned (1), in float32.

    Of a LoRA the update is scaled: its second factor is multiplied by the share.
    """
    if share == 1.0:
        return dict(weights)
    if any("lora_B" in name for name in weights):
        return {n: w * share if "lora_B" in n else w for n, w in weights.items()}
    base = load_weights(setup.located.folder, head=setup.method.head)
    begun = dict(base.named_parameters())
    return {name: _between(begun.get(name), w, share) for name, w in weights.items()}


def _between(begun: Tensor | None, tuned: Tensor, share: float) -> Tensor:
    """Rows of tokens that the base did not have are kept as they are."""
    if begun is None:
        return tuned
    found = tuned.clone()
    rows = slice(0, len(begun))
    start = begun.detach().to(device=tuned.device, dtype=torch.float32)
    found[rows] = torch.lerp(start, tuned[rows].float(), share).to(tuned.dtype)
    return found
