"""How far a student's next-token distribution is from its teacher's, a chunk of tokens at a time.

The logits of two models over a whole vocabulary never exist for more than one chunk.

Shapes: N learned tokens, V vocabulary, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch.utils import checkpoint

from tuneful.models.logprobs import logits, projection_of, rows_of_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from tuneful.models.logprobs import Projection

Divergence = "Callable[[Tensor, Tensor], Tensor]"


def divergences(
    student: tuple[nn.Module, Tensor],
    teacher: tuple[nn.Module, Tensor],
    divergence: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """The divergence of each learned token, nats, with gradient for the student: [N].

    Args:
        student: The model and its last hidden states [N, D].
        teacher: Likewise; same vocabulary, its own width.
        divergence: From log-probabilities [N, V] of student and teacher to [N].
    """
    ours, theirs = projection_of(student[0]), projection_of(teacher[0])
    assert ours is not None, "the student's vocabulary projection is one matrix"
    assert theirs is not None, "the teacher's vocabulary projection is one matrix"
    keep_less: Any = cast("Any", checkpoint).checkpoint

    def chunk(state: Tensor, other: Tensor) -> Tensor:
        with torch.no_grad():
            teacher_logp = _logp(other, theirs, ours.weight_VD.shape[0])
        return divergence(_logp(state, ours, ours.weight_VD.shape[0]), teacher_logp)

    rows = max(16, rows_of_chunk(ours, student[1]) // 4)  # float32, and two of them
    split = cast("Any", torch).split
    parts: list[Tensor] = []
    for state, other in zip(split(student[1], rows), split(teacher[1], rows), strict=True):
        if torch.is_grad_enabled():
            parts.append(keep_less(chunk, state, other, use_reentrant=False))
        else:
            parts.append(chunk(state, other))
    return torch.cat(parts)


def _logp(state_ND: Tensor, projection: Projection, vocabulary: int) -> Tensor:
    """Log-probabilities; rows that pad a vocabulary beyond the student's are left out."""
    return logits(state_ND, projection)[:, :vocabulary].log_softmax(dim=1)
