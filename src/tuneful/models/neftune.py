"""NEFTune: noise on the embeddings while training, against learning answers' surface by heart.

Paper: Jain et al. 2023, arXiv:2310.05914, algorithm 1: uniform noise in [-1, 1], times
alpha / sqrt(L D), for L tokens of a sequence and width D.

Shapes: T tokens of a packed row, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.models.packing import active_layout

if TYPE_CHECKING:
    from torch import Tensor, nn


def add_noise(model: nn.Module, alpha: float) -> None:
    """Let the input embedding add noise in training mode. Each sequence has its own L."""

    def noisy(module: nn.Module, inputs: Any, state: Tensor) -> Tensor:
        del inputs
        if not module.training:
            return state
        size = alpha / (_lengths(state) * state.shape[-1]).sqrt()
        noise = torch.empty_like(state, dtype=torch.float32).uniform_(-1, 1)
        return state + (noise * size).to(state.dtype)

    embedding = cast("Any", model).get_input_embeddings()
    embedding.noise_alpha = alpha
    embedding.register_forward_hook(noisy)


def _lengths(state: Tensor) -> Tensor:
    """Tokens of the sequence each token belongs to: [1, T, 1], or one number for a padded batch."""
    layout = active_layout()
    if layout is None:
        return torch.tensor(float(state.shape[1]), device=state.device)
    # Nothing is shared under noise (models.scoring): every piece is a sequence.
    lengths = torch.tensor(layout.lengths, device=state.device, dtype=torch.float32)
    return lengths.repeat_interleave(lengths.long())[None, :, None]
