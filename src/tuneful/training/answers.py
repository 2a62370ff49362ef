"""From answers to what is learned: scored by the engine, weighed by the method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import torch

from tuneful.grading.rollouts import Sampled, Weighed
from tuneful.models.encoded import answered
from tuneful.models.packing import cut_into_passes
from tuneful.models.reference import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.methods.base import Encoded, Reinforced
    from tuneful.training.steps import Learner


@dataclass(frozen=True)
class Graded:
    """An answer's tokens and its reward; None where a grader gave no score."""

    tokens: Sequence[int]
    reward: float | None


def weigh(
    learner: Learner,
    prompts: Sequence[Encoded],
    groups: Sequence[Sequence[Graded]],
    kept: Mapping[str, float],
) -> Weighed:
    """The facts that the method's loss reads, for each token of each answer.

    Args:
        learner: Of the model that gave the answers, before it moves.
        prompts: What was asked.
        groups: The answers to each.
        kept: `Weighed.kept` of the round before.
    """
    rows = [
        [answered(prompt, one.tokens) for one in group]
        for prompt, group in zip(prompts, groups, strict=True)
    ]
    sampled = [
        [replace(s, reward=one.reward) for s, one in zip(row, group, strict=True)]
        for row, group in zip(_scored(learner, rows), groups, strict=True)
    ]
    weighed = cast("Reinforced", learner.method).weigh(sampled, kept)
    facts = [
        [_with_reference(own, s) for own, s in zip(row, group, strict=True)]
        for row, group in zip(weighed.facts, sampled, strict=True)
    ]
    return Weighed(facts, weighed.kept, weighed.metrics)


def learnable(
    prompt: Encoded, tokens: Sequence[int], facts: Mapping[str, Sequence[float]]
) -> Encoded:
    """An answered prompt with facts of the answer's tokens; the prompt's are 0."""
    nothing = [0.0] * len(prompt.tokens)
    return replace(
        answered(prompt, tokens), facts={name: [*nothing, *v] for name, v in facts.items()}
    )


def pretended(
    learner: Learner, prompts: Sequence[Encoded], said: Sequence[Sequence[Sequence[int]]]
) -> list[list[Encoded]]:
    """Answers as if every second one had been rewarded: to look at a run before it begins."""
    groups = [[Graded(ids, float(n % 2)) for n, ids in enumerate(group)] for group in said]
    facts = weigh(learner, prompts, groups, {}).facts
    return [
        [learnable(prompt, ids, own) for ids, own in zip(group, row, strict=True)]
        for prompt, group, row in zip(prompts, said, facts, strict=True)
    ]


def _with_reference(
    facts: Mapping[str, Sequence[float]], sample: Sampled
) -> Mapping[str, Sequence[float]]:
    return {**facts, REFERENCE: sample.reference} if sample.reference else facts


def _scored(learner: Learner, rows: Sequence[Sequence[Encoded]]) -> list[list[Sampled]]:
    """What the method needs to know of every answer's tokens, without gradient."""
    counts = [[sum(w > 0 for w in s.weights) for s in row] for row in rows]
    found = [[Sampled(count, None) for count in row] for row in counts]
    needs = learner.method.needs
    if not (needs.old_logp or needs.value or learner.reference):
        return found
    learner.scorer.model.eval()
    lengths = [sum(len(s.tokens) for s in row) for row in rows]
    for members in cut_into_passes(lengths, learner.tokens_per_pass):
        tokens = [s.tokens for number in members for s in rows[number]]
        weights = [s.weights for number in members for s in rows[number]]
        scores: dict[str, Tensor] = {}
        with torch.no_grad():
            learned = learner.scorer.learned(tokens, weights)
            if needs.old_logp:
                scores["logp"] = learner.scorer.logp(learned)
            if needs.value:
                scores["value"] = learner.scorer.values(learned)
            if learner.reference is not None:
                scores["reference"] = learner.reference.logp(tokens, weights)
        for name, value_N in scores.items():
            sizes = [n for number in members for n in counts[number]]
            parts = iter(cast("tuple[Tensor, ...]", value_N.split(sizes)))
            for number in members:
                found[number] = [replace(s, **{name: next(parts).tolist()}) for s in found[number]]
    return found
