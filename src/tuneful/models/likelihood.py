"""How likely texts are to go on in given ways, and whether they are what the model would say.

Shapes: N scored tokens, D width, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from tuneful.models.generate import scores_of
from tuneful.models.packing import TOKENS_PER_PASS, cut_into_passes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from tuneful.models.scoring import Learned, Scorer

TOKENS_AT_ONCE = 256
"""Scores of the whole vocabulary exist for so many tokens at once."""


class Likelihood(NamedTuple):
    """Summed log p (nats) of some tokens, and whether each was the likeliest."""

    logp: float
    is_likeliest: bool


def likelihoods(
    scorer: Scorer,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    on_done: Callable[[int], None] | None = None,
) -> list[Likelihood]:
    """Of the second token ids of each pair, after the first.

    Args:
        scorer: Of the model.
        pairs: What is given, never empty, and what follows.
        on_done: Told how many pairs are done, now and then.
    """
    found = [Likelihood(0.0, is_likeliest=True)] * len(pairs)
    lengths, done = [len(given) + len(after) for given, after in pairs], 0
    scorer.model.eval()
    for members in cut_into_passes(lengths, TOKENS_PER_PASS):
        some = [pairs[number] for number in members]
        tokens = [[*given, *after] for given, after in some]
        weights = [[0.0] * len(given) + [1.0] * len(after) for given, after in some]
        with torch.inference_mode():
            learned = scorer.learned(tokens, weights)
            logp_N, is_first_N = _scored(scorer, learned)
        for at, number in enumerate(members):
            own_N = learned.owner_N == at
            logp = float(logp_N[own_N].sum())
            found[number] = Likelihood(logp, is_likeliest=bool(is_first_N[own_N].all()))
        done += len(members)
        if on_done:
            on_done(done)
    return found


def _scored(scorer: Scorer, learned: Learned) -> tuple[Tensor, Tensor]:
    """Log p of each token, and whether it is the likeliest: each [N]."""
    logp: list[Tensor] = []
    is_first: list[Tensor] = []
    for begin in range(0, len(learned.target_N), TOKENS_AT_ONCE):
        target_N = learned.target_N[begin : begin + TOKENS_AT_ONCE]
        scores_NV = scores_of(scorer, learned.state_ND[begin : begin + TOKENS_AT_ONCE])
        picked_N = scores_NV.gather(1, target_N[:, None])[:, 0]
        logp.append((picked_N - scores_NV.logsumexp(dim=1)).double())
        is_first.append(scores_NV.argmax(dim=1) == target_N)
    return torch.cat(logp), torch.cat(is_first)
