"""The machine's matrix peak, measured; and the arithmetic that training a model takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tuneful.models.catalog import ModelFacts

SIZES = (1024, 2048, 3072)
TRIES = 6


def matrix_peak(dtype: torch.dtype = torch.bfloat16) -> float:
    """The fastest square matrix product seen, in FLOP/s."""
    best = 0.0
    for size in SIZES:
        left, right = (torch.randn(size, size).to(dtype) for _ in range(2))
        for _ in range(TRIES):
            began = time.perf_counter()
            torch.mm(left, right)
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def training_flops(facts: ModelFacts, tokens_per_row: float, *, projects: bool) -> float:
    """FLOP of one trained token, by the usual count: forward, and twice that backward.

    6 for each weight of a matrix, and 12 * layers * width * length for attention (half of it where
    tokens see only those before them): Chowdhery et al. 2022 (PaLM), appendix B. What is cleverly
    left out (the last layer of tokens nobody reads) is counted all the same.

    Args:
        facts: Of the model.
        tokens_per_row: How far attention sees.
        projects: Whether every token is projected to the vocabulary.
    """
    weights = facts.layers * facts.block_parameters
    if projects:
        weights += facts.vocabulary * facts.width
    seen = tokens_per_row * (0.5 if facts.kind == "decoder" else 1.0)
    return 6 * weights + 12 * facts.layers * facts.width * seen


def shares(
    facts: ModelFacts, sides: Mapping[str, Mapping[str, float]], *, projects: bool
) -> Mapping[str, Any]:
    """Each side's share of the peak, measured now; "peak_share" is the best of ours."""
    peak = matrix_peak()
    found = {
        name: side["tokens_per_s"]
        * training_flops(facts, side["tokens_per_row"], projects=projects)
        / peak
        for name, side in sides.items()
    }
    ours = max((share for name, share in found.items() if name.startswith("ours")), default=0.0)
    return {"shares": found, "peak_share": ours, "peak_gflops": peak / 1e9}
