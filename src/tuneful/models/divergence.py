"""How far a student's next-token distribution is from its teacher's, a chunk of tokens at a time.

The logits of two models over a whole vocabulary never exist for more than one chunk. A teacher may
also be known by its likeliest tokens alone; then both distributions are those tokens and the rest
as one, so that what is measured is a lower bound of the whole divergence (data processing).

Sources: Hinton et al. 2015 (arXiv:1503.02531, section 2) for temperature; Agarwal et al. 2024
(GKD, arXiv:2306.13649, equation 1) for the generalized Jensen-Shannon divergence.

Shapes: N learned tokens, V vocabulary, K likeliest tokens, D width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch.utils import checkpoint

from tuneful.models.logprobs import logits, projection_of, rows_of_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from tuneful.models.logprobs import Projection

TEACHER_TOKENS, TEACHER_LOGP = "teacher_tokens", "teacher_logp"
"""Names of the facts of a token that hold the teacher's likeliest tokens, computed beforehand."""
LEAST = 1e-9
"""Smallest probability of the rest."""


@dataclass(frozen=True)
class How:
    """How distributions are compared.

    Attributes:
        divergence: From log-probabilities [N, V] of student and teacher to [N] nats.
        temperature: What both models' logits are divided by.
    """

    divergence: Callable[[Tensor, Tensor], Tensor]
    temperature: float = 1.0


class Likeliest(NamedTuple):
    """A teacher's likeliest tokens, at the temperature of the comparison."""

    token_NK: Tensor
    logp_NK: Tensor


class Compared(NamedTuple):
    """Of each learned token, nats, with gradient for the student: its divergence and log p."""

    divergence_N: Tensor
    logp_N: Tensor


def forward_kl(student_NV: Tensor, teacher_NV: Tensor) -> Tensor:
    """KL(teacher, student) of log-probabilities: the student covers what the teacher may say."""
    return (teacher_NV.exp() * (teacher_NV - student_NV)).sum(dim=-1)


def reverse_kl(student_NV: Tensor, teacher_NV: Tensor) -> Tensor:
    """KL(student, teacher): the student says nothing that the teacher would not."""
    return forward_kl(teacher_NV, student_NV)


def jensen_shannon(student_NV: Tensor, teacher_NV: Tensor, beta: float) -> Tensor:
    """Beta KL(teacher, m) + (1 - beta) KL(student, m), m = beta teacher + (1 - beta) student."""
    mixed_NV = torch.logaddexp(teacher_NV + math.log(beta), student_NV + math.log(1 - beta))
    return beta * forward_kl(mixed_NV, teacher_NV) + (1 - beta) * forward_kl(mixed_NV, student_NV)


def compare(
    student: tuple[nn.Module, Tensor],
    teacher: tuple[nn.Module, Tensor] | Likeliest,
    target_N: Tensor,
    how: How,
) -> Compared:
    """Compare student and teacher at every learned token.

    Args:
        student: The model and its last hidden states [N, D].
        teacher: Likewise, with a width of its own and the same vocabulary; or what is known of it.
        target_N: The tokens that stand there; their log p is the student's own, at temperature 1.
        how: The divergence.
    """
    ours = projection_of(student[0])
    assert ours is not None, "the student's vocabulary projection is one matrix"
    known = teacher if isinstance(teacher, Likeliest) else _States.of(*teacher)
    # A vocabulary may be padded to a round number of rows: what only one model has is left out.
    rows = [ours.weight_VD.shape[0]]
    rows += [] if isinstance(known, Likeliest) else [known.projection.weight_VD.shape[0]]
    vocabulary = min(rows)
    keep_less: Any = cast("Any", checkpoint).checkpoint

    def chunk(state: Tensor, target: Tensor, *parts: Tensor) -> tuple[Tensor, Tensor]:
        scores = logits(state, ours)
        picked = scores.gather(1, target[:, None])[:, 0] - scores.logsumexp(dim=1)
        logp = (scores[:, :vocabulary] / how.temperature).log_softmax(dim=1)
        if isinstance(known, Likeliest):
            found = _with_rest(logp.gather(1, parts[0])), _with_rest(parts[1])
        else:
            found = logp, known.logp(parts[0], vocabulary, how.temperature)
        return how.divergence(*found), picked

    size = max(16, rows_of_chunk(ours, student[1]) // 4)  # float32, and several of them
    inputs = (student[1], target_N, *(known if isinstance(known, Likeliest) else (known.state_ND,)))
    pieces = zip(*(cast("Any", torch).split(part, size) for part in inputs), strict=True)
    if torch.is_grad_enabled():
        found = [keep_less(chunk, *piece, use_reentrant=False) for piece in pieces]
    else:
        found = [chunk(*piece) for piece in pieces]
    return Compared(*(torch.cat(column) for column in zip(*found, strict=True)))


def likeliest(model: nn.Module, state_ND: Tensor, count: int, temperature: float) -> Likeliest:
    """A teacher's `count` likeliest tokens after each state, or all that there are."""
    known = _States.of(model, state_ND)
    vocabulary = known.projection.weight_VD.shape[0]
    parts = [
        known.logp(state, vocabulary, temperature).topk(min(count, vocabulary), dim=1)
        for state in cast("Any", torch).split(state_ND, rows_of_chunk(known.projection, state_ND))
    ]
    return Likeliest(torch.cat([p.indices for p in parts]), torch.cat([p.values for p in parts]))


class _States(NamedTuple):
    """A teacher's hidden states and what makes logits of them."""

    projection: Projection
    state_ND: Tensor

    @classmethod
    def of(cls, model: nn.Module, state_ND: Tensor) -> _States:
        projection = projection_of(model)
        assert projection is not None, "the teacher's vocabulary projection is one matrix"
        return cls(projection, state_ND)

    def logp(self, state_ND: Tensor, vocabulary: int, temperature: float) -> Tensor:
        """Log-probabilities of the first tokens of the vocabulary."""
        with torch.no_grad():
            scores_NV = logits(state_ND, self.projection)[:, :vocabulary]
            return (scores_NV / temperature).log_softmax(dim=1)


def _with_rest(logp_NK: Tensor) -> Tensor:
    """Log-probabilities of some tokens and of all others together: [N, K + 1]."""
    rest_N1 = (1 - logp_NK.exp().sum(dim=1, keepdim=True)).clamp(min=LEAST)
    return torch.cat([logp_NK, rest_N1.log()], dim=1)
