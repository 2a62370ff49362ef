"""Which words made a classifier choose as it did: integrated gradients over the embeddings.

Sundararajan et al. 2017, arXiv:1703.01365, equation 1: the gradient of a score along the straight
way from a text of padding to the text, times how far each embedding moves. The integral is taken by
Gauss and Legendre's rule. The values of a text sum to the score's rise over that of padding;
`gap` says how far the sum is off.

Shapes: P points on the way, T tokens, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tuneful.models.classifier import Classifier

POINTS = 20
"""Where the gradient is taken. With 6 the values of a review missed its score by half of it."""


POINTS_AT_ONCE = 4
"""Texts of which the model's states are in memory together."""


@dataclass(frozen=True)
class Question:
    """Why one class and not another?

    Attributes:
        text: What was classified.
        chosen: Number of the class that is asked about.
        other: Number of the class that its score is set against.
    """

    text: str
    chosen: int
    other: int


@dataclass(frozen=True)
class Attribution:
    """What each word did.

    Attributes:
        words: Pieces of the text in order; together they are what the model read of it.
        values: How much each raised the chosen class's score over the other's.
        score: The chosen class's logit minus the other's.
        at_padding: The same of a text of padding.
        gap: Score minus that of padding minus the sum over all tokens.
    """

    words: tuple[str, ...]
    values: tuple[float, ...]
    score: float
    at_padding: float
    gap: float


def attribute(
    model: Classifier, questions: Sequence[Question], most_tokens: int, points: int = POINTS
) -> list[Attribution | None]:
    """Answer questions one by one; None for one that there was no room for.

    Args:
        model: A classifier; in float32, for its gradients.
        questions: What to explain, the most wanted first.
        most_tokens: Bounds the work of all questions together, in tokens at all points.
        points: Of each integral.
    """
    encoded = [model.tokenizer.encode_with_offsets(one.text) for one in questions]
    model.scorer.model.eval()
    found: list[Attribution | None] = []
    for one, (ids, spans) in zip(questions, encoded, strict=True):
        cost = points * min(len(ids), model.max_length)
        fits = cost <= most_tokens
        most_tokens -= cost * fits
        found.append(_one(model, one, ids, spans, points) if fits else None)
    return found


def _one(
    model: Classifier,
    question: Question,
    ids: Sequence[int],
    spans: Sequence[tuple[int, int]],
    points: int,
) -> Attribution:
    known = model.tokenizer
    tokens, _ = known.close(ids, model.max_length)
    first, last = len(known.prefix), len(tokens) - len(known.suffix)
    padding = [known.pad_id if first <= at < last else token for at, token in enumerate(tokens)]
    core = cast("Any", model.scorer.model)
    with torch.no_grad():
        lookup = core.get_input_embeddings()
        text_TD = lookup(torch.tensor(tokens, device=model.scorer.device)).detach()
        from_TD = lookup(torch.tensor(padding, device=model.scorer.device)).detach()
        low, high = map(float, _score(core, torch.stack([from_TD, text_TD]), question))
    value_T = integrated(partial(_score, core, question=question), from_TD, text_TD, points)
    words, values = _words(question.text, spans[: last - first], value_T[first:last])
    gap = high - low - float(value_T.sum())
    return Attribution(words, values, high, low, gap)


def integrated(score: Any, from_TD: Tensor, to_TD: Tensor, points: int) -> np.ndarray:
    """What each token adds to the score on the way between two texts: [T].

    Args:
        score: From embeddings [P, T, D] to scores [P].
        from_TD: Embeddings of the text to begin with.
        to_TD: Of the text itself.
        points: Where the gradient is taken.
    """
    node_P, weight_P = np.polynomial.legendre.leggauss(points)
    place_P = torch.tensor((node_P + 1) / 2, dtype=to_TD.dtype, device=to_TD.device)
    share_P = torch.tensor(weight_P / 2, dtype=to_TD.dtype, device=to_TD.device)
    apart_TD = to_TD - from_TD
    mean_TD = torch.zeros_like(apart_TD)
    for begin in range(0, points, POINTS_AT_ONCE):
        some = slice(begin, begin + POINTS_AT_ONCE)
        way_PTD = (from_TD + place_P[some, None, None] * apart_TD).requires_grad_()
        (slope_PTD,) = torch.autograd.grad(score(way_PTD).sum(), way_PTD)
        mean_TD += torch.einsum("p,ptd->td", share_P[some], slope_PTD)
    return (mean_TD * apart_TD).sum(dim=1).double().cpu().numpy()


def _score(core: Any, way_PTD: Tensor, question: Question) -> Tensor:
    mask_PT = torch.ones(way_PTD.shape[:2], dtype=torch.long, device=way_PTD.device)
    logits = core(inputs_embeds=way_PTD, attention_mask=mask_PT).logits
    return logits[:, question.chosen] - logits[:, question.other]


def _words(
    text: str, spans: Sequence[tuple[int, int]], value_T: np.ndarray
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Tokens that stand without a space between letters become one word, with what is before it."""
    words: list[str] = []
    values: list[float] = []
    before = 0
    for (begin, end), value in zip(spans, value_T.tolist(), strict=True):
        piece = text[before : max(before, end)]
        inside = text[max(0, begin - 1) : begin + 1]
        if words and begin == before and len(inside) == 2 and inside.isalnum():
            words[-1] += piece
            values[-1] += value
        else:
            words.append(piece)
            values.append(value)
        before = max(before, end)
    return tuple(words), tuple(values)
