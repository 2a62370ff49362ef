"""One optimizer step and one validation: scores, loss, gradient, update."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.core.errors import ModelError, RunError
from tuneful.methods.base import ClassScores, Loss, TokenScores
from tuneful.models.divergence import TEACHER_LOGP, TEACHER_TOKENS, How, Likeliest, compare
from tuneful.models.encoded import num_learned
from tuneful.models.packing import cut_into_passes
from tuneful.models.prefixes import shared_length
from tuneful.models.reference import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from tuneful.methods.base import Encoded, Method
    from tuneful.models.divergence import Compared
    from tuneful.models.reference import Reference
    from tuneful.models.scoring import Learned, Scorer
    from tuneful.training.optimizer import Optimizer


@dataclass(frozen=True)
class Measured:
    """The loss of some rows, in the method's units, and the method's other numbers."""

    loss: float
    units: float
    tokens: int
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Learner:
    """What a step needs.

    Attributes:
        method: How rows become a loss.
        scorer: Of the model in training.
        tokens_per_pass: How many tokens fit into a pass.
        reference: Of the model as it was, where the method needs it and rows do not bring it.
        teacher: Of the model that is imitated.
        kl: Weight of the penalty for moving from the reference on learned tokens.
    """

    method: Method[Any]
    scorer: Scorer
    tokens_per_pass: int
    reference: Reference | None = None
    teacher: Scorer | None = None
    kl: float = 0.0

    def learn(self, rows: Sequence[Sequence[Encoded]], share: float = 1.0) -> Measured:
        """Add the gradient of the rows' mean loss, times `share`, to the parameters.

        Raises:
            RunError: Nothing in the rows is learned.
        """
        self.scorer.model.train()
        return self._passes(rows, share)

    def measure(self, rows: Sequence[Sequence[Encoded]]) -> Measured:
        """The rows' mean loss, without dropout and without gradient."""
        self.scorer.model.eval()
        with torch.no_grad():
            return self._passes(rows, None)

    def _passes(self, rows: Sequence[Sequence[Encoded]], share: float | None) -> Measured:
        """Measure the rows; with a share, leave as much of their gradient."""
        units = self.method.units([sequence for row in rows for sequence in row])
        if units <= 0:
            raise RunError(
                "A step has nothing to learn: every token of its rows is masked.",
                where=f"{len(rows)} rows of the step",
                fix="Check with tuneful train --fail-on warning; rows may be cut by max_length "
                "before their answer begins: raise train.max_length.",
            )
        total, sums, whole = 0.0, dict[str, float](), self._of_the_step(rows)
        learned = [[s for s in row if not s.is_aside] for row in rows]
        held = self.kl and self.kl * units / sum(num_learned(s) for row in learned for s in row)
        for sequences in self._cut(learned):
            loss = self._loss(sequences, whole, held)
            if share is not None:
                (loss.total * share / units).backward()  # pyright: ignore[reportUnknownMemberType]
            total += float(loss.total.detach())
            for name, value in loss.sums.items():
                sums[name] = sums.get(name, 0.0) + float(value)
        tokens = sum(len(sequence.tokens) for row in rows for sequence in row)
        metrics = {name: value / units for name, value in sums.items()}
        return Measured(total / units, units, tokens, metrics)

    def _lengths(self, rows: Sequence[Sequence[Encoded]]) -> list[int]:
        """Tokens to compute for each row."""
        if self.scorer.shares:
            return [shared_length([s.tokens for s in row]) for row in rows]
        return [sum(len(s.tokens) for s in row) for row in rows]

    def _cut(self, rows: Sequence[Sequence[Encoded]]) -> Iterator[list[Encoded]]:
        """The sequences of each pass; those of a row stay together."""
        for members in cut_into_passes(self._lengths(rows), self.tokens_per_pass):
            yield [sequence for i in members for sequence in rows[i]]

    def _of_the_step(self, rows: Sequence[Sequence[Encoded]]) -> Mapping[str, float]:
        """What the loss needs of the whole step before its first pass."""
        if self.method.needs.step is None:
            return {}
        aside = [some for row in rows if (some := [s for s in row if s.is_aside])]
        was_training = self.scorer.model.training
        self.scorer.model.eval()
        with torch.no_grad():
            found = [self._token_scores(part) for part in self._cut(aside)]
        self.scorer.model.train(was_training)
        return self.method.needs.step(found)

    def _loss(self, sequences: Sequence[Encoded], whole: Mapping[str, float], held: float) -> Loss:
        """The method's loss of a pass; with what moving from the reference costs a token."""
        if self.method.head != "tokens":
            return self.method.loss(self._class_scores(sequences))
        scores = replace(self._token_scores(sequences), step=whole)
        if not held:
            return self.method.loss(scores)
        own = scores if self.method.needs.reference else replace(scores, reference_N=None)
        return hold(self.method.loss(own), scores, held)

    def _class_scores(self, sequences: Sequence[Encoded]) -> ClassScores:
        tokens = [sequence.tokens for sequence in sequences]
        device = self.scorer.device
        if self.method.head == "tags":
            weights = [[w * s.weight for w in s.weights] for s in sequences]
            logits_SC, place_S = self.scorer.tag_logits(tokens, weights)
            label_T = torch.tensor([t for s in sequences for t in s.targets], device=device)
            weight_T = torch.tensor([w for row in weights for w in row], device=device)
            none_SC = logits_SC.new_zeros(len(logits_SC), 0)
            return ClassScores(logits_SC, label_T[place_S].long(), weight_T[place_S], none_SC)
        logits_SC, teacher_SC, apart_S = self._beside_teacher(sequences)
        label_S = torch.tensor([s.label for s in sequences], device=device)
        weight_S = torch.tensor([s.weight for s in sequences], device=device)
        target_SC = torch.tensor([list(s.targets) for s in sequences], device=device)
        weight_S, target_SC = weight_S.float(), target_SC.float()
        return ClassScores(logits_SC, label_S, weight_S, target_SC, teacher_SC, apart_S)

    def _beside_teacher(
        self, sequences: Sequence[Encoded]
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Class scores; the teacher's, and how far the last states are apart, where asked for."""
        tokens, seconds = [s.tokens for s in sequences], [s.second for s in sequences]
        if self.teacher is None:
            return self.scorer.class_logits(tokens, seconds), None, None
        if not self.method.needs.states:
            with torch.no_grad():
                theirs_SC = self.teacher.class_logits(tokens, seconds)
            return self.scorer.class_logits(tokens, seconds), theirs_SC, None
        logits_SC, state_TD = self.scorer.class_logits_and_states(tokens)
        with torch.no_grad():
            theirs_SC, other_TD = self.teacher.class_logits_and_states(tokens)
        if state_TD.shape != other_TD.shape:
            raise ModelError(
                f"The teacher's states have {other_TD.shape[1]} numbers, the student's "
                f"{state_TD.shape[1]}: their directions cannot be compared.",
                where="method.cosine",
                fix="Set method.cosine to 0, or choose a teacher of the student's width.",
            )
        near_T = torch.cosine_similarity(state_TD.float(), other_TD.float(), dim=1)
        lengths = [len(row) for row in tokens]
        parts = cast("tuple[Tensor, ...]", cast("Any", near_T).split(lengths))
        return logits_SC, theirs_SC, torch.stack([1 - part.mean() for part in parts])

    def _token_scores(self, sequences: Sequence[Encoded]) -> TokenScores:
        tokens = [sequence.tokens for sequence in sequences]
        weights = [[w * s.weight for w in s.weights] for s in sequences]
        learned = self.scorer.learned(tokens, weights)
        gradient = None if self.kl else self.method.known_gradient(learned.weight_N)
        facts = {name: _facts(sequences, name, learned) for name in sequences[0].facts}
        reference_N = facts.pop(REFERENCE, None)
        if reference_N is None and self.reference is not None:
            reference_N = self.reference.logp(tokens, weights)
        compared = self._compared(sequences, learned, facts)
        return TokenScores(
            logp_N=compared.logp_N if compared else self.scorer.logp(learned, gradient),
            weight_N=learned.weight_N,
            sequence_N=learned.owner_N,
            num_sequences=len(sequences),
            reference_N=reference_N,
            divergence_N=compared.divergence_N if compared else None,
            label_S=torch.tensor([s.label for s in sequences], device=self.scorer.device),
            value_N=self.scorer.values(learned) if self.method.needs.value else None,
            facts=facts,
        )

    def _compared(
        self, sequences: Sequence[Encoded], learned: Learned, facts: dict[str, Tensor]
    ) -> Compared | None:
        """Student beside teacher, where there is one: in memory, or as the rows bring it."""
        needs = self.method.needs
        if needs.divergence is None:
            return None
        if self.teacher is None:
            known = Likeliest(facts.pop(TEACHER_TOKENS), facts.pop(TEACHER_LOGP))
        else:
            weights = [[w * s.weight for w in s.weights] for s in sequences]
            with torch.no_grad():
                theirs = self.teacher.learned([s.tokens for s in sequences], weights)
            known = (self.teacher.core, theirs.state_ND)
        how = How(needs.divergence, needs.temperature)
        return compare((self.scorer.core, learned.state_ND), known, learned.target_N, how)


def hold(loss: Loss, scores: TokenScores, held: float) -> Loss:
    """A pass's loss with `held` times the sum of (log p - log p_base)^2 / 2 over learned tokens."""
    assert scores.reference_N is not None, "the reference was not asked for"
    apart = ((scores.logp_N - scores.reference_N).square() / 2 * scores.weight_N).sum() * held
    return Loss(loss.total + apart, {**loss.sums, "kl_penalty": apart.detach()})


def _facts(sequences: Sequence[Encoded], name: str, learned: Learned) -> Tensor:
    """A fact of each learned token: [N], or [N, K] where it is several numbers."""
    every = [value for s in sequences for value in s.facts[name]]
    places = cast("list[int]", learned.place_N.tolist())
    return torch.tensor([every[place] for place in places]).to(learned.weight_N.device)


def mean(parts: Sequence[Measured]) -> Measured:
    """The measurement of all rows together, each part weighing by its units."""
    units = sum(part.units for part in parts)
    names = parts[0].metrics
    return Measured(
        sum(part.loss * part.units for part in parts) / units,
        units,
        sum(part.tokens for part in parts),
        {name: sum(p.metrics[name] * p.units for p in parts) / units for name in names},
    )


def update(optimizer: Optimizer, learning_rate: float, loss: float, where: str) -> float:
    """Move the weights by the gradient at hand. Returns the gradient's norm.

    Raises:
        RunError: The loss or the gradient is not finite; no weight was moved.
    """
    norm = optimizer.step(learning_rate) if math.isfinite(loss) else math.nan
    if not math.isfinite(norm):
        raise RunError(
            f"Training diverged: loss {loss}, gradient norm {norm}, learning rate "
            f"{learning_rate:.2g}.",
            where=where,
            fix="Lower train.learning_rate (a third is a good next try) or train.max_grad_norm, or "
            "use --set train.precision=fp32. The last checkpoint is sound.",
        )
    return norm
