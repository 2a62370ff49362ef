"""Reward model: one score for an answer, learned from which answers people like better.

Loss:  bradley_terry: for each two answers of a row of which one is better, -log sigmoid(better -
       worse - margin); a row's loss is the mean over its pairs, so that long rankings do not weigh
       more (Ouyang et al. 2022, arXiv:2203.02155, equation 1; margin: Touvron et al. 2023,
       arXiv:2307.09288, equation 2).
       plackett_luce: -log p of choosing the best, then the best of the rest, and so on; mean over
       the choices (Luce 1959, Plackett 1975); for two answers the same as bradley_terry.
       center adds center * (better + worse)^2, mean over the pairs (Eisenstein et al. 2023,
       arXiv:2312.09244, equation 12).
Rows:  Preference or Ranked. Each gives a sequence for each answer, best first.
       Ties teach nothing.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from tuneful.data.rows import Preference, Ranked, Row
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.losses import bradley_terry
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class RewardConfig(PartConfig):
    """Settings of reward modelling."""

    name: Literal["reward"] = Field(default="reward", description="A score for an answer.")
    loss: Literal["bradley_terry", "plackett_luce"] = Field(
        default="bradley_terry",
        description="bradley_terry: every two answers of a ranking; plackett_luce: the ranking as "
        "a row of choices. The same for pairs.",
    )
    center: float = Field(
        default=0.0,
        ge=0,
        description="Pull towards scores that are 0 on average, which the loss leaves free (0.01: "
        "Eisenstein et al.).",
    )


class Reward:
    """Learn to score answers from pairs or rankings of them; what PPO and GRPO then raise."""

    Config: ClassVar[type[RewardConfig]] = RewardConfig
    rows: ClassVar[type[Preference]] = Preference
    also_rows: ClassVar[tuple[type[Row], ...]] = (Ranked,)
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "rewards"
    metrics: ClassVar[tuple[str, ...]] = ("pair_accuracy", "pair_margin")
    paper: ClassVar[str] = "Ouyang et al. 2022, arXiv:2203.02155, section 3.5"
    # Full: Ouyang et al. used 9e-6 on 6 B, TRL's default is 1e-4 for small ones; encoders as in
    # classify. LoRA: about ten times full.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-6, 5e-5, 1e-3),
        "lora": (1e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: RewardConfig, facts: DataFacts) -> None:
        from tuneful.models.rewards import SCORE

        del facts
        self.config, self.needs, self.outputs = config, Needs(), (SCORE,)

    def encode(
        self, rows: Sequence[Preference | Ranked], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """A sequence for each answer, the best first; its targets are (answers, rank, margin).

        Raises:
            DataError: The template refuses a row.
        """
        from tuneful.models.rewards import encode_answered, ranked

        encoded: list[list[Encoded]] = []
        for row in rows:
            answers = ranked(row)
            weight = float(answers[0][0] < answers[-1][0])
            margin = row.margin if isinstance(row, Preference) else 0.0
            encoded.append([])
            for rank, answer in answers:
                found = encode_answered(tokenizer, row.prompt, answer, max_length)
                targets = (len(answers), rank, margin)
                encoded[-1].append(
                    Encoded(
                        *(found.tokens, ()),
                        weight=weight,
                        num_cut=found.num_cut,
                        targets=targets,
                        second=found.second,
                    )
                )
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Rows in which one answer is better than another."""
        return sum(s.weight / s.targets[0] for s in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Summed loss of the rows; share of pairs in the right order, and the mean difference."""
        score_S = scores.logits_SC[:, 0]
        total = score_S.sum() * 0.0
        accuracy, margin = score_S.new_zeros(()), score_S.new_zeros(())
        for row in _rows(scores):
            weight = scores.weight_S[row.start]
            pairs = _pairs(_ranks(scores, row))
            if not pairs:
                continue
            better, worse = ([pair[at] + row.start for pair in pairs] for at in (0, 1))
            apart_P = score_S[better] - score_S[worse]
            total = total + weight * self._row_loss(score_S, row, apart_P, scores.target_SC)
            if self.config.center:
                middle_P = score_S[better] + score_S[worse]
                total = total + weight * self.config.center * middle_P.square().mean()
            accuracy = accuracy + weight * (apart_P > 0).float().mean()
            margin = margin + weight * apart_P.detach().mean()
        return Loss(total, {"accuracy": accuracy.detach(), "margin": margin})

    def _row_loss(self, score_S: Tensor, row: slice, apart_P: Tensor, target_SC: Tensor) -> Tensor:
        if self.config.loss == "bradley_terry":
            return bradley_terry(apart_P, least=target_SC[row.start, 2]).mean()
        own_K, rank_K = score_S[row], target_SC[row, 1]
        # Each answer but the last-ranked is chosen from those that are not ranked above it.
        left_KK = own_K[None, :].masked_fill(rank_K[None, :] < rank_K[:, None], -float("inf"))
        loss_K = left_KK.logsumexp(dim=1) - own_K
        return loss_K[rank_K < rank_K[-1]].mean()

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N


def _rows(scores: ClassScores) -> Iterator[slice]:
    """Where each row's sequences stand among those of a pass."""
    start = 0
    while start < len(scores.target_SC):
        end = start + int(scores.target_SC[start, 0])
        yield slice(start, end)
        start = end


def _ranks(scores: ClassScores, row: slice) -> list[float]:
    return cast("list[float]", scores.target_SC[row, 1].tolist())


def _pairs(ranks: Sequence[float]) -> list[tuple[int, int]]:
    """(better, worse) of every two answers that are not tied; ranks ascend."""
    return [(i, j) for i, j in combinations(range(len(ranks)), 2) if ranks[i] < ranks[j]]
