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


def bradley_terry(margin_P: Tensor, least_P: Tensor | float = 0.0) -> Tensor:
    """-log sigmoid(margin - least), nats: [P].

    The probability that the first of two is preferred is sigmoid of the difference of their scores
    (Bradley & Terry 1952); `least` asks for more than that (Touvron et al. 2023, arXiv:2307.09288,
    equation 2).
    """
    from torch.nn.functional import logsigmoid

    return -logsigmoid(margin_P - least_P)
