"""How much memory this process has taken."""

from __future__ import annotations

import resource
import sys

import torch


def peak_memory_gib() -> float:
    """Peak of the GPU's memory where there is one, else of resident memory, in GiB."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
