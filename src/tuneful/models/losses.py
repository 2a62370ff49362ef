"""Losses of scores, as pure functions: methods put them together.

Shapes: S sequences, C classes, P preference pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def cross_entropy(
    logits_SC: Tensor, label_S: Tensor, *, smoothing: float = 0.0, focus: float = 0.0
) -> Tensor:
    """-log p of each row's class, nats: [S].

    Args:
        logits_SC: Scores.
        label_S: True classes.
        smoothing: Share of the target spread over all classes (Szegedy et al. 2016,
            arXiv:1512.00567, section 7): (1 - e) (-log p) + e mean over classes of -log p.
        focus: Gamma of the focal loss (Lin et al. 2017, arXiv:1708.02002, equation 4): each row
            counts (1 - p)^gamma, so that rows already right weigh little.
    """
    logp_SC = logits_SC.log_softmax(dim=-1)
    picked_S = logp_SC.gather(1, label_S[:, None])[:, 0]
    loss_S = -picked_S
    if smoothing:
        loss_S = (1 - smoothing) * loss_S - smoothing * logp_SC.mean(dim=1)
    if focus:
        loss_S = loss_S * (1 - picked_S.exp()).pow(focus)
    return loss_S


def binary_cross_entropy(logits_SC: Tensor, target_SC: Tensor, *, focus: float = 0.0) -> Tensor:
    """-log p of each class's yes or no, nats: [S, C]; focus as in `cross_entropy`."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    loss_SC = binary_cross_entropy_with_logits(logits_SC, target_SC, reduction="none")
    if focus:
        loss_SC = loss_SC * (1 - (-loss_SC).exp()).pow(focus)
    return loss_SC


def bradley_terry(margin_P: Tensor, *, least: Tensor | float = 0.0, flipped: float = 0.0) -> Tensor:
    """-log sigmoid(margin - least), nats: [P].

    The probability that the first of two is preferred is sigmoid of the difference of their scores
    (Bradley & Terry 1952).

    Args:
        margin_P: First score minus second.
        least: How much more than 0 the margin is asked to be (Touvron et al. 2023,
            arXiv:2307.09288, equation 2).
        flipped: Share of the pairs that are taken to be the wrong way round, in [0, 0.5)
            (conservative DPO, Mitchell 2023).
    """
    from torch.nn.functional import logsigmoid

    apart_P = margin_P - least
    loss_P = -logsigmoid(apart_P)
    return loss_P if not flipped else (1 - flipped) * loss_P - flipped * logsigmoid(-apart_P)


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(x)) for x < 0, exact near 0 and far from it (Maechler 2012).

    x is held at or below -1e-7, so that a probability that rounds to 1 has finite odds.
    """
    import torch

    x = x.clamp(max=-1e-7)
    near = torch.log(-torch.expm1(x))
    far = torch.log1p(-torch.exp(x))
    return torch.where(x > -0.693, near, far)
